/**
 * Which policy a bucket has: the table `[vars.POLICIES]` of the configuration, checked as a whole.
 *
 * A policy is configured under a pattern: a bucket's name, a prefix followed by `*`, or `*` alone. The exact
 * name wins, then the longest prefix. A table with any fault is rejected entirely.
 */
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { showValue } from "../../core/values.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { isRecord } from "../../core/is-record.ts";
import { checkWrittenPolicy } from "../../core/written-policy.ts";
import { timeZones } from "../../time-zones.ts";

/** The rule in words, for messages. */
export const BUCKET_PATTERN_RULE = `a pattern is "*", or a bucket's name, or a prefix with "*" at its end and nowhere else: ${BUCKET_NAME_RULE}`;

/** Whether `value` is a legal pattern. */
export function isBucketPattern(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return value === "*" || isBucketName(isPrefix(value) ? prefixOf(value) : value);
}

/** Whether the pattern stands for all names with a prefix, rather than for one name. */
function isPrefix(pattern: string): boolean {
  return pattern.endsWith("*");
}

/** Whether the pattern matches the bucket `name`. */
export function matchesPattern(pattern: string, name: string): boolean {
  return isPrefix(pattern) ? name.startsWith(prefixOf(pattern)) : name === pattern;
}

/** Whether every name that `inner` can stand for matches `outer`. */
export function includesPattern(outer: string, inner: string): boolean {
  if (!isPrefix(outer)) return inner === outer;
  return (isPrefix(inner) ? prefixOf(inner) : inner).startsWith(prefixOf(outer));
}

function prefixOf(pattern: string): string {
  return pattern.slice(0, -1);
}

/** The configured policies by pattern. */
export class PolicyTable {
  readonly #exact = new Map<string, NamedPolicyFields>();
  /** Policies of prefixes, the longest first. */
  readonly #byPrefix: NamedPolicyFields[] = [];

  /**
   * Reads the table from the configuration: an object, or the same as JSON text, which is what `wrangler dev
   * --var` passes.
   *
   * @throws {RangeError} If the table is missing or illegal in any way; the message lists every fault by
   * name.
   */
  constructor(configured: unknown) {
    const { policies, faults } = readPolicies(configured);
    if (faults.length > 0) throw new RangeError(faults.join("; "));
    for (const { policy } of policies) {
      if (isPrefix(policy.name)) this.#byPrefix.push(policy);
      else this.#exact.set(policy.name, policy);
    }
    this.#byPrefix.sort((a, b) => b.name.length - a.name.length);
  }

  /** The policies, those of exact names first, and the longer prefixes before the shorter ones. */
  *[Symbol.iterator](): Iterator<NamedPolicyFields> {
    yield* this.#exact.values();
    yield* this.#byPrefix;
  }

  /** Names of the buckets that have a policy under their exact name. */
  exactNames(): Iterable<string> {
    return this.#exact.keys();
  }

  /** The policy of the bucket `name`; `undefined` if no pattern matches it. */
  find(name: string): NamedPolicyFields | undefined {
    const exact = this.#exact.get(name);
    if (exact) return exact;
    for (const policy of this.#byPrefix) if (matchesPattern(policy.name, name)) return policy;
    return undefined;
  }
}

/** A configured policy. */
interface ConfiguredPolicy {
  readonly policy: NamedPolicyFields;
  /** What each field in human units stands for, in one line, by its name. */
  readonly shown: ReadonlyMap<string, string>;
}

/**
 * The configured policies that are legal, and everything that is wrong with the others.
 *
 * @param configured As for `PolicyTable`.
 */
export function readPolicies(configured: unknown): {
  readonly policies: readonly ConfiguredPolicy[];
  readonly faults: readonly string[];
} {
  const policies: ConfiguredPolicy[] = [];
  const faults: string[] = [];
  const table = readTable(configured);
  if (typeof table === "string") return { policies, faults: [table] };
  for (const [pattern, fields] of Object.entries(table)) {
    const entry = readEntry(pattern, fields);
    if (entry.ok) policies.push(entry);
    else faults.push(...entry.faults.map((fault) => `POLICIES.${showValue(pattern)}: ${fault}`));
  }
  return { policies, faults };
}

/** The table, or what is wrong with all of it. */
function readTable(configured: unknown): Record<string, unknown> | string {
  let table = configured;
  if (typeof configured === "string") {
    try {
      table = JSON.parse(configured);
    } catch {
      return `POLICIES is not JSON: got ${showValue(configured)}`;
    }
  }
  return isRecord(table)
    ? table
    : `POLICIES must be a table of policies by pattern: got ${showValue(table)}`;
}

function readEntry(
  pattern: string,
  fields: unknown,
): ({ readonly ok: true } & ConfiguredPolicy) | { readonly ok: false; readonly faults: string[] } {
  if (!isBucketPattern(pattern)) return { ok: false, faults: [BUCKET_PATTERN_RULE] };
  if (!isRecord(fields)) {
    return { ok: false, faults: [`must be a table of fields: got ${showValue(fields)}`] };
  }
  const check = checkWrittenPolicy(fields, timeZones);
  if (!check.ok) return { ok: false, faults: check.faults.map(({ message }) => message) };
  const { policy, shown } = check;
  return { ok: true, policy: { name: pattern, ...policy.toJSON() }, shown };
}
