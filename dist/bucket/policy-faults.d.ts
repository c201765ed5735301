/** What only a bucket knows to be wrong with a call: what its own policy forbids. */
import type { HoldCall } from "../core/holds/hold-call.ts";
import type { Policy } from "../core/policy.ts";
import type { FieldFault } from "../core/values.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
/**
 * What only the bucket's policy forbids; `undefined` if it forbids nothing. A caller that comes
 * back keeps the timeout that it waits by, whatever the policy has become. The limits that it names must be there, and a hold must be
 * allowed: it may have been lost on its way, before anybody has looked.
 */
export declare function policyFaults({ maxWaitMs, limits, hold }: Policy, call: AcquireCall, isReturn?: boolean): readonly FieldFault[] | undefined;
/**
 * What only the bucket's policy forbids in a call about a hold. If the policy has no holds any more, those that are
 * open may still be extended.
 */
export declare function holdCallFaults({ hold }: Policy, call: HoldCall): readonly FieldFault[];
