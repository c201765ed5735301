/** That `npm run bench` compares like with like; what it measures depends on the machine. */
import { describe, expect, it } from "vitest";

import type { LoadGenerator } from "../../bench/service/load.ts";

import { ask, bytesOf } from "../../bench/service/answer.ts";
import { cases, REDIS } from "../../bench/service/cases.ts";
import { shapes } from "../../bench/service/pipelined/cases.ts";
import { PipelinedLoad } from "../../bench/service/pipelined/load.ts";
import { redisBucket } from "../../bench/service/pipelined/redis-connection.ts";
import { sessionsOf } from "../../bench/service/pipelined/session-connection.ts";
import { measureWaiting } from "../../bench/service/pipelined/waiting.ts";
import { startWorker, subjectsOf } from "../../bench/service/subjects.ts";
import { measureUnderLoad } from "../../bench/service/under-load.ts";
import { busyPolicy } from "../../bench/workers/bucket.ts";
import { snapshotOf } from "../../kit/http/callers.ts";
import { hasRedis, Redis } from "../../kit/processes/redis.ts";

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
    const subjects = (await subjectsOf(once, chosen)).map(({ name, start, open }) => ({
      name,
      start() {
        started.push(name);
        return start();
      },
      open,
    }));
    const size = { rounds: 2, seconds: 1 };
    const measured = await measureUnderLoad(size, subjects, () => undefined);
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

describe("the cases of sessions", () => {
  it("grant all that is asked, in order, until nothing is under way", async () => {
    for (const isKeyed of [false, true]) {
      await using server = await startWorker({ policies: { "*": busyPolicy } });
      const sessions = sessionsOf("bench", isKeyed);
      using load = await PipelinedLoad.open(server.url, shapes["8 × 16"], sessions);
      const { requests: before } = await load.run(0.05);
      const { requests } = await load.run(0.05);
      expect(requests).toBeGreaterThanOrEqual(128);
      const bucket = await snapshotOf(server, "bench");
      expect(bucket.granted).toBe(before + requests);
    }
  });

  it("do the same with Redis, where it is installed", async ({ skip }) => {
    if (!(await hasRedis())) skip();
    for (const isKeyed of [false, true]) {
      await using redis = await Redis.start("always");
      const address = `redis://127.0.0.1:${redis.port}`;
      const script = redisBucket("bench", isKeyed);
      using load = await PipelinedLoad.open(address, shapes["8 × 16"], script);
      const { requests } = await load.run(0.05);
      expect(requests).toBeGreaterThanOrEqual(128);
    }
  });

  it("serve a crowd of waiters with one tick", async () => {
    const size = { rounds: 1, waiters: 500, sessions: 5 };
    const [round] = await measureWaiting(size, () => undefined);
    expect(round?.releaseMs).toBeGreaterThan(0);
  });
});
