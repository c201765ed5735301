/**
 * Format 4 of a bucket's record, as the versions that wrote it last read it: version 0.1.0 and earlier ones.
 * If one of them is deployed again it must be able to read what this version has written. Their rules are
 * repeated here in full, and deliberately share no code with what reads and writes records today.
 */

type Table = Readonly<Record<string, unknown>>;
/** Returns what is wrong with a value, each fault with its path; nothing if it is as it must be. */
type Rule = (value: unknown, path: string) => string[];

const MAX_TOKENS = 1_000_000_000;
/** `WAIT_BOUNDS_MS` had 16 classes, and there is one for longer waits. */
const WAIT_CLASSES = 17;
const REASONS = ["exceeds-capacity", "timeout", "queue-full", "bucket-reset", "unavailable"];

const integer =
  (min: number, max: number): Rule =>
  (value, path) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
      ? []
      : [`${path} must be an integer from ${min} to ${max}: ${JSON.stringify(value)}`];

const count = integer(0, Number.MAX_SAFE_INTEGER);
const instant = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

const ofType =
  (type: "string" | "boolean"): Rule =>
  (value, path) =>
    typeof value === type ? [] : [`${path} must be a ${type}: ${JSON.stringify(value)}`];

const list =
  (rule: Rule, maxLength = Infinity): Rule =>
  (value, path) => {
    if (!Array.isArray(value)) return [`${path} must be a list`];
    const faults = value.flatMap((item: unknown, index) => rule(item, `${path}[${index}]`));
    return value.length > maxLength ? [...faults, `${path} has more than ${maxLength}`] : faults;
  };

/** A table of exactly these members; those whose names end in `?` may be absent. */
const table =
  (members: Readonly<Record<string, Rule>>): Rule =>
  (value, path) => {
    if (!isTable(value)) return [`${path} must be a table`];
    const rules = new Map(Object.entries(members));
    const known = new Set([...rules.keys()].map((name) => name.replace("?", "")));
    const unknown = Object.keys(value).filter((name) => !known.has(name));
    return [
      ...unknown.map((name) => `${path}.${name} is no member`),
      ...[...rules].flatMap(([name, rule]) => {
        const member = value[name.replace("?", "")];
        if (member === undefined && name.endsWith("?")) return [];
        return rule(member, `${path}.${name.replace("?", "")}`);
      }),
    ];
  };

const policyRule = table({
  capacity: integer(1, MAX_TOKENS),
  refillTokens: integer(1, MAX_TOKENS),
  refillIntervalMs: integer(10, 86_400_000),
  initialTokens: integer(0, MAX_TOKENS),
  queueLimit: integer(0, 10_000),
  maxWaitMs: integer(0, 3_600_000),
  "lease?": table({ maxTokens: integer(1, MAX_TOKENS), ttlMs: integer(100, 20_000) }),
});

/** They never looked at such a member: later versions may write anything there. */
const ignored: Rule = () => [];

const recordRule = table({
  "forgetAfterMs?": ignored,
  "override?": ignored,
  format: integer(4, 4),
  name: ofType("string"),
  policyName: ofType("string"),
  policy: policyRule,
  isOverridden: ofType("boolean"),
  limiter: table({
    "forgetAtMs?": ignored,
    "bucket?": table({
      startedAtMs: instant,
      tick: count,
      tokens: integer(-MAX_TOKENS, MAX_TOKENS),
      "leased?": list(table({ untilMs: instant, tokens: integer(1, Number.MAX_SAFE_INTEGER) })),
      "pausedUntilMs?": instant,
    }),
    granted: count,
    refused: count,
    cancelled: count,
    "tally?": table({
      grantedTokens: count,
      refused: table(Object.fromEntries(REASONS.map((reason) => [`${reason}?`, count]))),
      waits: list(count, WAIT_CLASSES),
      waitedMs: count,
    }),
  }),
});

const keyedGrantRule = table({
  asked: table({ tokens: integer(1, MAX_TOKENS), "timeoutMs?": count }),
  grant: table({
    ok: (value, path) => (value === true ? [] : [`${path} must be true`]),
    tokens: integer(1, MAX_TOKENS),
    remaining: integer(-MAX_TOKENS, MAX_TOKENS),
    waitedMs: count,
    grantedAtMs: instant,
  }),
});

/** Why the versions that write format 4 can't read `record`, or would read something else than was meant. */
export function faultsOfFormat4(record: unknown): string[] {
  const faults = recordRule(record, "record");
  return faults.length > 0 ? faults : faultsBetween(record as Format4);
}

/** The same of a grant that is kept under an idempotency key. */
export function faultsOfKeyedGrant(keyed: unknown): string[] {
  return keyedGrantRule(keyed, "grant");
}

/** What the rules between members read of a record. */
interface Format4 {
  readonly policy: { readonly capacity: number; readonly initialTokens: number };
  readonly limiter: {
    readonly bucket?: {
      readonly tokens: number;
      readonly leased?: readonly { readonly untilMs: number; readonly tokens: number }[];
    };
  };
}

function faultsBetween({ policy, limiter }: Format4): string[] {
  const { capacity, initialTokens } = policy;
  const { tokens = 0, leased = [] } = limiter.bucket ?? {};
  const onLease = leased.reduce((all, sum) => all + sum.tokens, 0);
  const isInOrder = leased.every(
    ({ untilMs }, at) => untilMs > (leased[at - 1]?.untilMs ?? -Infinity),
  );
  return [
    ...(initialTokens > capacity ? [`${initialTokens} initialTokens exceed ${capacity}`] : []),
    ...(tokens > Math.max(0, capacity - onLease)
      ? [`${tokens} tokens and ${onLease} on lease exceed ${capacity}`]
      : []),
    ...(isInOrder ? [] : ["the leases don't end one after the other"]),
  ];
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
