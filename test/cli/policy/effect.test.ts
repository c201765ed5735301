import { describe, expect, it } from "vitest";

import type { DryRun } from "../../../src/protocol/queued-waiter.ts";

import { raisedCalendars, refusedIn, refusedText } from "../../../src/cli/policy/effect.ts";
import { Policy, type PolicyFields } from "../../../src/core/policy.ts";

const refused = [
  { id: "1-1", reason: "timeout" },
  { id: "1-2", reason: "queue-full" },
  { id: "1-3", reason: "timeout" },
] as const;
const run = { refused, moved: 8 } as unknown as DryRun;

describe("refusedIn", () => {
  it("counts refused callers by reason, and those that aren't listed", () => {
    expect(refusedIn(run)).toEqual({ timeout: 2, "queue-full": 1 });
    expect(refusedIn({ ...run, omitted: 4 })).toEqual({ timeout: 2, "queue-full": 1, others: 4 });
  });
});

describe("refusedText", () => {
  it("has the sum, and its parts if there are any", () => {
    expect(refusedText(refusedIn(run), "refused")).toBe("3 refused (2 timeout, 1 queue-full)");
    expect(refusedText({}, "would be refused")).toBe("0 would be refused");
  });
});

describe("raisedCalendars", () => {
  const policy = (capacity: number, day: number, extra = {}): PolicyFields => ({
    capacity,
    every: "week",
    limits: {
      day: { capacity: day, every: "day" },
      rate2: { capacity, refillTokens: 1, refillIntervalMs: 1_000 },
      ...extra,
    },
  });
  const raised = (before: PolicyFields, after: PolicyFields): readonly unknown[] =>
    raisedCalendars(Policy.of(before).toJSON(), Policy.of(after).toJSON());

  it("has calendars of the same name that may hold more, the first limit too", () => {
    expect(raised(policy(5, 10), policy(6, 11))).toEqual([
      { limit: "rate", every: "week" },
      { limit: "day", every: "day" },
    ]);
  });

  it("has none that is lower, the same or new", () => {
    const extra = { hour: { capacity: 99, every: "hour" } };
    expect(raised(policy(5, 10), policy(5, 9, extra))).toEqual([]);
  });
});
