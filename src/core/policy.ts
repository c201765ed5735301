/**
 * A policy says how a bucket fills and how long its callers may queue.
 *
 * A bucket holds whole tokens, from 0 to `capacity`. It ticks every `refillIntervalMs`, and each tick
 * adds `refillTokens`. The classic exercise, one token a second into a bucket of one, is `{ capacity:
 * 1, refillTokens: 1, refillIntervalMs: 1000 }`.
 *
 * The rest of the core never validates a policy: a `Policy` that exists is legal.
 */
import type { FieldTable, FieldWords } from "./fields.ts";
import type { TokenBucketFields } from "./limits/token-bucket.ts";
import type { FieldFault } from "./values.ts";

import {
  areEqual,
  completeFields,
  excessFaults,
  mergeFields,
  missingFaults,
  nestedFaults,
  rangeFaults,
} from "./fields.ts";
import { type LimitSpec, limitSpec } from "./limits/limit.ts";
import { tokenBucket, tokenBucketFields } from "./limits/token-bucket.ts";
import { membersOf } from "./is-record.ts";

/** The numbers of a policy as a person writes them. Optional ones have defaults. */
export interface PolicyFields {
  readonly capacity: number;
  readonly refillTokens: number;
  readonly refillIntervalMs: number;
  /** Default: `min(capacity, refillTokens)`, as if the first tick fell on the start. */
  readonly initialTokens?: number;
  /** Default: 1,000. */
  readonly queueLimit?: number;
  /** Default: 60,000. */
  readonly maxWaitMs?: number;
  /** Default: no leases. `null` means the same. */
  readonly lease?: LeaseTerms | null;
}

/** How an isolate of the Worker may take tokens in advance; see lease/lease-holder.ts. */
export interface LeaseTerms {
  /** The most tokens that an isolate holds of a bucket. */
  readonly maxTokens: number;
  /** How long it may grant from them, in milliseconds, counted from when it asked. */
  readonly ttlMs: number;
}

/** How many callers may queue, and how long. */
interface QueueFields {
  readonly queueLimit: number;
  readonly maxWaitMs: number;
}

/** All fields of a policy; `lease` is absent if leases are off. */
export interface CompletePolicyFields extends TokenBucketFields, QueueFields {
  readonly lease?: LeaseTerms;
}

/** What each number about the queue may be. */
export const queueFields = {
  /** A held request costs about 85 KB of an object's memory, of which there are 128 MB or more. */
  queueLimit: { min: 0, max: 10_000, default: 1_000 },
  /** Up to an hour, about as long as a held connection can be expected to last. */
  maxWaitMs: { min: 0, max: 3_600_000, default: 60_000 },
} as const satisfies FieldTable<keyof QueueFields>;

/** What people read of each number about the queue. */
export const queueWords: FieldWords<keyof QueueFields> = {
  queueLimit: { unit: "callers", description: "Maximum number of waiting callers" },
  maxWaitMs: { unit: "milliseconds", description: "The longest wait, in milliseconds" },
};

type PolicyTable = typeof tokenBucketFields & typeof queueFields;

/** What each number of a policy may be. A function, because no bundler drops an object made of others. */
export function policyFields(): PolicyTable {
  return { ...tokenBucketFields, ...queueFields };
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

/** What is wrong with each of `fields` on its own, no matter which fields of a policy are given. */
export function fieldFaults(fields: Readonly<Record<string, unknown>>): FieldFault[] {
  const { lease, ...numbers } = fields;
  const table = policyFields();
  return [
    ...rangeFaults(table, numbers, [...Object.keys(table), "lease"]),
    ...nestedFaults("lease", leaseFields, lease),
  ];
}

/** A policy, or every fault found in what was given. */
export type PolicyCheck =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly faults: readonly FieldFault[] };

/**
 * A bucket's numbers, checked and complete. Immutable.
 *
 * @example
 * const perSecond = Policy.of({ capacity: 10, refillTokens: 5, refillIntervalMs: 1000 });
 * perSecond.initialTokens; // 5
 */
export class Policy {
  readonly capacity: number;
  readonly refillTokens: number;
  readonly refillIntervalMs: number;
  readonly initialTokens: number;
  readonly queueLimit: number;
  readonly maxWaitMs: number;
  /** `undefined` if leases are off. */
  readonly lease: LeaseTerms | undefined;
  /** What the bucket holds callers to, in order. */
  readonly limits: readonly LimitSpec[];
  /** Milliseconds in which an empty bucket fills, in whole ticks. */
  readonly fillTimeMs: number;
  /** A private field also makes the type nominal: no object literal passes for a `Policy`. */
  readonly #fields: CompletePolicyFields;

  private constructor(fields: CompletePolicyFields) {
    this.#fields = Object.freeze(fields);
    this.capacity = fields.capacity;
    this.refillTokens = fields.refillTokens;
    this.refillIntervalMs = fields.refillIntervalMs;
    this.initialTokens = fields.initialTokens;
    this.queueLimit = fields.queueLimit;
    this.maxWaitMs = fields.maxWaitMs;
    this.lease = fields.lease && Object.freeze(fields.lease);
    this.limits = Object.freeze([limitSpec("rate", tokenBucket, this)]);
    this.fillTimeMs = Math.ceil(this.capacity / this.refillTokens) * this.refillIntervalMs;
    Object.freeze(this);
  }

  /**
   * Builds a policy.
   *
   * @throws {RangeError} If a number is missing, not an integer or outside its range in `policyFields`, if
   * `initialTokens` exceeds `capacity`, or if a field is unknown. The message names every fault.
   */
  static of(fields: PolicyFields): Policy {
    const check = Policy.check({ ...fields });
    if (check.ok) return check.policy;
    const messages = check.faults.map((fault) => fault.message);
    throw new RangeError(`Illegal policy: ${messages.join("; ")}`);
  }

  /**
   * `of` for untrusted input: faults are a value. A field that is `undefined` counts as missing.
   */
  static check(fields: Readonly<Record<string, unknown>>): PolicyCheck {
    const { lease, ...given } = fields;
    const table = policyFields();
    const faults = [
      ...fieldFaults(fields),
      ...missingFaults(table, given),
      ...excessFaults(table, given),
    ];
    const numbers = completeFields(table, given);
    if (!numbers || faults.length > 0) return { ok: false, faults };
    const terms = completeFields(leaseFields, membersOf(lease));
    return { ok: true, policy: new Policy({ ...numbers, ...(terms && { lease: terms }) }) };
  }

  /**
   * The numbers of this policy with `changes` applied, not yet checked.
   *
   * `initialTokens` follows along: if `changes` leaves it out, a default becomes the default of the new
   * numbers, and an explicit number is cut to the new capacity.
   */
  merge(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return mergeFields(policyFields(), this.toJSON(), changes);
  }

  /** Whether `other` has the same numbers. */
  equals(other: CompletePolicyFields | Policy): boolean {
    return areEqual(policyFields(), this, other) && areEqual(leaseFields, this.lease, other.lease);
  }

  /** All fields, as `Policy.of` takes them. */
  toJSON(): CompletePolicyFields {
    return this.#fields;
  }
}
