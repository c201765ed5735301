import { holdFaults, holdMsFaults } from "../core/ask.js";
import { askFaults } from "../core/limits/cost.js";
import { integerFault } from "../core/values.js";
/**
 * What only the bucket's policy forbids; `undefined` if it forbids nothing. A caller that comes
 * back keeps the timeout that it waits by, whatever the policy has become. The limits that it names must be there, and a hold must be
 * allowed: it may have been lost on its way, before anybody has looked.
 */
export function policyFaults({ maxWaitMs, limits, hold }, call, isReturn = call.requeued !== undefined) {
    const { timeoutMs = 0 } = call;
    const isTooLong = timeoutMs > maxWaitMs && !isReturn;
    // Nearly all acquires ask for tokens of every limit alike, and for no hold.
    const isPlain = call.limits === undefined && call.tokens > 0 && call.holdMs === undefined;
    if (!isTooLong && isPlain)
        return undefined;
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
export function holdCallFaults({ hold }, call) {
    return hold && "extendMs" in call ? holdMsFaults("extendMs", call.extendMs, hold) : [];
}
