/** What only a bucket knows to be wrong with a call: what its own policy forbids. */
import type { HoldCall } from "../core/holds/hold-call.ts";
import type { Policy } from "../core/policy.ts";
import type { FieldFault } from "../core/values.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";

import { holdFaults, holdMsFaults } from "../core/ask.ts";
import { askFaults } from "../core/limits/cost.ts";
import { integerFault } from "../core/values.ts";

/**
 * What only the bucket's policy forbids; `undefined` if it forbids nothing. A caller that comes
 * back keeps the timeout that it waits by, whatever the policy has become. The limits that it names must be there, and a hold must be
 * allowed: it may have been lost on its way, before anybody has looked.
 */
export function policyFaults(
  { maxWaitMs, limits, hold }: Policy,
  call: AcquireCall,
  isReturn = call.requeued !== undefined,
): readonly FieldFault[] | undefined {
  const { timeoutMs = 0 } = call;
  const isTooLong = timeoutMs > maxWaitMs && !isReturn;
  // Nearly all acquires ask for tokens of every limit alike, and for no hold.
  const isPlain = call.limits === undefined && call.tokens > 0 && call.holdMs === undefined;
  if (!isTooLong && isPlain) return undefined;
  const tooLong = integerFault("timeoutMs", timeoutMs, { min: 0, max: maxWaitMs });
  const faults = [
    ...(isTooLong ? [tooLong] : []),
    ...askFaults(limits, call),
    ...holdFaults(hold, call),
  ];
  return faults.length > 0 ? faults : undefined;
}

/**
 * What only the bucket's policy forbids in a call about a hold. If the policy has no holds any more, those that are
 * open may still be extended.
 */
export function holdCallFaults({ hold }: Policy, call: HoldCall): readonly FieldFault[] {
  return hold && "extendMs" in call ? holdMsFaults("extendMs", call.extendMs, hold) : [];
}
