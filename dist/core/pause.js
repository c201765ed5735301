import { integerFault, isIntegerWithin, showValue } from "./values.js";
/** Lowest and highest legal value of each field of a pause, both inclusive. */
export const pauseRanges = {
    /**
     * How far ahead its end may lie, in milliseconds: up to a day, the longest interval between two ticks. A
     * longer pause is made by pausing again.
     */
    aheadMs: { max: 86_400_000 },
    /** Tokens the bucket keeps: up to the largest capacity. A number above what it holds keeps all. */
    tokens: { min: 0, max: 1_000_000_000 },
};
/** Names of the fields. */
export const pauseFields = [
    "untilMs",
    "tokens",
    "limits",
];
/**
 * Reads `{ untilMs, tokens, limits }` of unknown origin: `untilMs` from 0 to a day after `nowMs`, `tokens`
 * from 0 to the largest legal capacity, by default 0, `limits` a list of names. An `untilMs` in the past is
 * legal. Whether there are such limits is up to the bucket.
 */
export function checkPause(fields, nowMs) {
    const { untilMs, tokens = 0 } = fields;
    const faults = [];
    const maxAtMs = nowMs + pauseRanges.aheadMs.max;
    const isTooFar = isIntegerWithin(untilMs, { min: maxAtMs + 1, max: Infinity });
    if (isTooFar) {
        const limit = `${pauseRanges.aheadMs.max} ms ahead, ${maxAtMs}`;
        const message = `untilMs must be at most ${limit}: got ${showValue(untilMs)}`;
        faults.push({ field: "untilMs", message });
    }
    faults.push(...pauseFaults(fields, isTooFar ? Infinity : maxAtMs));
    for (const field of Object.keys(fields)) {
        if (pauseFields.some((name) => name === field))
            continue;
        faults.push({ field, message: `${showValue(field)} is not one of ${pauseFields.join(", ")}` });
    }
    if (faults.length > 0)
        return { ok: false, faults };
    const limits = namesIn(fields["limits"]);
    const named = limits ? { limits: [...new Set(limits)] } : {};
    return { ok: true, pause: { untilMs: Number(untilMs), tokens: Number(tokens), ...named } };
}
/**
 * What is wrong with the fields of a pause.
 *
 * @param maxAtMs The latest legal `untilMs`. A client leaves it out: it doesn't know the bucket's time.
 */
export function pauseFaults({ untilMs, tokens = 0, limits }, maxAtMs = Number.MAX_SAFE_INTEGER) {
    const faults = [];
    const untilLimits = { min: 0, max: maxAtMs };
    if (untilMs === undefined)
        faults.push({ field: "untilMs", message: "untilMs is missing" });
    else if (!isIntegerWithin(untilMs, untilLimits)) {
        faults.push(integerFault("untilMs", untilMs, untilLimits));
    }
    if (!isIntegerWithin(tokens, pauseRanges.tokens)) {
        faults.push(integerFault("tokens", tokens, pauseRanges.tokens));
    }
    if (limits !== undefined && !namesIn(limits)) {
        const message = `limits must be a list of the names of limits: got ${showValue(limits)}`;
        faults.push({ field: "limits", message });
    }
    return faults;
}
/** `value` as a list of one name or more; `undefined` if it isn't one. */
function namesIn(value) {
    if (!Array.isArray(value) || value.length === 0)
        return undefined;
    const names = value;
    return names.every((name) => typeof name === "string") ? names : undefined;
}
