import { describe, expect, it } from "vitest";

import { Policy } from "../../src/core/policy.ts";
import { Caller } from "../../src/bucket/caller.ts";

const policy = Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 });

describe("Caller", () => {
  it("starts with one request, and neither waits nor is known to watchers", () => {
    const call = { bucket: "x", policy: { name: "*", ...policy.toJSON() }, tokens: 1 };
    const first = { answered: () => undefined };
    const caller = new Caller(call, 500, first);
    expect(caller.requests).toEqual([first]);
    expect(caller).toMatchObject({ call, timeoutMs: 500 });
    expect([caller.waiter, caller.watchId]).toEqual([undefined, undefined]);
  });

  it("is shared by requests until they leave, each of them once", () => {
    const call = { bucket: "x", policy: { name: "*", ...policy.toJSON() }, tokens: 1 };
    const [first, second] = [{ answered: () => undefined }, { answered: () => undefined }];
    const caller = new Caller(call, 500, first);
    caller.join(second);
    expect(caller.requests).toEqual([first, second]);
    caller.leave(first);
    caller.leave(first);
    expect(caller.requests).toEqual([second]);
  });
});
