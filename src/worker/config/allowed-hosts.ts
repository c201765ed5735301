/**
 * The variable `ALLOWED_HOSTS`: under which names Sluice may be called where everybody may call it.
 *
 * This is against DNS rebinding. A page at `http://evil.example:8787` has its own name resolve to 127.0.0.1
 * once it has loaded: from then on the Sluice on its visitor's machine is of its own origin, and neither
 * CORS nor the `Origin` of a WebSocket holds it back. What gives it away is the name that the browser puts
 * into `Host`, and no script can change that. So a Sluice that only its own machine is to reach answers
 * to names that nobody else can give out: `localhost` and names below it, which are not looked up (RFC
 * 6761), and every address, which leads nowhere but where it says.
 *
 * Where a token is asked for none of this is checked: such a page has none.
 */
import { showValue } from "../../core/policy.ts";

/** An IPv4 address in a URL that was parsed: whatever form it had, it has four numbers then. */
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** The names that the variable lists. */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>;
  /** Host and port of the last request that was allowed: nearly every one has the same. */
  #lastAllowed: string | undefined = undefined;

  private constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  /**
   * Reads the value of the variable: names separated by white space, none of them for `localhost` and
   * addresses alone; `undefined` where any name will do, because it is not set or `*`.
   *
   * @throws {RangeError} Where it is illegal, showing the name.
   */
  static read(value: unknown): AllowedHosts | undefined {
    if (value === undefined) return undefined;
    if (typeof value !== "string") {
      throw new RangeError(`ALLOWED_HOSTS must be text: got ${showValue(value)}`);
    }
    const names = value.split(/\s+/).filter((name) => name !== "");
    if (names.length === 1 && names[0] === "*") return undefined;
    for (const name of names) {
      if (isHostname(name)) continue;
      const rule = 'names like "sluice.example.com", without scheme and port, or "*" alone';
      throw new RangeError(`ALLOWED_HOSTS must be ${rule}: got ${showValue(name)}`);
    }
    return new AllowedHosts(new Set(names.map((name) => name.toLowerCase())));
  }

  /** Whether a request with this URL may be answered. */
  allows(url: string): boolean {
    const host = hostIn(url);
    if (host === this.#lastAllowed) return true;
    const name = hostnameOf(host);
    if (name === undefined || !(isOwn(name) || this.#names.has(name))) return false;
    this.#lastAllowed = host;
    return true;
  }
}

/** Host and port of a request's URL, as they were sent: not every runtime has parsed them. */
export function hostIn(url: string): string {
  const from = url.indexOf("//") + 2;
  const to = url.indexOf("/", from);
  return to < 0 ? url.slice(from) : url.slice(from, to);
}

/** The name or address without the port, in the form that browsers compare; `undefined` where it is none. */
function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  // Written with the dot of the root, a name is the same name.
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}

/** Whether no name server says where it leads. */
function isOwn(name: string): boolean {
  return (
    name === "localhost" || name.endsWith(".localhost") || IPV4.test(name) || name.startsWith("[")
  );
}

function isHostname(text: string): boolean {
  return /^[\w-][\w.-]*$/.test(text) && hostnameOf(text) === text.toLowerCase();
}
