/**
 * Policies of a configuration, each with one thing that is wrong with it. Whatever checks a configuration finds
 * all of them: the Worker, the command line, `npm start`, a deployment, and an editor by the JSON schema.
 */

/** A policy that must not be accepted. */
interface FaultyPolicy {
  readonly fields: unknown;
  /** What the message about it contains: the field, and the value or the limit. */
  readonly message: string;
  /** Set if a schema can't know: it takes arithmetic, or a list of time zones. */
  readonly needsArithmetic?: true;
}

const one = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const daily = { capacity: 5, every: "day" };
const needsArithmetic = true;

const policies: readonly FaultyPolicy[] = [
  { fields: 1, message: "must be a table of fields: got 1" },
  { fields: [], message: "must be a table of fields: got []" },
  { fields: {}, message: "capacity is missing" },
  { fields: { capacity: 1 }, message: "refillTokens is missing" },
  { fields: { ...one, capacity: 0 }, message: "capacity must be an integer from 1 to" },
  {
    fields: { ...one, capacity: "1" },
    message: 'capacity must be an integer from 1 to 1000000000: got "1"',
  },
  {
    fields: { ...one, capacity: 1.5 },
    message: "capacity must be an integer from 1 to 1000000000: got 1.5",
  },
  { fields: { ...one, refillTokens: 1e10 }, message: "refillTokens must be an integer from 1 to" },
  {
    fields: { ...one, refillIntervalMs: 9 },
    message: "refillIntervalMs must be an integer from 10 to",
  },
  {
    fields: { ...one, refillIntervalMs: "1s" },
    message: 'refillIntervalMs must be an integer from 10 to 86400000: got "1s"',
  },
  {
    fields: { ...one, queueLimit: -1 },
    message: "queueLimit must be an integer from 0 to 10000: got -1",
  },
  {
    fields: { ...one, maxWaitMs: 3_600_001 },
    message: "maxWaitMs must be an integer from 0 to 3600000: got 3600001",
  },
  {
    fields: { ...one, forgetAfterMs: 59_999 },
    message: "forgetAfterMs must be an integer from 60000 to 2592000000: got 59999",
  },
  {
    fields: { ...one, forgetAfter: "31d" },
    message: 'forgetAfter must be from 1m to 30d: got "31d"',
    needsArithmetic,
  },
  {
    fields: { ...one, maxWait: 30 },
    message: "maxWait must be a number with a unit of ms, s, m, h, d",
  },
  {
    fields: { ...one, maxWait: "30" },
    message: 'maxWait must be a number with a unit of ms, s, m, h, d, such as "1s": got "30"',
  },
  {
    fields: { ...one, maxWait: "2h" },
    message: 'maxWait must be from 0ms to 1h: got "2h"',
    needsArithmetic,
  },
  {
    fields: { ...one, maxWait: "1s", maxWaitMs: 1 },
    message: "maxWait is given twice: leave out maxWaitMs",
  },
  { fields: { ...one, capactiy: 1 }, message: '"capactiy" is not one of capacity' },
  {
    fields: { ...one, initialTokens: 2 },
    message: "initialTokens must be at most the capacity, 1: got 2",
    needsArithmetic,
  },
  { fields: { limit: "100" }, message: 'limit must be tokens per window, such as "100/1m"' },
  {
    fields: { limit: "1/1s" },
    message: "limit must be at least 2 tokens per window",
    needsArithmetic,
  },
  {
    fields: { limit: "5/1s", burst: 5 },
    message: 'burst must be below the limit, so at most 4 of "5/1s": got 5',
    needsArithmetic,
  },
  { fields: { limit: "5/1s", burst: 0 }, message: "burst must be an integer from 1 to" },
  { fields: { ...one, burst: 5 }, message: "burst needs a limit" },
  {
    fields: { ...one, limit: "5/1s" },
    message: "leave out capacity, refillTokens, refillIntervalMs",
  },
  { fields: { ...daily, limit: "5/1s" }, message: "leave out capacity, every" },
  {
    fields: { ...daily, every: "year" },
    message: 'every must be one of hour, day, week, month: got "year"',
  },
  { fields: { ...daily, at: "25:00" }, message: 'at must be a time of day, "HH:MM": got "25:00"' },
  { fields: { ...daily, on: "monday" }, message: "on must be" },
  {
    fields: { ...daily, every: "month", on: 29 },
    message: "on must be an integer from 1 to 28: got 29",
  },
  {
    fields: { ...daily, every: "week", on: "lundi" },
    message:
      'on must be one of monday, tuesday, wednesday, thursday, friday, saturday, sunday: got "lundi"',
  },
  {
    fields: { ...daily, timeZone: "Mars Base" },
    message: 'timeZone must be an IANA time zone, such as Europe/Berlin: got "Mars Base"',
  },
  {
    fields: { ...daily, timeZone: "Europe/Atlantis" },
    message: 'timeZone must be an IANA time zone, such as Europe/Berlin: got "Europe/Atlantis"',
    needsArithmetic,
  },
  { fields: { ...daily, refillTokens: 1 }, message: "refillTokens does not go with every" },
  {
    fields: { ...daily, refillInterval: "1s" },
    message: "refillIntervalMs does not go with every",
  },
  { fields: { ...one, at: "06:00" }, message: "at needs every" },
  { fields: { ...one, limits: 7 }, message: "limits must be a table of limits by name: got 7" },
  {
    fields: { ...one, limits: { Day: daily } },
    message: "A limit's name must be 1 to 32 characters",
  },
  {
    fields: { ...one, limits: { rate: daily } },
    message: "limits.rate is the policy's first limit",
  },
  { fields: { ...one, limits: { day: 7 } }, message: "limits.day must be a table of fields" },
  {
    fields: { ...one, limits: { day: { ...daily, capacity: 0 } } },
    message: "limits.day.capacity must be an integer from 1 to",
  },
  {
    fields: { ...one, limits: { day: { ...daily, queueLimit: 1 } } },
    message: '"limits.day.queueLimit" is not one of',
  },
  {
    fields: { ...one, limits: { tpm: { limit: "5/1s", burst: 5 } } },
    message: "limits.tpm.burst must be below the limit",
    needsArithmetic,
  },
  {
    fields: { ...one, limits: Object.fromEntries(Array.from("abcdefgh", (name) => [name, daily])) },
    message: "limits must be at most 7: got 8",
  },
  { fields: { ...one, lease: 7 }, message: "lease must be a table of maxTokens and ttlMs: got 7" },
  { fields: { ...one, lease: { ttlMs: 1_000 } }, message: "lease.maxTokens is missing" },
  { fields: { ...one, lease: { maxTokens: 1 } }, message: "lease.ttlMs is missing" },
  {
    fields: { ...one, lease: { maxTokens: 1, ttlMs: 99 } },
    message: "lease.ttlMs must be an integer from 100 to 20000: got 99",
  },
  {
    fields: { ...one, lease: { maxTokens: 1, ttl: "21s" } },
    message: 'lease.ttl must be from 100ms to 20s: got "21s"',
    needsArithmetic,
  },
  {
    fields: { ...one, lease: { maxTokens: 1, ttl: "1s", ttlMs: 1_000 } },
    message: "lease.ttl is given twice: leave out lease.ttlMs",
  },
  {
    fields: { ...daily, lease: { maxTokens: 1, ttl: "1s" } },
    message: "lease cannot be combined with every",
  },
  {
    fields: { ...one, limits: { day: daily }, lease: { maxTokens: 1, ttl: "1s" } },
    message: "lease cannot be combined with limits",
  },
  {
    fields: { ...one, concurrency: { max: 1, ttl: "1s" }, lease: { maxTokens: 1, ttl: "1s" } },
    message: "concurrency cannot be combined with lease",
  },
  {
    fields: { ...one, concurrency: { max: 0, ttl: "1s" } },
    message: "concurrency.max must be an integer from 1 to 10000: got 0",
  },
  { fields: { ...one, concurrency: { max: 1 } }, message: "concurrency.ttlMs is missing" },
  { fields: { ...one, hold: { debt: "queue" } }, message: "hold.maxMs is missing" },
  {
    fields: { ...one, hold: { max: "1m", debt: "later" } },
    message: 'hold.debt must be one of queue, front: got "later"',
  },
];

