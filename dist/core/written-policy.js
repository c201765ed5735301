import { compilePolicy, faultsAsWritten } from "./human-units.js";
import { fieldFaults, Policy } from "./policy.js";
/**
 * Checks a policy as it was written, which may be anything.
 *
 * @param zones Where time zones come from.
 * @param defaults Fields of a token bucket that may be left out.
 */
export function checkWrittenPolicy(written, zones, defaults = {}) {
    const compiled = compilePolicy(written);
    const { fields, shown } = compiled;
    const isCalendar = fields["every"] !== undefined;
    const check = Policy.check(isCalendar ? fields : { ...defaults, ...fields }, zones);
    const faults = faultsAsWritten(compiled, check.ok ? [] : check.faults);
    return check.ok && faults.length === 0
        ? { ok: true, policy: check.policy, shown }
        : { ok: false, faults };
}
/** A change in numbers, and what is wrong with it whatever policy it is for. */
export function compileChanges(written) {
    const compiled = compilePolicy(written);
    return { compiled, faults: faultsAsWritten(compiled, fieldFaults(compiled.fields)) };
}
