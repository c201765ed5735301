/** The scenarios of `npm run chaos`, small: what they count has to be right at any size. */
import { describe, expect, it } from "vitest";

import { crash, lostBeyondUnderWay } from "../../chaos/crashes.ts";
import { crashHolds, crashPermits } from "../../chaos/crashes-of-holders.ts";
import { crashSeveral, severalCases } from "../../chaos/crashes-of-several.ts";
import { serveAtEach, serveAtOne } from "../../chaos/crowd.ts";
import { floodOne } from "../../chaos/flood.ts";
import { addsUp, letDie, lostWithTheirCallers } from "../../chaos/gone.ts";
import { leaveBy } from "../../chaos/leaving.ts";
import { Policy } from "../../src/core/policy.ts";
import { tokenBucket } from "../../src/core/limits/token-bucket.ts";
import { floodQueue, floodWait } from "../../chaos/limits.ts";
import { reset } from "../../chaos/resets.ts";
import { cutSessions, killSessions } from "../../chaos/sessions.ts";
import { Served } from "../../kit/processes/served.ts";
import { startWorkerd } from "../../kit/processes/server.ts";
import { total } from "../../kit/statistics.ts";
import { plainWays } from "../../kit/http/ways-of-leaving.ts";
import { bucketFieldsOf } from "../../kit/model/bucket-policy.ts";

const options = { seed: 1, progress: () => undefined };

describe("workerd killed with SIGKILL under load", () => {
  it("grants no more than it may, loses no more than it may, and serves who comes next", async () => {
    const counts = await crash(2, options);
    expect(counts.grants).toBeGreaterThan(0);
    expect(counts.fullest).toHaveLength(6);
    for (const { tokens, most } of counts.fullest) expect(tokens).toBeLessThanOrEqual(most);
    for (const loss of counts.losses) {
      expect(loss.lostTokens).toBeGreaterThanOrEqual(0);
      expect(lostBeyondUnderWay(loss)).toBeLessThanOrEqual(
        tokenBucket.maxBatch(bucketFieldsOf(Policy.of(loss.policy))),
      );
    }
    for (const { asked, otherAnswers } of [counts.again.answered, counts.again.underWay]) {
      expect(asked).toBeGreaterThan(0);
      expect(otherAnswers).toBe(0);
    }
    expect(counts.again.takenTokens).toBe(0);
    expect(counts).toMatchObject({ faults: [], lostAfterQuiet: 0, misstated: 0, notResumed: 0 });
  });
});

describe("workerd killed with SIGKILL while callers take from several limits", () => {
  it.each(severalCases)(
    "forgets no grant, and loses at most each limit's batch: $name",
    async (one) => {
      const losses = await crashSeveral(one, 2, options);
      expect(losses).toHaveLength(2);
      for (const { lost, underWay } of losses) {
        for (const [index, batch] of one.batches.entries()) {
          expect(lost[index]).toBeGreaterThanOrEqual(0);
          expect(Number(lost[index]) - Number(underWay[index])).toBeLessThanOrEqual(batch);
        }
      }
    },
  );
});

describe("workerd killed with SIGKILL while holders work", () => {
  it("forgets no hold and nothing that was used, and answers a settle as before", async () => {
    const losses = await crashHolds(2, options);
    expect(total(losses.map(({ settled }) => settled))).toBeGreaterThan(0);
    for (const { settled, ...others } of losses) {
      expect(others).toEqual({ forgotten: 0, lost: 0, unknown: 0, contradicted: 0 });
    }
  });

  it("takes no permit away, has no more of them at once, and no fence twice", async () => {
    const losses = await crashPermits(2, options);
    expect(total(losses.map(({ granted }) => granted))).toBeGreaterThan(0);
    for (const { granted, ...others } of losses) {
      expect(others).toEqual({ lost: 0, tooMany: 0, reused: 0 });
    }
  });
});

