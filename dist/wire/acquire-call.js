/** The host of a Durable Object's URL means nothing. */
const OBJECT_URL = "https://bucket/acquire?";
/** Between the policy and the rest; encoding removes it from both. */
const SEPARATOR = "&";
/**
 * Escapes of what JSON has between its strings. They are left out, since a query may hold the characters as they
 * are: a waiter keeps several copies of the URL, and they take half a KiB less so. Every version decodes both.
 */
const NEEDLESS_ESCAPES = /%(?:2C|3A|5B|5D|7B|7D)/g;
const encodedPolicies = new WeakMap();
/** The last policy that was encoded: most calls have the same as the one before. */
let lastEncoded;
/** The last policy that was decoded, shared by all buckets of an isolate that have it, and its part of the URL. */
let lastDecoded;
/** The URL that carries `call`. Policies are cached by identity, not by value. */
export function encodeAcquireCall({ policy, ...rest }) {
    return OBJECT_URL + policyTextOf(policy) + SEPARATOR + encode(rest);
}
/**
 * The URL that carries a call of nothing but `ask`: the same call as `encodeAcquireCall` encodes, without an
 * object and a JSON text in between. Names and numbers need no escape in JSON.
 */
export function encodeAsk(policy, bucket, ask) {
    const { tokens, limits, timeoutMs, holdMs, idempotencyKey, ticket, label } = ask;
    const isNamed = idempotencyKey !== undefined || ticket !== undefined || label !== undefined;
    if (isNamed || limits || holdMs !== undefined) {
        return encodeAcquireCall({ policy, bucket, ...ask });
    }
    const name = encodeURIComponent(bucket);
    const timeout = timeoutMs === undefined ? "" : `,%22timeoutMs%22:${timeoutMs}`;
    const rest = `{%22bucket%22:%22${name}%22,%22tokens%22:${tokens}${timeout}}`;
    return OBJECT_URL + policyTextOf(policy) + SEPARATOR + rest;
}
function policyTextOf(policy) {
    if (lastEncoded?.policy === policy)
        return lastEncoded.text;
    let text = encodedPolicies.get(policy);
    if (text === undefined)
        encodedPolicies.set(policy, (text = encode(policy)));
    lastEncoded = { policy, text };
    return text;
}
/** Whether a URL carries an acquire. */
export function isAcquireCall(url) {
    return url.startsWith(OBJECT_URL);
}
/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `encodeAcquireCall` did not build it.
 */
export function decodeAcquireCall(url) {
    if (lastDecoded === undefined || !url.startsWith(lastDecoded.urlPart)) {
        const end = url.indexOf(SEPARATOR, OBJECT_URL.length);
        if (end < 0)
            throw new TypeError("Cannot acquire: the URL holds no call");
        const policyText = decodeURIComponent(url.slice(OBJECT_URL.length, end));
        lastDecoded = { urlPart: url.slice(0, end + 1), policy: JSON.parse(policyText) };
    }
    const rest = JSON.parse(decodeURIComponent(url.slice(lastDecoded.urlPart.length)));
    const call = { ...rest, policy: lastDecoded.policy };
    // A deploy resets the object while isolates of the previous version still hold waiting requests.
    if (rest.putBack)
        return { ...call, requeued: rest.putBack };
    return rest.handedIn ? { ...call, returnedLeases: rest.handedIn } : call;
}
function encode(value) {
    return encodeURIComponent(JSON.stringify(value)).replace(NEEDLESS_ESCAPES, decodeURIComponent);
}
