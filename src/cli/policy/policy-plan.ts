/** What a file would change of the policies in force, once it is deployed. */
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { KnownOverride } from "../../protocol/known-override.ts";
import type { KnownPolicies } from "../../protocol/known-policies.ts";

import { includesPattern } from "../../worker/config/policy-table.ts";
import { raisedCalendars, type RaisedCalendar } from "./effect.ts";
import { changesBetween, policyOf, type PolicyRows } from "./policy-rows.ts";

/** What a pattern stands for before and after. */
export interface ChangedPolicy {
  readonly pattern: string;
  readonly changes: readonly string[];
  /** Calendar limits whose capacity is raised. */
  readonly raised: readonly RaisedCalendar[];
}

/** A bucket for which another policy would be configured. */
export interface ConcernedBucket {
  /** As now configured. */
  readonly before: NamedPolicyFields;
  /** As configured by the file; `undefined` if nothing in it matches the bucket. */
  readonly after: NamedPolicyFields | undefined;
}

/** A plan: what differs, by pattern. */
export class PolicyPlan {
  readonly added: PolicyRows;
  readonly removed: PolicyRows;
  readonly changed: readonly ChangedPolicy[];
  /** Patterns of the file that the key may not see; nothing is said of them. */
  readonly outside: readonly string[];
  /** Overrides that keep a change from their bucket. */
  readonly hidden: readonly KnownOverride[];
  readonly #before: PolicyRows;
  readonly #after: PolicyRows;

  /** @param rows Of the file. */
  constructor({ buckets, policies, overrides }: KnownPolicies, rows: PolicyRows) {
    const isSeen = ({ name }: NamedPolicyFields): boolean => {
      return buckets.some((pattern) => includesPattern(pattern, name));
    };
    this.#before = policies;
    this.#after = rows.filter(isSeen);
    this.outside = rows.filter((row) => !isSeen(row)).map(({ name }) => name);
    this.added = this.#after.filter(({ name }) => !rowNamed(policies, name));
    this.removed = policies.filter(({ name }) => !rowNamed(this.#after, name));
    this.changed = policies.flatMap((before) => {
      const after = rowNamed(this.#after, before.name);
      if (!after) return [];
      const changes = changesBetween(before, after);
      const raised = raisedCalendars(before, after);
      return changes.length > 0 ? [{ pattern: before.name, changes, raised }] : [];
    });
    this.hidden = overrides.filter(({ bucket }) => this.concerned(bucket) !== undefined);
  }

  /** Whether the file is what is in force. */
  get isEmpty(): boolean {
    return this.added.length + this.removed.length + this.changed.length === 0;
  }

  /** What the plan means for a bucket without an override; `undefined` if nothing, or if the key may not see it. */
  concerned(bucket: string): ConcernedBucket | undefined {
    const [before, after] = [policyOf(this.#before, bucket), policyOf(this.#after, bucket)];
    if (!before) return undefined;
    const isSame = after !== undefined && changesBetween(before, after).length === 0;
    return isSame ? undefined : { before, after };
  }
}

function rowNamed(rows: PolicyRows, name: string): NamedPolicyFields | undefined {
  return rows.find((row) => row.name === name);
}
