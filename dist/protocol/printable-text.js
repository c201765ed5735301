import { showValue } from "../core/values.js";
/**
 * Control characters, lone surrogates and line separators aren't printable. Nor are characters that are invisible or
 * change the direction of a text: an operator would read something else than what is there. The two joiners are taken,
 * because scripts and emoji need them.
 */
const PRINTABLE = "[^\\p{Cc}\\p{Cs}\\p{Cf}\\p{Zl}\\p{Zp}]|[\\u200C\\u200D]";
/** What a caller calls itself. */
export const label = { max: 64 };
/** Why an operator has overridden a policy. */
export const note = { max: 200 };
/** The pattern of such a text, as JSON Schema has it: with `u`. */
export function patternOf({ max }) {
    return `^(?:${PRINTABLE}){0,${max}}$`;
}
/** Whether `value` is such a text. An empty one is as good as none. */
export function isPrintable(value, text) {
    // Made here, and not once: a constant that has to be worked out stays in bundles that don't use it.
    return typeof value === "string" && new RegExp(patternOf(text), "u").test(value);
}
/** What is wrong with a value that is not such a text. */
export function printableFault(field, value, { max }) {
    const message = `${field} must be at most ${max} printable characters: got ${showValue(value)}`;
    return { field, message };
}
