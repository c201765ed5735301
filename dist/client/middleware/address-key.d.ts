/**
 * Identifies callers by IP address. An IPv6 customer has at least a /64, with 18 quintillion
 * addresses, each of them good for one more attempt; so the /64 is what counts.
 */
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
export declare function addressKey(address: string | null | undefined): string;
