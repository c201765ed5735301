import { isApiKey } from "./api-key.js";
/** The subprotocol that both ends speak. */
export const SUBPROTOCOL = "sluice";
/** A subprotocol that carries an API key: this, and the key in base64url. */
const BEARER_PREFIX = "sluice.bearer.";
/** Sent by a watcher to see that the service is still there; a runtime answers it without waking the object. */
export const PING = "ping";
/** The answer to `PING`; no message of the feed. */
export const PONG = "pong";
/**
 * How far a watcher may fall behind, in UTF-16 units, as `length` counts: five seconds of a flood. The
 * service closes the connection of one that is further behind.
 */
export const MAX_UNREAD = 524_288;
/**
 * The subprotocols that a client offers: the one it speaks, and the API key, because a script in a browser cannot
 * set a header of a WebSocket's request.
 */
export function subprotocolsFor(apiKey, subprotocol) {
    if (apiKey === undefined)
        return [subprotocol];
    const base64 = btoa(apiKey).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return [subprotocol, BEARER_PREFIX + base64];
}
/** The API key in the first of these subprotocols that claims to carry one. */
export function apiKeyIn(subprotocols) {
    const bearer = subprotocols.find((name) => name.startsWith(BEARER_PREFIX));
    const base64 = bearer?.slice(BEARER_PREFIX.length) ?? "";
    if (!/^[\w-]+$/.test(base64))
        return undefined;
    try {
        const decoded = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
        return isApiKey(decoded) ? decoded : undefined;
    }
    catch {
        return undefined;
    }
}
/** How a watcher reports what it has read: the lengths of all messages so far, together. */
export function readReport(units) {
    return JSON.stringify({ read: units });
}
/** What `readReport` reported; `undefined` for any other text. */
export function unitsRead(text) {
    const [, units] = /^\{"read":(\d{1,15})\}$/.exec(text) ?? [];
    return units === undefined ? undefined : Number(units);
}
