/** The state of one bucket's pause, in virtual time. How processes share it is in the system lane. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Client } from "../../../src/client/client.ts";
import type { PauseFields } from "../../../src/core/pause.ts";
import type { BucketSnapshot } from "../../../src/protocol/bucket-snapshot.ts";

import { SharedPause, type PauseRequest } from "../../../src/client/paced-fetch/shared-pause.ts";
import { Deferred } from "../../../src/client/transport/deferred.ts";

const SNAPSHOT = { policy: { maxWaitMs: 5_000 } } as BucketSnapshot;

function pauseOver(answer: () => Promise<BucketSnapshot>): {
  pause: SharedPause;
  sent: PauseFields[];
} {
  const sent: PauseFields[] = [];
  const client: Pick<Client, "pause"> = {
    pause: (_, fields) => {
      sent.push(fields);
      return answer();
    },
  };
  return { pause: new SharedPause(client as Client, "b"), sent };
}

function request(durationMs: number, tokens = 0): PauseRequest {
  return { durationMs, tokens, aheadMs: 1_000_000, onFailed: () => undefined };
}

const accepted = (): Promise<BucketSnapshot> => Promise.resolve(SNAPSHOT);
const failed = (): Promise<BucketSnapshot> => Promise.reject(new Error("away"));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("refuse", () => {
  it("sends the pause on Sluice's clock, and holds callers only until Sluice has it", async () => {
    const { pause, sent } = pauseOver(accepted);
    const untilMs = Math.round(performance.now() + 1_000_000 + 3_000);
    const refused = pause.refuse(request(3_000));
    expect(pause.heldMs()).toBe(3_000);
    await refused;
    expect(pause.heldMs()).toBe(0);
    expect(sent).toEqual([{ untilMs, tokens: 0 }]);
    expect(pause.maxWaitMs).toBe(5_000);
  });

  it("holds callers for the whole pause if Sluice does not take it", async () => {
    const { pause } = pauseOver(failed);
    await pause.refuse(request(3_000));
    vi.advanceTimersByTime(2_000);
    expect(pause.heldMs()).toBe(1_000);
    vi.advanceTimersByTime(1_000);
    expect(pause.heldMs()).toBe(0);
  });

  it("of a crowd is one call, and one more for all that came meanwhile", async () => {
    const first = new Deferred<BucketSnapshot>();
    const answers = [first.promise, Promise.resolve(SNAPSHOT)];
    const { pause, sent } = pauseOver(() => answers.shift() ?? failed());
    const refusals = [3_000, 2_000, 5_000, 4_000].map((ms) => pause.refuse(request(ms)));
    expect(sent).toHaveLength(1);
    first.resolve(SNAPSHOT);
    await Promise.all(refusals);
    const [one, two] = sent.map(({ untilMs }) => untilMs);
    expect([sent.length, (two ?? 0) - (one ?? 0)]).toEqual([2, 2_000]);
  });

  it("that Sluice knows is sent again only after a second", async () => {
    const { pause, sent } = pauseOver(accepted);
    await pause.refuse(request(30_000));
    vi.advanceTimersByTime(999);
    await pause.refuse(request(29_001));
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await pause.refuse(request(29_000));
    expect(sent).toHaveLength(2);
  });
});

describe("lower", () => {
  it("holds callers here only if no tokens are left", async () => {
    const { pause, sent } = pauseOver(failed);
    await pause.lower(request(3_000, 2));
    expect([pause.heldMs(), sent[0]?.tokens]).toEqual([0, 2]);
    await pause.lower(request(3_000, 0));
    expect([pause.heldMs(), sent[1]?.tokens]).toEqual([3_000, 0]);
  });

  it("is not sent again for the same reset, rounded up to a second", async () => {
    const { pause, sent } = pauseOver(accepted);
    await pause.lower(request(10_000, 2));
    vi.advanceTimersByTime(500);
    await pause.lower(request(10_000, 2));
    expect(sent).toHaveLength(1);
    await pause.lower(request(10_000, 1));
    expect(sent).toHaveLength(2);
  });
});

describe("lengthOf", () => {
  it.each([
    ["during the pause", 1_999, 1_000],
    ["within a second of its end, by another clock", 2_000, 6_000],
    ["within a minute of its end", 62_999, 6_000],
    ["a minute after it", 63_000, 1_000],
  ])("of a refusal sent %s", async (_, sentAfterMs, lengthMs) => {
    const { pause } = pauseOver(accepted);
    await pause.refuse(request(3_000));
    vi.advanceTimersByTime(sentAfterMs);
    expect(pause.lengthOf(1_000, performance.now())).toBe(lengthMs);
  });

  it("starts afresh once a request has got through", async () => {
    const { pause } = pauseOver(accepted);
    await pause.refuse(request(3_000));
    vi.advanceTimersByTime(3_000);
    pause.gotThrough(performance.now());
    expect(pause.lengthOf(1_000, performance.now())).toBe(1_000);
  });
});

describe("released", () => {
  it("resolves when the pause is over", async () => {
    const { pause } = pauseOver(failed);
    await pause.refuse(request(3_000));
    let isReleased = false;
    const released = pause.released(undefined).then(() => (isReleased = true));
    await vi.advanceTimersByTimeAsync(2_999);
    expect(isReleased).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await released;
    expect(isReleased).toBe(true);
  });

  it("rejects with the signal's reason", async () => {
    const { pause } = pauseOver(failed);
    await pause.refuse(request(3_000));
    const controller = new AbortController();
    const released = pause.released(controller.signal);
    controller.abort(new Error("enough"));
    await expect(released).rejects.toThrow("enough");
  });
});

describe("a failure", () => {
  it("goes to each callback once, and a token without the right is a warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const forbidden = Object.assign(new Error("no"), { status: 403 });
    const { pause } = pauseOver(() => Promise.reject(forbidden));
    const reports: unknown[] = [];
    const onFailed = (error: unknown, fields: object): void => void reports.push([error, fields]);
    await pause.refuse({ ...request(3_000), onFailed });
    await vi.advanceTimersByTimeAsync(5_000);
    await pause.refuse({ ...request(3_000), onFailed });
    await vi.advanceTimersByTimeAsync(0);
    expect(reports).toEqual([
      [forbidden, { untilMs: expect.any(Number), tokens: 0, bucket: "b" }],
      [forbidden, { untilMs: expect.any(Number), tokens: 0, bucket: "b" }],
    ]);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  it("is written once a minute and in one line, however often it fails", async () => {
    const write = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { pause } = pauseOver(failed);
    for (let second = 0; second < 59; second += 2) {
      await pause.refuse({ ...request(1_000), onFailed: undefined });
      await vi.advanceTimersByTimeAsync(2_000);
      pause.gotThrough(performance.now());
      expect(pause.isOver()).toBe(second === 58);
    }
    const line = 'Cannot pause bucket "b"; callers in this process wait: Error: away';
    expect(write.mock.calls).toEqual([[line]]);
    await pause.refuse({ ...request(1_000), onFailed: undefined });
    expect(write).toHaveBeenCalledTimes(2);
    write.mockRestore();
  });
});
