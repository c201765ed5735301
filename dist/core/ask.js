import { isPlainObject } from "./is-record.js";
import { LIMIT_NAME, LIMIT_NAME_RULE } from "./limits/limit-name.js";
import { integerFault, isIntegerWithin, showValue } from "./values.js";
/**
 * What is wrong with an ask that code passes in, as far as it can be told without the bucket's limits: a number
 * or a name that isn't one, or 0 of everything. `undefined` stands for the default.
 *
 * @param max The most tokens of one limit. What a limit can hold at most, only its bucket knows.
 */
export function askedTokensFaults({ tokens = 1, limits }, max = Number.MAX_SAFE_INTEGER) {
    const named = isPlainObject(limits) ? Object.entries(limits) : [];
    const isSomeNamed = named.some(([, count]) => count !== 0);
    const range = { min: isSomeNamed ? 0 : 1, max };
    return [
        ...(isIntegerWithin(tokens, range)
            ? []
            : [tokensFault("tokens", tokens, range, "limits.NAME")]),
        ...(limits === undefined || isPlainObject(limits) ? [] : [limitsFault(limits)]),
        ...named.flatMap(([name, count]) => limitTokensFaults(name, count, max)),
    ];
}
/**
 * What is wrong with the tokens of every limit. 0 of them is legal beside some of a single limit.
 *
 * @param ofOne How the caller asks for tokens of a single limit, such as `tokens.NAME`.
 */
export function tokensFault(field, tokens, range, ofOne) {
    if (tokens !== 0)
        return integerFault(field, tokens, range);
    const message = `${field} must be at least 1, unless ${ofOne} asks for at least 1 of a limit: got 0`;
    return { field, message };
}
/** What is wrong with an ask's `holdMs` for a bucket whose policy has these terms of holds, or none. */
export function holdFaults(hold, { holdMs }) {
    return holdMs === undefined ? [] : holdMsFaults("holdMs", holdMs, hold);
}
/** What is wrong with a field that says how long a hold lasts, in milliseconds. */
export function holdMsFaults(field, holdMs, hold) {
    if (!hold) {
        const message = `${field} needs a policy with hold, such as hold = { max = "10m" }: got ${holdMs}`;
        return [{ field, message }];
    }
    if (holdMs <= hold.maxMs)
        return [];
    const message = `${field} must be at most the policy's hold.maxMs, ${hold.maxMs}: got ${holdMs}`;
    return [{ field, message }];
}
function limitsFault(limits) {
    const message = `limits must be an object of tokens by the limit's name: got ${showValue(limits)}`;
    return { field: "limits", message };
}
function limitTokensFaults(name, tokens, max) {
    const field = `limits.${name}`;
    if (!LIMIT_NAME.test(name)) {
        const message = `A limit's name must be ${LIMIT_NAME_RULE}: got ${showValue(name)}`;
        return [{ field, message }];
    }
    const range = { min: 0, max };
    return isIntegerWithin(tokens, range) ? [] : [integerFault(field, tokens, range)];
}