/** Patterns that a table must not have, each with what the message about it contains. */
export const faultyPatterns = ["", "a b", "a*b", "**", "*x"] as const;

/** A table with all of them, each under a pattern of its own, and one policy that is legal. */
export const faultyTable: Readonly<Record<string, unknown>> = {
  legal: one,
  ...Object.fromEntries(policies.map(({ fields }, index) => [patternOf(index), fields])),
  ...Object.fromEntries(faultyPatterns.map((pattern) => [pattern, one])),
};

/** Each policy with its pattern in `faultyTable`. */
export const faultyPolicies: readonly (FaultyPolicy & { readonly pattern: string })[] =
  policies.map((policy, index) => Object.assign({ pattern: patternOf(index) }, policy));

function patternOf(index: number): string {
  return `fault:${index + 1}`;
}

/** The policies and patterns that no line of `lines` is about, as a message should be. */
export function unreported(lines: readonly string[]): string[] {
  const reports = (pattern: string, text: string): boolean => {
    return lines.some((line) => {
      return line.includes(`POLICIES.${JSON.stringify(pattern)}: `) && line.includes(text);
    });
  };
  return [
    ...faultyPolicies.flatMap(({ pattern, message }) => {
      return reports(pattern, message) ? [] : [`${pattern}: ${message}`];
    }),
    ...faultyPatterns.filter((pattern) => !reports(pattern, 'a pattern is "*"')),
  ];
}
