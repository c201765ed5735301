import { describe, expect, it } from "vitest";

import type { DryRun } from "../../../src/protocol/queued-waiter.ts";

import { refusedIn, refusedText } from "../../../src/cli/policy/effect.ts";

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
