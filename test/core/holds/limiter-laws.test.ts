/**
 * Laws of a limiter with holds and permits, with everything that can go wrong: late daemons, clocks that jump,
 * crashes at any point, other policies, pauses, leases (kit/model/holding-owner.ts).
 */
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";

import { HoldingOwner } from "../../../kit/model/holding-owner.ts";
import { anyPolicyOf, anyStepOf, large, play, small } from "../../../kit/model/holding-steps.ts";
import { epochMs } from "../../../kit/model/limiters.ts";
import { runs, timesSeen } from "../../../kit/runs.ts";

/** On a busy machine, and for the shrinking of a failure: vitest's 5 s are for a single example. */
vi.setConfig({ testTimeout: 300_000 });

test.each([
  ["small numbers, and debts", small, ["returned", "owed", "extended", "permit-lost", "lease"]],
  ["large numbers, and batches", large, ["returned", "extended", "lease"]],
])("Holds and permits keep their promises through all faults: %s", (_, scale, wanted) => {
  const seen = new Map<string, number>();
  const anyHistory = fc.array(anyStepOf(scale), { minLength: 40, maxLength: 70, size: "max" });
  fc.assert(
    fc.property(anyPolicyOf(scale), anyHistory, (policy, history) => {
      const owner = new HoldingOwner(policy, epochMs);
      for (const { death, ...operation } of history) {
        if (death) owner.dieIn(death, () => play(owner, operation));
        else play(owner, operation);
        expect(owner.book.faults).toEqual([]);
      }
      owner.finish();
      expect(owner.book.faults).toEqual([]);
      for (const [what, times] of owner.book.seen) seen.set(what, (seen.get(what) ?? 0) + times);
    }),
    { numRuns: runs(1_000) },
  );
  const always = ["granted", "timeout", "crash", "settled", "released", "session ended"];
  const forgotten = ["forgotten by memory", "forgotten by disk"];
  for (const what of [...always, ...forgotten, ...wanted]) {
    expect(seen.get(what), what).toBeGreaterThanOrEqual(timesSeen(30));
  }
});
