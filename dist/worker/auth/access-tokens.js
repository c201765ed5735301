import { BUCKET_PATTERN_RULE, isBucketPattern } from "../config/policy-table.js";
import { isRecord } from "../../core/is-record.js";
import { API_KEY_RULE, isApiKey } from "../../protocol/api-key.js";
/** A pause holds up every caller, so a token may only pause if its configuration says so. */
const rightsOf = {
    API_TOKEN: { all: ["acquire", "read", "pause"], byDefault: ["acquire", "read"] },
    ADMIN_TOKEN: { all: ["admin"], byDefault: ["admin"] },
};
const BEARER = /^Bearer +([^\s]+) *$/i;
/** The tokens of one variable. */
export class AccessTokens {
    #configured;
    #known = undefined;
    constructor(configured) {
        this.#configured = configured;
    }
    /**
     * Reads the variable's value: text, or a list that has been parsed already. `undefined` if it is unset or
     * empty.
     *
     * @throws {RangeError} If the value is illegal, naming the place.
     */
    static read(variable, value) {
        if (value === undefined || value === "")
            return undefined;
        const items = readItems(variable, value);
        if (items.length === 0)
            throw new RangeError(`${variable} must hold at least one token`);
        const tokens = items.map((item, index) => {
            return readItem(`${variable}[${index}]`, item, rightsOf[variable]);
        });
        return new AccessTokens(tokens);
    }
    /** What the bearer token is good for: nothing if it is missing or unknown. */
    async scopesOf(bearer) {
        const presented = presentedKey(bearer);
        if (presented === undefined)
            return [];
        const digest = await digestOf(presented);
        const known = await this.#knownTokens();
        // Always compares all of them.
        const matching = known.filter((token) => crypto.subtle.timingSafeEqual(token.digest, digest));
        return matching.map(({ scope }) => scope);
    }
    /**
     * Computes the digests once. The result is cached and not its promise: a promise belongs to the request
     * that started it, and if that request ended early, others would wait forever.
     */
    async #knownTokens() {
        return (this.#known ??= await Promise.all(this.#configured.map(async ({ token, scope }) => ({ digest: await digestOf(token), scope }))));
    }
}
/** The key that a caller presents, known or not; `undefined` if it presents none. */
export function presentedKey({ headers }) {
    return BEARER.exec(headers.get("Authorization") ?? "")?.[1];
}
function digestOf(token) {
    return crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
}
function readItems(variable, value) {
    const items = typeof value === "string" ? parseItems(variable, value.trim()) : value;
    if (Array.isArray(items))
        return items;
    throw new RangeError(`${variable} must be tokens separated by white space, or a list of tokens`);
}
function parseItems(variable, text) {
    if (!/^[[{]/.test(text))
        return text.split(/\s+/).filter((token) => token !== "");
    try {
        return JSON.parse(text);
    }
    catch {
        // The parser's message would quote the text.
        throw new RangeError(`${variable} starts like JSON but is not valid JSON`);
    }
}
/** @param place Names the item in messages. */
function readItem(place, item, { all, byDefault }) {
    const members = isRecord(item) ? item : { token: item };
    const { token, buckets = ["*"], may: rights = byDefault, ...others } = members;
    const isRight = (value) => all.some((right) => right === value);
    if (!isConfigurable(token)) {
        throw new RangeError(`${place}: token must be ${API_KEY_RULE}, including a letter or digit`);
    }
    if (!isListOf(buckets, isBucketPattern)) {
        throw new RangeError(`${place}: buckets must be a list of patterns; ${BUCKET_PATTERN_RULE}`);
    }
    if (!isListOf(rights, isRight)) {
        throw new RangeError(`${place}: may must be a list of ${all.join(", ")}`);
    }
    if (Object.keys(others).length > 0) {
        throw new RangeError(`${place} has a member that is not one of token, buckets, may`);
    }
    return { token, scope: { rights, buckets } };
}
/**
 * Punctuation alone is not a key: `,`, `*` or `""` is what remains of a list, a wildcard or an empty value, and
 * is anyone's first guess.
 */
function isConfigurable(token) {
    return isApiKey(token) && /[A-Za-z0-9]/.test(token);
}
/** Whether `value` is a non-empty list whose items all satisfy `isItem`. */
function isListOf(value, isItem) {
    return Array.isArray(value) && value.length > 0 && value.every(isItem);
}
