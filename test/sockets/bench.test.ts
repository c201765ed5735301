/** That `npm run bench` compares like with like; what it measures depends on the machine. */
import { describe, expect, it } from "vitest";

import type { LoadGenerator } from "../../bench/service/load.ts";

import { ask, bytesOf } from "../../bench/service/answer.ts";
import { cases, REDIS } from "../../bench/service/cases.ts";
import { measureUnderLoad } from "../../bench/service/under-load.ts";

describe("the cases under load", () => {
  it("all give the answer that Sluice gives, and are measured in turn", async () => {
    const turns: string[] = [];
    const once: LoadGenerator = {
      name: "one request",
      version: "1",
      async load(url, _seconds, answerBytes) {
        const { origin, pathname, search } = new URL(url);
        const answer = await ask(origin, pathname + search);
        expect(answer.status).toBe(200);
        expect(bytesOf(answer)).toBe(answerBytes);
        turns.push(origin);
        return { requests: 1, requestsPerSecond: 1, p50Ms: 1, p99Ms: 1 };
      },
    };
    const measured = await measureUnderLoad(
      once,
      { rounds: 2, seconds: 1 },
      [REDIS],
      () => undefined,
    );
    const expected = cases.map(({ name }) => name).filter((name) => name !== REDIS);
    expect(measured.map(({ name }) => name)).toEqual(expected);
    for (const { rounds } of measured) expect(rounds).toHaveLength(2);
    const warmUp = turns.slice(0, expected.length);
    expect(new Set(warmUp).size).toBe(expected.length);
    expect(turns).toEqual([...warmUp, ...warmUp, ...warmUp.toReversed()]);
  });
});
