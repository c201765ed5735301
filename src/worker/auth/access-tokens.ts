/**
 * Bearer tokens: which of them the deployment knows, and what each is good for.
 *
 * Several may be known at once, so that one can be replaced without a moment in which neither is
 * taken. In the short form they are text, separated by white space, which no bearer token contains. In
 * the long form each is an item of a JSON list and may be bound to buckets and to rights.
 *
 * Two things must not tell anything of a token. *The time that a comparison takes*: what is compared
 * are digests of one length, and all of them each time. *Messages*: whatever stands in a wrong place
 * may be a token, so a fault is told by its place, and no message here shows a value.
 */
import { BUCKET_PATTERN_RULE, isBucketPattern, matchesPattern } from "../config/bucket-pattern.ts";
import { isRecord } from "../../core/is-record.ts";

/** What a caller may do with a bucket. */
export type Right = "acquire" | "read" | "pause" | "admin";

/** Rights on buckets. */
export interface Scope {
  readonly rights: readonly Right[];
  /** Patterns of the buckets' names. */
  readonly buckets: readonly string[];
}

/** Whether any of `scopes` holds `right` on the bucket. Who may change it may pause it. */
export function isInScope(scopes: readonly Scope[], right: Right, bucket: string): boolean {
  return scopes.some(({ rights, buckets }) => {
    const isRight = rights.includes(right) || (right === "pause" && rights.includes("admin"));
    return isRight && buckets.some((pattern) => matchesPattern(pattern, bucket));
  });
}

interface RightsOfVariable {
  /** What a token may be bound to. */
  readonly all: readonly Right[];
  /** What it is good for unless it is. */
  readonly byDefault: readonly Right[];
}

/** Pausing holds up everybody, so a token is good for it only where that is said. */
const rightsOf = {
  API_TOKEN: { all: ["acquire", "read", "pause"], byDefault: ["acquire", "read"] },
  ADMIN_TOKEN: { all: ["admin"], byDefault: ["admin"] },
} as const satisfies Record<string, RightsOfVariable>;

const BEARER = /^Bearer +([^\s]+) *$/i;
/**
 * What can be sent in a header as it is, and holds no white space. Nor is it punctuation alone: `,`, `*` or
 * `""` is what remains of a list, a wildcard or an empty value, and everybody's first guess.
 */
const TOKEN = /^(?=.*[A-Za-z0-9])[\x21-\x7E]+$/;

interface ConfiguredToken {
  readonly token: string;
  readonly scope: Scope;
}

interface KnownToken {
  readonly digest: ArrayBuffer;
  readonly scope: Scope;
}

/** The tokens of one variable. */
export class AccessTokens {
  readonly #configured: readonly ConfiguredToken[];
  #known: readonly KnownToken[] | undefined = undefined;

  private constructor(configured: readonly ConfiguredToken[]) {
    this.#configured = configured;
  }

  /**
   * Reads the value of the variable: text, or a list that somebody has parsed already. `undefined`
   * where it is not set or empty.
   *
   * @throws {RangeError} Where it is illegal, naming the place.
   */
  static read(variable: keyof typeof rightsOf, value: unknown): AccessTokens | undefined {
    if (value === undefined || value === "") return undefined;
    const items = readItems(variable, value);
    if (items.length === 0) throw new RangeError(`${variable} must hold at least one token`);
    const tokens = items.map((item, index) => {
      return readItem(`${variable}[${index}]`, item, rightsOf[variable]);
    });
    return new AccessTokens(tokens);
  }

  /** What the bearer token of `request` is good for: nothing where it is missing or not known. */
  async scopesOf(request: Request): Promise<readonly Scope[]> {
    const presented = BEARER.exec(request.headers.get("Authorization") ?? "")?.[1];
    if (presented === undefined) return [];
    const digest = await digestOf(presented);
    const known = await this.#knownTokens();
    // Through to the end, whichever it is.
    const matching = known.filter((token) => crypto.subtle.timingSafeEqual(token.digest, digest));
    return matching.map(({ scope }) => scope);
  }

  /**
   * Digests are made once. The result is kept, not the promise of it: a promise belongs to the request
   * that began it, which may end before it is kept, and others would wait for ever.
   */
  async #knownTokens(): Promise<readonly KnownToken[]> {
    return (this.#known ??= await Promise.all(
      this.#configured.map(async ({ token, scope }) => ({ digest: await digestOf(token), scope })),
    ));
  }
}

function digestOf(token: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
}

function readItems(variable: string, value: unknown): readonly unknown[] {
  const items = typeof value === "string" ? parseItems(variable, value.trim()) : value;
  if (Array.isArray(items)) return items;
  throw new RangeError(`${variable} must be tokens separated by white space, or a list of them`);
}

function parseItems(variable: string, text: string): unknown {
  if (!/^[[{]/.test(text)) return text.split(/\s+/).filter((token) => token !== "");
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says would repeat what it stumbled over.
    throw new RangeError(`${variable} begins like JSON and is none`);
  }
}

/** @param place Names the item in messages. */
function readItem(
  place: string,
  item: unknown,
  { all, byDefault }: RightsOfVariable,
): ConfiguredToken {
  const members = isRecord(item) ? item : { token: item };
  const { token, buckets = ["*"], may: rights = byDefault, ...others } = members;
  const isRight = (value: unknown): value is Right => all.some((right) => right === value);
  if (!isToken(token)) {
    const rule = "visible ASCII characters without white space, a letter or digit among them";
    throw new RangeError(`${place}: token must be ${rule}`);
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

function isToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

/** Whether `value` is a list of one item or more, and each as `isItem` demands. */
function isListOf<Item>(
  value: unknown,
  isItem: (item: unknown) => item is Item,
): value is readonly Item[] {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}
