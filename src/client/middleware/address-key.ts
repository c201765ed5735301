/**
 * Callers told apart by their address. Whoever has IPv6 has at least a /64, 18 trillion addresses and each of
 * them good for one more try; so what counts is the /64.
 */

const HEXTETS = 8;
/** Hextets of a /64. */
const NETWORK_HEXTETS = 4;

/**
 * What a caller with this IP address is to be limited by: an IPv4 address as it is, of an IPv6 address its
 * /64, of IPv4 in IPv6 (`::ffff:192.0.2.1`) the IPv4 address. Ports, brackets and zones are left out. Of a list,
 * as in `X-Forwarded-For`, the last one counts, which is what the nearest proxy has seen. Whatever is no
 * address comes back as it is: make the name of the bucket with `bucketName`.
 *
 * @example
 * addressKey("2001:db8:1:2:aaaa::7"); // "2001:db8:1:2::/64"
 * bucketName("login", addressKey(request.headers.get("CF-Connecting-IP")));
 */
export function addressKey(address: string | null | undefined): string {
  const last = (address ?? "").split(",").at(-1)?.trim() ?? "";
  const bare = bareAddress(last);
  const hextets = isIpv4(bare) ? undefined : hextetsOf(bare);
  if (!hextets) return isIpv4(bare) ? bare : last;
  const [high = 0, low = 0] = hextets.slice(-2);
  const isMapped = hextets.slice(0, 5).every((hextet) => hextet === 0) && hextets[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  return networkOf(hextets);
}

/** Without port, brackets and zone. */
function bareAddress(text: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(text) ?? [];
  return (bracketed ?? beforePort ?? text).replace(/%.*$/, "");
}

function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** The eight numbers of an IPv6 address; `undefined` where the text is none. */
function hextetsOf(text: string): number[] | undefined {
  const [, head = text, ipv4] = /^(.*:)([\d.]+\.\d+)$/.exec(text) ?? [];
  if (ipv4 !== undefined && !isIpv4(ipv4)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = (ipv4 ?? "").split(".").map(Number);
  const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const halves = (ipv4 === undefined ? head : head + tail).split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = HEXTETS - left.length - (right?.length ?? 0);
  if (right ? missing < 1 : missing !== 0) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => "0"), ...(right ?? [])];
  return all.every((hextet) => /^[\da-f]{1,4}$/i.test(hextet))
    ? all.map((hextet) => Number.parseInt(hextet, 16))
    : undefined;
}

/** One of the ways to write the /64, always the same. */
function networkOf(hextets: readonly number[]): string {
  const network = hextets.slice(0, NETWORK_HEXTETS);
  return `${network.map((hextet) => hextet.toString(16)).join(":")}::/64`;
}
