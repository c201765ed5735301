import { describe, expect, it } from "vitest";

import { Policy } from "../../src/core/policy.ts";
import { FakeObject } from "../../src/testing/fake-object.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { encodeAsk } from "../../src/wire/acquire-call.ts";

const policy = {
  ...Policy.of({
    capacity: 1,
    refillTokens: 1,
    refillIntervalMs: 1_000,
    initialTokens: 1,
  }).toJSON(),
  name: "*",
};

function openObject(): { object: FakeObject; clock: ManualClock; answers: number[] } {
  const clock = new ManualClock(5_000);
  const answers: number[] = [];
  const objects = { getByName: (): never => expect.unreachable() };
  const object = new FakeObject("x", clock, objects, () => answers.push(clock.now()));
  return { object, clock, answers };
}

describe("FakeObject", () => {
  it("holds an acquire until the clock reaches its tick, and says so", async () => {
    const { object, clock, answers } = openObject();
    const acquire = encodeAsk(policy, "x", { tokens: 1 });
    expect((await object.fetch(acquire)).status).toBe(200);
    const waiting = object.fetch(acquire);
    expect([object.held, answers]).toEqual([1, []]);
    while (clock.step(6_000)) continue;
    expect((await waiting).status).toBe(200);
    expect([object.held, answers]).toEqual([0, [6_000]]);
  });

  it("calls methods of the host and of its operators, with copies", async () => {
    const { object } = openObject();
    expect(await object.call("inspect", ["x", policy])).toMatchObject({ bucket: "x", tokens: 1 });
    const waiters = await object.call("waiters", ["x", policy, 10]);
    expect(waiters).toMatchObject({ waiters: [] });
    await expect(object.call("format", [])).rejects.toThrow("has no method format");
  });

  it("a request that loses its connection leaves the queue", async () => {
    const { object } = openObject();
    const acquire = encodeAsk(policy, "x", { tokens: 1 });
    await object.fetch(acquire);
    const controller = new AbortController();
    const left = object.fetch(acquire, { signal: controller.signal });
    const lost = object.fetch(acquire);
    controller.abort();
    expect([(await left).status, object.held]).toEqual([499, 1]);
    object.disconnectAll(new Error("gone"));
    expect([(await lost).status, object.held]).toEqual([499, 0]);
  });
});
