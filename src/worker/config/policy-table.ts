/**
 * Which policy a bucket has: the table `[vars.POLICIES]` of the configuration, checked as a whole.
 *
 * A policy is configured under a pattern: a bucket's name, a prefix followed by `*`, or `*` alone. The exact
 * name wins, then the longest prefix. A table with any fault is rejected entirely.
 */
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { Policy } from "../../core/policy.ts";
import { showValue } from "../../core/values.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { isRecord } from "../../core/is-record.ts";

/** The rule in words, for messages. */
export const BUCKET_PATTERN_RULE = `a pattern is "*", or a bucket's name or prefix: ${BUCKET_NAME_RULE}`;

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
    const faults: string[] = [];
    for (const [pattern, fields] of Object.entries(readTable(configured))) {
      const entry = readEntry(pattern, fields);
      if (!entry.ok) {
        faults.push(...entry.faults.map((fault) => `POLICIES.${showValue(pattern)}: ${fault}`));
      } else if (isPrefix(pattern)) {
        this.#byPrefix.push(entry.policy);
      } else {
        this.#exact.set(pattern, entry.policy);
      }
    }
    if (faults.length > 0) throw new RangeError(faults.join("; "));
    this.#byPrefix.sort((a, b) => b.name.length - a.name.length);
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

function readTable(configured: unknown): Record<string, unknown> {
  let table = configured;
  if (typeof configured === "string") {
    try {
      table = JSON.parse(configured);
    } catch {
      throw new RangeError(`POLICIES is not JSON: got ${showValue(configured)}`);
    }
  }
  if (!isRecord(table)) {
    throw new RangeError(
      `POLICIES must be a table of policies by pattern: got ${showValue(table)}`,
    );
  }
  return table;
}

function readEntry(
  pattern: string,
  fields: unknown,
): { ok: true; policy: NamedPolicyFields } | { ok: false; faults: string[] } {
  if (!isBucketPattern(pattern)) return { ok: false, faults: [BUCKET_PATTERN_RULE] };
  if (!isRecord(fields)) {
    return { ok: false, faults: [`must be a table of numbers: got ${showValue(fields)}`] };
  }
  const check = Policy.check(fields);
  return check.ok
    ? { ok: true, policy: { name: pattern, ...check.policy.toJSON() } }
    : { ok: false, faults: check.faults.map((fault) => fault.message) };
}
