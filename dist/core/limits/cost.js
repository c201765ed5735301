import { requireInteger, showValue } from "../values.js";
/** The sum of both, name by name. */
export function addNamed(one, other) {
    const sum = { ...one };
    for (const [name, tokens] of Object.entries(other))
        sum[name] = (sum[name] ?? 0) + tokens;
    return sum;
}
/** What `one` has more than `other`, name by name. */
export function subtractNamed(one, other) {
    const negative = Object.entries(other).map(([name, tokens]) => [name, -tokens]);
    return addNamed(one, Object.fromEntries(negative));
}
/** Whether there are any tokens. */
export function hasAny(tokens) {
    return Object.values(tokens).some((count) => count > 0);
}
/** `cost` of so many limits, and a permit. */
export function withPermit(cost, limits) {
    return [...Array.from({ length: limits }, (_, index) => tokensOf(cost, index)), 1];
}
/** A cost with a permit, without it. */
export function withoutPermit(cost) {
    return typeof cost === "number" ? cost : cost.slice(0, -1);
}
/** What `cost` takes of the limit at `index`. */
export function tokensOf(cost, index) {
    return typeof cost === "number" ? cost : (cost[index] ?? 0);
}
/** Whether `tokens` of a limit aren't there. Nothing is always there, even if the limit is below 0. */
export function lacks(limit, tokens) {
    return tokens > limit.tokens && tokens > 0;
}
/** As `Limit.msUntil`; nothing is there at once, even if the limit is below 0. */
export function msUntilHas(limit, tokens, fromMs) {
    return tokens > 0 ? limit.msUntil(tokens, fromMs) : limit.reachedAtMs - fromMs;
}
/** What `ask` takes of `limits`. Names that none of them has count for nothing: see `askFaults`. */
export function costOf(limits, { tokens, limits: named }) {
    if (!named)
        return tokens;
    return limits.map(({ name }) => (Object.hasOwn(named, name) ? (named[name] ?? 0) : tokens));
}
/** What is wrong with `ask` for a bucket that has `limits`: names that there aren't, or nothing at all. */
export function askFaults(limits, ask) {
    const unknown = Object.keys(ask.limits ?? {}).flatMap((name) => {
        return unknownLimits(limits, [name], `tokens.${name}`);
    });
    if (unknown.length > 0)
        return unknown;
    const cost = costOf(limits, ask);
    if (limits.some((_, index) => tokensOf(cost, index) > 0))
        return [];
    const names = limits.map(({ name }) => name).join(", ");
    const message = `tokens must be at least 1 of one limit (${names}): got 0 of each`;
    return [{ field: "tokens", message }];
}
/** A fault of `field` for each of `names` that is no limit. */
export function unknownLimits(limits, names, field) {
    const known = limits.map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    return unknown.map((name) => {
        return { field, message: `${showValue(name)} is no limit of this bucket: ${known.join(", ")}` };
    });
}
/**
 * For a cost that code passes in.
 *
 * @throws {RangeError} If `cost` is neither an integer of at least 1, nor a list of integers of at least 0.
 */
export function requireCost(cost) {
    if (typeof cost !== "object" || cost === null) {
        requireInteger("tokens", cost, 1, Number.MAX_SAFE_INTEGER);
        return;
    }
    for (const tokens of cost)
        requireInteger("tokens", tokens, 0, Number.MAX_SAFE_INTEGER);
}
