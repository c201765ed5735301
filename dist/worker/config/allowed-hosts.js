/**
 * The variable `ALLOWED_HOSTS`: the host names that a public deployment answers to.
 *
 * This protects against DNS rebinding. A page at `http://evil.example:8787` makes its own name resolve to
 * 127.0.0.1 once it has loaded. From then on the Sluice on its visitor's machine has the page's own origin,
 * and neither CORS nor the `Origin` of a WebSocket stops it. What gives it away is the name that the browser
 * sends as `Host`, which no script can change. So a Sluice meant for its own machine only answers to names
 * that no one else controls: `localhost` and names below it, which are never looked up (RFC 6761), and IP
 * addresses, which lead only where they say.
 *
 * None of this is checked if a token is required: such a page has none.
 */
import { showValue } from "../../core/values.js";
/** An IPv4 address in a parsed URL: whatever form it was written in, it has four numbers then. */
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
/** The names that the variable lists. */
export class AllowedHosts {
    #names;
    /** Host and port of the last allowed request: nearly every request has the same. */
    #lastAllowed = undefined;
    constructor(names) {
        this.#names = names;
    }
    /**
     * Reads the variable's value: names separated by white space. An empty value allows only `localhost` and
     * addresses. Returns `undefined` if any name will do, because the variable is unset or `*`.
     *
     * @throws {RangeError} If the value is illegal, showing the name.
     */
    static read(value) {
        if (value === undefined)
            return undefined;
        if (typeof value !== "string") {
            throw new RangeError(`ALLOWED_HOSTS must be text: got ${showValue(value)}`);
        }
        const names = value.split(/\s+/).filter((name) => name !== "");
        if (names.length === 1 && names[0] === "*")
            return undefined;
        for (const name of names) {
            if (isHostname(name))
                continue;
            const rule = 'names like "sluice.example.com", without scheme and port, or "*" alone';
            throw new RangeError(`ALLOWED_HOSTS must be ${rule}: got ${showValue(name)}`);
        }
        return new AllowedHosts(new Set(names.map((name) => name.toLowerCase())));
    }
    /** Whether a request with this URL may be answered. */
    allows(url) {
        const host = hostIn(url);
        if (host === this.#lastAllowed)
            return true;
        const name = hostnameOf(host);
        if (name === undefined || !(isOwn(name) || this.#names.has(name)))
            return false;
        this.#lastAllowed = host;
        return true;
    }
}
/** Host and port of a request's URL as they were sent: not every runtime has parsed them. */
export function hostIn(url) {
    const from = url.indexOf("//") + 2;
    const to = url.indexOf("/", from);
    return to < 0 ? url.slice(from) : url.slice(from, to);
}
/** The name or address without the port, in the form that browsers compare; `undefined` if it is neither. */
function hostnameOf(host) {
    const url = `http://${host}`;
    if (!URL.canParse(url))
        return undefined;
    const { hostname } = new URL(url);
    // A name with a trailing dot, the DNS root, is the same name.
    return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}
/** Whether no name server decides where it leads. */
function isOwn(name) {
    return (name === "localhost" || name.endsWith(".localhost") || IPV4.test(name) || name.startsWith("["));
}
function isHostname(text) {
    return /^[\w-][\w.-]*$/.test(text) && hostnameOf(text) === text.toLowerCase();
}
