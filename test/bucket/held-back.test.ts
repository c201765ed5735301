import { describe, expect, it } from "vitest";

import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Arrival } from "../../src/bucket/absent-callers.ts";
import type { RecoveringRequest } from "../../src/bucket/recovery-window.ts";

import { holdBack } from "../../src/bucket/held-back.ts";
import { RecoveryWindow } from "../../src/bucket/recovery-window.ts";
import { Policy } from "../../src/core/policy.ts";

const policy = {
  name: "*",
  ...Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 }).toJSON(),
};

/** A request that is held back at 100, and everything that becomes of it. */
function heldBack(arrival?: Arrival) {
  const lines: string[] = [];
  const held: RecoveringRequest[] = [];
  const recoveryWindow = new RecoveryWindow({ now: () => 0, setTimer: () => () => undefined });
  recoveryWindow.hold = (request) => void held.push(request);
  const leave = holdBack(
    recoveryWindow,
    { bucket: "x", policy, tokens: 1, idempotencyKey: "k" },
    { answered: ({ kind }: AcquireAnswer) => lines.push(`answered ${kind}`) },
    100,
    {
      arrival,
      admit: (heldMs, nowMs) => {
        lines.push(`admitted at ${nowMs} after ${heldMs}`);
        return () => lines.push("left its place") > 0;
      },
      disconnected: () => lines.push("left the window"),
      cancelled: () => lines.push("can't come back"),
    },
  );
  const [request] = held;
  if (!request) throw new Error("The window holds nothing");
  return { lines, leave, request };
}

describe("holdBack", () => {
  it("admits a request once, and then takes it out of its place", () => {
    const { lines, leave, request } = heldBack();
    expect(request.key).toBe("k");
    request.admit(350);
    request.admit(400);
    expect(request.reject("reset")).toBe(false);
    leave();
    expect(lines).toEqual(["admitted at 350 after 250", "left its place"]);
  });

  it("answers one that is rejected", () => {
    const { lines, request } = heldBack();
    expect(request.reject("cancelled")).toBe(true);
    request.admit(350);
    expect(lines).toEqual(["can't come back", "answered cancelled"]);
  });

  it("lets one come back that is rejected otherwise", () => {
    const { lines, request } = heldBack();
    request.reject("unavailable");
    expect(lines).toEqual(["answered unavailable"]);
  });

  it("takes the arrival from a ticket", () => {
    const { request } = heldBack({ queuedAtMs: 7, arrivalNumber: 3, deadlineAtMs: 9 });
    expect(request).toMatchObject({ firstArrivalMs: 7, arrivalNumber: 3 });
  });

  it("lets one leave that is still held", () => {
    const { lines, leave, request } = heldBack();
    leave();
    request.admit(350);
    expect(request.reject("reset")).toBe(false);
    expect(lines).toEqual(["left the window"]);
  });
});
