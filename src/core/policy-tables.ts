/**
 * What a policy may have besides its limits and its queue, each off by default: leases, holds, and how many
 * grants may be out at once. Each is a table of fields within the policy, given as a whole or not at all.
 *
 * A new one is a member of `PolicyTables` and a row of `policyTables`; the checks, the human units and the
 * comparison follow. People read of it in its words.
 */
import type { FieldTable, FieldWords, Given } from "./fields.ts";
import type { FieldFault } from "./values.ts";

import { areEqual, completeFields, nestedFaults } from "./fields.ts";
import { membersOf } from "./is-record.ts";

/** How an isolate of the Worker may take tokens in advance; see lease/lease-holder.ts. */
export interface LeaseTerms {
  /** The most tokens that an isolate holds of a bucket. */
  readonly maxTokens: number;
  /** How long it may grant from them, in milliseconds, counted from when it asked. */
  readonly ttlMs: number;
}

/** How callers may reserve tokens and settle later what they used; see holds/hold-call.ts. */
export interface HoldTerms {
  /** The longest hold, in milliseconds. */
  readonly maxMs: number;
  /**
   * When tokens that were used beyond what was reserved are taken: by `queue` after everybody who waits now,
   * by `front` at once.
   */
  readonly debt: "queue" | "front";
}

/** How many grants may be out at once. Each has a permit until it is released or its time is up. */
export interface ConcurrencyTerms {
  /** The most permits out at any instant. */
  readonly max: number;
  /** How long a permit lasts unless it is extended, in milliseconds. */
  readonly ttlMs: number;
  /** How long a permit outlives the session it was granted on, in milliseconds. */
  readonly graceMs: number;
}

/** The tables of a complete policy. One that is absent is off. */
export interface PolicyTables {
  readonly lease?: LeaseTerms;
  readonly hold?: HoldTerms;
  readonly concurrency?: ConcurrencyTerms;
}

/** The tables as a person writes them. One that is left out or `null` is off. */
export interface PolicyTablesInput {
  /** Default: no leases. */
  readonly lease?: LeaseTerms | null;
  /** Default: no holds. `debt` is `queue` by default. */
  readonly hold?: (Pick<HoldTerms, "maxMs"> & Partial<HoldTerms>) | null;
  /** Default: any number of grants at once. `graceMs` is 0 by default. */
  readonly concurrency?:
    | (Pick<ConcurrencyTerms, "max" | "ttlMs"> & Partial<ConcurrencyTerms>)
    | null;
}

/** What each number of a policy's `lease` may be. */
export const leaseFields = {
  /** More than the capacity has the effect of the capacity. */
  maxTokens: { min: 1, max: 1_000_000_000 },
  /**
   * The minimum is a few round trips to the object. The maximum stays below the 30 seconds for which a Worker
   * can be expected to run on after its response, because it still has to return what is left.
   */
  ttlMs: { min: 100, max: 20_000 },
} as const satisfies FieldTable<keyof LeaseTerms>;

/** What people read of each number of a policy's `lease`. */
export const leaseWords: FieldWords<keyof LeaseTerms> = {
  maxTokens: { unit: "tokens", description: "Maximum number of tokens an isolate holds" },
  ttlMs: {
    unit: "milliseconds",
    description: "How long the isolate may grant from them, in milliseconds",
  },
};

/** What each field of a policy's `hold` may be. */
export const holdFields = {
  /** At least several round trips; up to an hour, as the longest wait. */
  maxMs: { min: 1_000, max: 3_600_000 },
  debt: { oneOf: ["queue", "front"], default: "queue" },
} as const satisfies FieldTable<keyof HoldTerms>;

/** What people read of each field of a policy's `hold`. */
export const holdWords: FieldWords<keyof HoldTerms> = {
  maxMs: { unit: "milliseconds", description: "The longest hold, in milliseconds" },
  debt: {
    description:
      "When tokens used beyond the reserved ones are taken: `queue` after everybody who waits now, `front` at once",
  },
};

/** What each number of a policy's `concurrency` may be. */
export const concurrencyFields = {
  /** The same as the longest queue. */
  max: { min: 1, max: 10_000 },
  /** At least several round trips, since a holder has to extend in time; up to an hour, as the longest wait. */
  ttlMs: { min: 1_000, max: 3_600_000 },
  graceMs: { min: 0, max: 60_000, default: 0 },
} as const satisfies FieldTable<keyof ConcurrencyTerms>;

/** What people read of each number of a policy's `concurrency`. */
export const concurrencyWords: FieldWords<keyof ConcurrencyTerms> = {
  max: { unit: "permits", description: "Maximum number of permits held at once" },
  ttlMs: {
    unit: "milliseconds",
    description: "How long a permit lasts unless it is extended, in milliseconds",
  },
  graceMs: {
    unit: "milliseconds",
    description: "How long a permit outlives the session it was granted on, in milliseconds",
  },
};

/** The fields of each table, in the order in which messages name the tables. */
export const policyTables = {
  lease: leaseFields,
  hold: holdFields,
  concurrency: concurrencyFields,
} as const satisfies Record<keyof PolicyTables, FieldTable<string>>;

/** What is wrong with each table on its own. */
export function tableFaults(given: Given): FieldFault[] {
  return Object.entries(policyTables).flatMap(([name, fields]) => {
    return nestedFaults(name, fields, given[name]);
  });
}

/** What doesn't go together: an isolate grants from its lease without asking anybody how many are out. */
export function tableCombinationFaults({ lease, concurrency }: Given): FieldFault[] {
  if (!isGiven(lease) || !isGiven(concurrency)) return [];
  const message = `concurrency cannot be combined with lease: leave out one of them, in a PUT by "lease": null`;
  return [{ field: "concurrency", message }];
}

/** The tables that are given and legal, frozen, with their defaults. */
export function completeTables(given: Given): PolicyTables {
  const lease = completeFields(leaseFields, membersOf(given["lease"]));
  const hold = completeFields(holdFields, membersOf(given["hold"]));
  const concurrency = completeFields(concurrencyFields, membersOf(given["concurrency"]));
  return {
    ...(lease && { lease: Object.freeze(lease) }),
    ...(hold && { hold: Object.freeze(hold) }),
    ...(concurrency && { concurrency: Object.freeze(concurrency) }),
  };
}

/** Whether both have the same tables. */
export function areTablesEqual(one: PolicyTables, other: PolicyTables): boolean {
  return (
    areEqual(leaseFields, one.lease, other.lease) &&
    areEqual(holdFields, one.hold, other.hold) &&
    areEqual(concurrencyFields, one.concurrency, other.concurrency)
  );
}

/** The given fields without the tables. */
export function withoutTables(given: Given): Record<string, unknown> {
  const others = Object.entries(given).filter(([name]) => !Object.hasOwn(policyTables, name));
  return Object.fromEntries(others);
}

function isGiven(table: unknown): boolean {
  return table !== undefined && table !== null;
}