describe("an object aborted while callers wait", () => {
  it("grants all of them, in order of their arrival, once and again and again", async () => {
    const counts = await reset(2, 20, options);
    // One in the first round, at least three in the second.
    expect(counts.aborts).toBeGreaterThanOrEqual(4);
    expect(counts).toMatchObject({
      roundsWithWaiting: 2,
      notGranted: 0,
      outOfOrder: 0,
      over: 0,
    });
  });
});

describe("sessions", () => {
  it("whose server is killed get all callers back to their places", async () => {
    const counts = await killSessions({ sessions: 5, callers: 100, kills: 2 }, options);
    expect(counts).toMatchObject({ back: [100, 100], granted: 100, outOfOrder: 0 });
  });

  it("whose connections are cut pay each grant once", async () => {
    const counts = await cutSessions({ sessions: 5, durationMs: 3_000 }, options);
    expect(counts.cuts).toBeGreaterThan(5);
    expect(counts.grants).toBeGreaterThan(100);
    expect(counts).toMatchObject({ refused: 0, lostTokens: 0 });
  });
});

describe("a flood", () => {
  it("is answered as it should be, and refuses nobody elsewhere", async () => {
    const size = { durationMs: 1_000, connections: 8 };
    const { report, early, notGranted, behindMs, grantedSays } = await floodOne(size, options);
    expect(report).toMatchObject({ broken: 0, wrong: 0 });
    expect(report.answered[400]).toBeGreaterThan(0);
    expect(report.answered[413]).toBeGreaterThan(0);
    expect(report.answered[200]).toBe(grantedSays);
    expect(behindMs.length).toBeGreaterThan(0);
    expect({ early, notGranted }).toEqual({ early: 0, notGranted: 0 });
  });

  it("is refused with queue-full just beyond queueLimit", async () => {
    expect(await floodQueue(50, 150)).toEqual({ granted: 50, refused: { "queue-full": 100 } });
  });

  it("is refused with timeout just beyond maxWaitMs", async () => {
    expect(await floodWait(30, 100)).toEqual({ granted: 30, refused: { timeout: 70 } });
  });
});

describe("a caller that dies at the instant of its grant", () => {
  it("loses its own token or none, and those behind it are served", async () => {
    // Some of them well before: these have to be out of the queue when their tick comes.
    const counts = await letDie({ buckets: 2, rounds: 8, earliestDeathMs: -40 }, options);
    expect(total(counts.map(({ cancelled }) => cancelled))).toBeGreaterThan(0);
    for (const bucket of counts) {
      expect(addsUp(bucket), JSON.stringify(bucket)).toBe(true);
      expect(lostWithTheirCallers(bucket)).toBeLessThanOrEqual(bucket.died);
      expect(Math.min(0, ...bucket.behindMs)).toBe(0);
    }
  });
});

describe("a caller that hangs up while it waits", () => {
  const ways = plainWays.slice(0, 2);

  it("is noticed by npm run serve, and by workerd alone not", async () => {
    const policies = { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000 } };
    await using served = await Served.start({ policies });
    await using bare = await startWorkerd({ policies });
    const places = [served, bare].map((server, i) => ({ name: `${i}`, url: server.url, server }));
    const [noticed, unnoticed] = await Promise.all(
      places.map((place) => leaveBy(place, ways, 2, options.progress)),
    );
    for (const { keptMs } of noticed ?? []) expect(Math.max(...keptMs)).toBeLessThan(250);
    expect(unnoticed?.map(({ keptMs }) => keptMs)).toEqual(ways.map(() => [Infinity, Infinity]));
  });
});

describe("many callers held at once", () => {
  const size = { callers: 300, buckets: 60, refillIntervalMs: 1_500, settleMs: 50 };

  it("at one bucket are granted in order of arrival", async () => {
    expect(await serveAtOne(size)).toMatchObject({ notGranted: 0, faults: 0 });
  });

  it("at a bucket each are granted by their ticks", async () => {
    expect(await serveAtEach(size)).toMatchObject({ notGranted: 0, faults: 0 });
  });
});
