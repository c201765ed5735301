import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";

import type { QueuedWaiters } from "../../../src/protocol/queued-waiter.ts";

import { operatorBodies } from "../../../src/worker/pages/operator-schemas.ts";

const waiter = {
  id: "1-1",
  position: 1,
  etaMs: 0,
  tokens: 0,
  queuedAtMs: 1,
  deadlineAtMs: 2,
} as const;
const whole: QueuedWaiters = {
  waiters: [waiter, { ...waiter, estimate: true, limits: { tpm: 1 }, label: "job 7" }],
  omitted: 3,
};

describe("Waiters", () => {
  const isDescribed = new Ajv2020({ strict: false }).compile(operatorBodies.Waiters);

  it("describes all that a list may have", () => {
    expect(isDescribed(whole)).toBe(true);
    expect(isDescribed({ waiters: [], omitted: 0 })).toBe(true);
  });

  it.each(["id", "position", "etaMs", "tokens", "queuedAtMs", "deadlineAtMs"])(
    "says that %s is always there",
    (name) => {
      const { [name]: _, ...others }: Record<string, unknown> = waiter;
      expect(isDescribed({ ...whole, waiters: [others] })).toBe(false);
    },
  );
});
