/**
 * Identifies callers by IP address. An IPv6 customer has at least a /64, with 18 quintillion
 * addresses, each of them good for one more attempt; so the /64 is what counts.
 */
const HEXTETS = 8;
/** Hextets of a /64. */
const NETWORK_HEXTETS = 4;
/**
 * Returns the key by which to limit a caller with this IP address: an IPv4 address as it is, the
 * /64 of an IPv6 address, the IPv4 address of an IPv4-mapped one (`::ffff:192.0.2.1`). Ports,
 * brackets and zones are dropped. From a list, as in `X-Forwarded-For`, the last address is used:
 * the one that the nearest proxy has seen. Text that is not an address is returned unchanged
 * (trimmed), and `null` and `undefined` as the empty text: build the bucket's name with
 * `bucketName`.
 *
 * @example
 * addressKey("2001:db8:1:2:aaaa::7"); // "2001:db8:1:2::/64"
 * bucketName("login", addressKey(request.headers.get("CF-Connecting-IP")));
 */
export function addressKey(address) {
    const last = (address ?? "").split(",").at(-1)?.trim() ?? "";
    const bare = bareAddress(last);
    const hextets = isIpv4(bare) ? undefined : hextetsOf(bare);
    if (!hextets)
        return isIpv4(bare) ? bare : last;
    const [high = 0, low = 0] = hextets.slice(-2);
    const isMapped = hextets.slice(0, 5).every((hextet) => hextet === 0) && hextets[5] === 0xffff;
    if (isMapped)
        return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
    return networkOf(hextets);
}
/** Without port, brackets and zone. */
function bareAddress(text) {
    const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
    const [, beforePort] = /^([\d.]+):\d+$/.exec(text) ?? [];
    return (bracketed ?? beforePort ?? text).replace(/%.*$/, "");
}
function isIpv4(text) {
    return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}
/** The eight numbers of an IPv6 address; `undefined` if the text is not one. */
function hextetsOf(text) {
    const [, head = text, ipv4] = /^(.*:)([\d.]+\.\d+)$/.exec(text) ?? [];
    if (ipv4 !== undefined && !isIpv4(ipv4))
        return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = (ipv4 ?? "").split(".").map(Number);
    const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    const halves = (ipv4 === undefined ? head : head + tail).split("::");
    if (halves.length > 2)
        return undefined;
    const [left = [], right] = halves.map((half) => (half === "" ? [] : half.split(":")));
    const missing = HEXTETS - left.length - (right?.length ?? 0);
    if (right ? missing < 1 : missing !== 0)
        return undefined;
    const all = [...left, ...Array.from({ length: missing }, () => "0"), ...(right ?? [])];
    return all.every((hextet) => /^[\da-f]{1,4}$/i.test(hextet))
        ? all.map((hextet) => Number.parseInt(hextet, 16))
        : undefined;
}
/** The /64 in one canonical form. */
function networkOf(hextets) {
    const network = hextets.slice(0, NETWORK_HEXTETS);
    return `${network.map((hextet) => hextet.toString(16)).join(":")}::/64`;
}
