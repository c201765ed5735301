import { expect, it } from "vitest";

import { summaryOf, type AskOutcome } from "../../src/dashboard/ask-summary.ts";

const granted = (waitedMs: number): AskOutcome => ({ kind: "granted", waitedMs });
const cancelled: AskOutcome = { kind: "cancelled" };
const failed: AskOutcome = { kind: "failed", message: "Sluice is unavailable" };
const late: AskOutcome = {
  kind: "refused",
  reason: "timeout",
  detail: "Cannot acquire 1 token within 60000 ms: the earliest is in 86399991 ms",
  retryAfterMs: 86_399_991,
};
const full: AskOutcome = { kind: "refused", reason: "queue-full", detail: "Full" };
const large: AskOutcome = {
  kind: "refused",
  reason: "exceeds-capacity",
  detail: "Cannot acquire 7",
};

it.each([
  [[granted(0)], "1 granted, at once"],
  [[granted(0), granted(2_001)], "2 granted, longest wait 2.001 s"],
  [[granted(0), cancelled, cancelled], "1 granted, at once; 2 cancelled"],
  [[late, late], "2 refused: the wait would be longer than allowed (retry in 1 day)"],
  [
    [full, late, full, large],
    "2 refused: the queue is full; 1 refused: the wait would be longer than allowed (retry in 1 day); 1 refused: Cannot acquire 7",
  ],
  [[failed, failed], "2 gave up: Sluice is unavailable"],
  [[], ""],
])("%j: %s", (outcomes, text) => {
  expect(summaryOf(outcomes)).toBe(text);
});
