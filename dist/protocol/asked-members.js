import { tokensFault } from "../core/ask.js";
import { MAX_FURTHER_LIMITS, queueFields } from "../core/policy.js";
import { holdFields } from "../core/policy-tables.js";
import { isPrintable, label as labelText, printableFault } from "./printable-text.js";
import { integerFault, isIntegerWithin, showValue } from "../core/values.js";
/** Minimum and maximum of each number, both inclusive, for any bucket. */
export const acquireRanges = {
    tokens: { min: 0, max: Number.MAX_SAFE_INTEGER },
    timeoutMs: queueFields.maxWaitMs,
    holdMs: holdFields.maxMs,
};
/** What the names of fields begin with that are of one limit each. */
const NAMED_TOKENS = "tokens.";
/** How many of them there may be: no bucket has more limits. */
const MAX_NAMED_TOKENS = MAX_FURTHER_LIMITS + 1;
/** Reads fields one by one and collects what is wrong with them. */
export class FieldReader {
    faults = [];
    #valuesOf;
    /** @param valuesOf All values that are given for a field. More than one are a fault. */
    constructor(valuesOf) {
        this.#valuesOf = valuesOf;
    }
    /** `undefined` if the field is missing, which is allowed. */
    integer(field, range, faultIn = integerFault) {
        return this.one(field, (value) => isIntegerWithin(value, range), (value) => faultIn(field, value, range));
    }
    /** `undefined` if the field is missing or empty, which is allowed. */
    label(field) {
        const text = this.one(field, (value) => isPrintable(value, labelText), (value) => printableFault(field, value, labelText));
        return text === "" ? undefined : text;
    }
    /** The one value of a field, which must be legal. `undefined` if the field is missing, which is allowed. */
    one(field, isLegal, faultOf) {
        const values = this.#valuesOf(field);
        const [value] = values;
        if (values.length === 0)
            return undefined;
        if (values.length === 1 && isLegal(value))
            return value;
        this.addFault(values, faultOf(value));
        return undefined;
    }
    /** Notes `fault` of a field with these `values`, or that there are too many of them. */
    addFault(values, fault) {
        const { field } = fault;
        const isRepeated = values.length > 1;
        const repeated = { field, message: `${field} is given ${values.length} times` };
        this.faults.push(isRepeated ? repeated : fault);
    }
}
/** The members of an ask. `reader` notes what is wrong with them. `names` are those of all fields that are given. */
export function readAskedMembers(reader, names) {
    const named = new Set([...names].filter(isNamedTokens));
    // Without tokens of a single limit, 0 would be nothing.
    const min = named.size > 0 ? 0 : 1;
    const tokens = reader.integer("tokens", { ...acquireRanges.tokens, min }, allTokensFault) ?? 1;
    const limits = readNamedTokens(reader, named);
    const timeoutMs = reader.integer("timeoutMs", acquireRanges.timeoutMs);
    const holdMs = reader.integer("holdMs", acquireRanges.holdMs);
    const label = reader.label("label");
    return {
        tokens,
        ...(limits && { limits }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(holdMs !== undefined && { holdMs }),
        ...(label !== undefined && { label }),
    };
}
/**
 * A fault for each of `names` that isn't in `known`.
 *
 * @param takesNamed Whether there may be `tokens.NAME`.
 */
export function unknownMembers(names, known, takesNamed) {
    const unknown = names.filter((field) => {
        return !known.includes(field) && !(takesNamed && isNamedTokens(field));
    });
    const listed = [...known, ...(takesNamed ? [`${NAMED_TOKENS}NAME`] : [])].join(", ");
    return unknown.map((field) => {
        return { field, message: `${showValue(field)} is not one of ${listed}` };
    });
}
/** `tokensFault` in the words of a query. */
function allTokensFault(field, tokens, range) {
    return tokensFault(field, tokens, range, `${NAMED_TOKENS}NAME`);
}
/** The tokens of single limits, `tokens.NAME`; `undefined` if there are none. */
function readNamedTokens(reader, fields) {
    if (fields.size === 0)
        return undefined;
    if (fields.size > MAX_NAMED_TOKENS) {
        const message = `tokens.NAME may be given for at most ${MAX_NAMED_TOKENS} limits: got ${fields.size}`;
        reader.faults.push({ field: NAMED_TOKENS, message });
        return undefined;
    }
    const limits = [...fields].map((field) => {
        const tokens = reader.integer(field, acquireRanges.tokens) ?? 0;
        return [field.slice(NAMED_TOKENS.length), tokens];
    });
    // Whatever the names are, `__proto__` included, they are members.
    return Object.fromEntries(limits);
}
function isNamedTokens(field) {
    return field.startsWith(NAMED_TOKENS);
}
