import { describe, expect, it } from "vitest";

import { callAnswerIn, endingIn, PendingAcquire } from "../../../src/client/session/pending.ts";
import { AcquireRequest } from "../../../src/client/transport/acquire-request.ts";

describe("endingIn", () => {
  it.each<readonly [object, object | undefined]>([
    [{ granted: { tokens: 2 } }, { status: 200, body: { bucket: "x", tokens: 2 } }],
    [
      { refused: { status: 429, reason: "timeout" } },
      { status: 429, body: { status: 429, reason: "timeout" } },
    ],
    [{ cancelled: {} }, { status: 499, body: { reason: "cancelled", status: 499 } }],
    [{ queued: {} }, undefined],
    [{ granted: 7 }, undefined],
    [{}, undefined],
  ])("of %o", (message, answer) => {
    const ending = endingIn({ ...message }, "x");
    if (answer) expect(ending).toMatchObject(answer);
    else expect(ending).toBeUndefined();
  });

  it("takes no refusal without a status", () => {
    expect(() => endingIn({ refused: { reason: "timeout" } }, "x")).toThrow(
      "Not an answer from Sluice",
    );
  });
});

describe("callAnswerIn", () => {
  it("is the body that HTTP has", () => {
    expect(callAnswerIn({ settled: { id: "h" } })).toEqual({ status: 200, body: { id: "h" } });
    expect(callAnswerIn({ extended: { id: "p" } })).toEqual({ status: 200, body: { id: "p" } });
    expect(callAnswerIn({ released: {} })).toEqual({ status: 204, body: "" });
    expect(callAnswerIn({ refused: { status: 410 } })).toMatchObject({ status: 410 });
    expect(callAnswerIn({ granted: {} })).toBeUndefined();
  });
});

describe("PendingAcquire", () => {
  it("reports a place that can't be read to its caller's attempt", () => {
    const pending = new PendingAcquire(new AcquireRequest("x", {}, false), () => undefined);
    const failures: unknown[] = [];
    pending.placed({ position: "first" }, (error) => failures.push(error));
    pending.placed({ position: 1, etaMs: 5 }, (error) => failures.push(error));
    expect(failures).toMatchObject([{ reason: "unexpected-answer" }]);
  });
});
