import { LentTokens } from "./lent-tokens.js";
/** Whether a state says that it is one of a token bucket; whether it is possible, is not looked at. */
export function isTokenBucketState(state) {
    return state.kind === "bucket";
}
export function isStateOf(form, state) {
    return state.kind === form.name;
}
export function isPossible(form, fields, state) {
    const { startedAtMs, tick, tokens, leased = [], reachedAtMs } = state;
    const { pausedUntilMs = 0, pausedTokens = 0 } = state;
    const heldTokens = new LentTokens(leased).tokens;
    return (Number.isSafeInteger(startedAtMs) &&
        Number.isSafeInteger(tick) &&
        Number.isSafeInteger(tokens) &&
        Number.isSafeInteger(pausedUntilMs) &&
        (form.isMovable ? isInstantFrom(startedAtMs, reachedAtMs) : tick >= 0) &&
        tokens + pausedTokens <= Math.max(0, fields.capacity - heldTokens) &&
        Number.isSafeInteger(pausedTokens) &&
        pausedTokens >= 0 &&
        (pausedTokens === 0 || (form.isKeptInPause && state.pausedUntilMs !== undefined)) &&
        leased.every(isPossibleSum));
}
function isInstantFrom(startedAtMs, atMs) {
    return Number.isSafeInteger(atMs) && (atMs ?? -Infinity) >= startedAtMs;
}
function isPossibleSum({ untilMs, tokens }) {
    return Number.isSafeInteger(untilMs) && Number.isSafeInteger(tokens) && tokens > 0;
}
