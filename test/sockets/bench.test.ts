/** That `npm run bench` compares like with like; what it measures depends on the machine. */
import { describe, expect, it } from "vitest";

import type { LoadGenerator } from "../../bench/service/load.ts";

import { ask, bytesOf } from "../../bench/service/answer.ts";
import { cases, REDIS } from "../../bench/service/cases.ts";
import { subjectsOf } from "../../bench/service/subjects.ts";
import { measureUnderLoad } from "../../bench/service/under-load.ts";

describe("the cases under load", () => {
  it("all give the answer that Sluice gives, and are measured in turn, each in a process of its own", async () => {
    const loaded: string[] = [];
    const once: LoadGenerator = {
      name: "one request",
      version: "1",
      async load(url, _seconds, answerBytes) {
        const { origin, pathname, search } = new URL(url);
        const answer = await ask(origin, pathname + search);
        expect(answer.status).toBe(200);
        expect(bytesOf(answer)).toBe(answerBytes);
        loaded.push(origin);
        return { requests: 1, requestsPerSecond: 1, p50Ms: 1, p99Ms: 1 };
      },
    };
    const chosen = cases.filter(({ name }) => name !== REDIS);
    const started: string[] = [];
    const subjects = (await subjectsOf(chosen)).map(({ name, start, check }) => ({
      name,
      start() {
        started.push(name);
        return start();
      },
      check,
    }));
    const size = { rounds: 2, seconds: 1 };
    const measured = await measureUnderLoad(once, size, subjects, () => undefined);
    const expected = chosen.map(({ name }) => name);
    expect(measured.map(({ name }) => name)).toEqual(expected);
    for (const { rounds } of measured) expect(rounds).toHaveLength(2);
    expect(started).toEqual([...expected, ...expected.toReversed()]);
    // Each turn has a server of its own: one run to warm up, one that counts.
    expect(loaded).toHaveLength(2 * started.length);
    for (let run = 0; run < loaded.length; run += 2) expect(loaded[run]).toBe(loaded[run + 1]);
    // Each Worker is bundled before its first turn.
  }, 180_000);
});
