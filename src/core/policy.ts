/**
 * A policy says how a bucket fills and how long its callers may queue.
 *
 * A bucket holds whole tokens, from 0 to `capacity`. It ticks every `refillIntervalMs`, and each tick
 * adds `refillTokens`. The classic exercise, one token a second into a bucket of one, is `{ capacity:
 * 1, refillTokens: 1, refillIntervalMs: 1000 }`.
 *
 * The rest of the core never validates a policy: a `Policy` that exists is legal.
 */
import type { FieldFault, Range } from "./values.ts";

import { isRecord } from "./is-record.ts";
import { integerFault, isIntegerWithin, showValue } from "./values.ts";

/** The legal range of each number of a policy, both ends inclusive. */
export const policyRanges = {
  /**
   * Tokens. Sums over 10,000 waiters stay far below 2^53, so all arithmetic with tokens and ticks is
   * exact. Instants may go beyond it: see `MAX_REPORTED_MS` in token-bucket.ts.
   */
  capacity: { min: 1, max: 1_000_000_000 },
  /** Tokens per tick. May exceed the capacity: a tick's surplus is dropped. */
  refillTokens: { min: 1, max: 1_000_000_000 },
  /** Milliseconds: from 10, about the best a timer can do, to a day. */
  refillIntervalMs: { min: 10, max: 86_400_000 },
  /** Tokens at the start; also at most `capacity`. */
  initialTokens: { min: 0, max: 1_000_000_000 },
  /**
   * Callers. A held request costs about 85 KB of an object's memory, of which there are 128 MB or more.
   */
  queueLimit: { min: 0, max: 10_000 },
  /** Milliseconds: up to an hour, about as long as a held connection can be expected to last. */
  maxWaitMs: { min: 0, max: 3_600_000 },
} as const;

/** The legal range of each number of a policy's `lease`, both ends inclusive. */
export const leaseRanges = {
  /** Tokens. More than the capacity has the effect of the capacity. */
  maxTokens: { min: 1, max: 1_000_000_000 },
  /**
   * Milliseconds. The minimum is a few round trips to the object. The maximum stays below the 30
   * seconds for which a Worker can be expected to run on after its response, because it still has to
   * return what is left.
   */
  ttlMs: { min: 100, max: 20_000 },
} as const;

/** Callers that may wait if a policy sets no `queueLimit`. */
const DEFAULT_QUEUE_LIMIT = 1_000;
/** The longest wait, in milliseconds, if a policy sets no `maxWaitMs`. */
const DEFAULT_MAX_WAIT_MS = 60_000;

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

/** All fields of a policy; `lease` is absent if leases are off. */
export interface CompletePolicyFields extends Required<Omit<PolicyFields, "lease">> {
  readonly lease?: LeaseTerms;
}

type NumberName = keyof typeof policyRanges;

const numberNames = [
  "capacity",
  "refillTokens",
  "refillIntervalMs",
  "initialTokens",
  "queueLimit",
  "maxWaitMs",
] as const satisfies readonly NumberName[];
const requiredFields = ["capacity", "refillTokens", "refillIntervalMs"] as const;

/** What is wrong with each of `fields` on its own, no matter which fields of a policy are given. */
export function fieldFaults(fields: Readonly<Record<string, unknown>>): FieldFault[] {
  const { lease, ...numbers } = fields;
  return [...numberFaults(numbers, policyRanges, [...numberNames, "lease"]), ...leaseFaults(lease)];
}

/** @param allowed The names to list in the message about an unknown one. */
function numberFaults(
  fields: Readonly<Record<string, unknown>>,
  limitsOf: Readonly<Record<string, Range>>,
  allowed: readonly string[],
  prefix = "",
): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [name, limits] of Object.entries(limitsOf)) {
    const value = fields[name];
    if (value !== undefined && !isIntegerWithin(value, limits)) {
      faults.push(integerFault(prefix + name, value, limits));
    }
  }
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(limitsOf, name)) continue;
    const message = `${showValue(prefix + name)} is not one of ${allowed.join(", ")}`;
    faults.push({ field: prefix + name, message });
  }
  return faults;
}

function leaseFaults(lease: unknown): FieldFault[] {
  if (lease === undefined || lease === null) return [];
  if (!isRecord(lease)) {
    const message = `lease must be a table of maxTokens and ttlMs: got ${showValue(lease)}`;
    return [{ field: "lease", message }];
  }
  const names = Object.keys(leaseRanges);
  const missing = names.filter((name) => lease[name] === undefined);
  return [
    ...numberFaults(
      lease,
      leaseRanges,
      names.map((name) => `lease.${name}`),
      "lease.",
    ),
    ...missing.map((name) => ({ field: `lease.${name}`, message: `lease.${name} is missing` })),
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
  /** A private field also makes the type nominal: no object literal passes for a `Policy`. */
  readonly #fillTimeMs: number;

  private constructor(fields: PolicyFields) {
    this.capacity = fields.capacity;
    this.refillTokens = fields.refillTokens;
    this.refillIntervalMs = fields.refillIntervalMs;
    this.initialTokens = fields.initialTokens ?? Math.min(fields.capacity, fields.refillTokens);
    this.queueLimit = fields.queueLimit ?? DEFAULT_QUEUE_LIMIT;
    this.maxWaitMs = fields.maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
    this.lease = fields.lease ? Object.freeze({ ...fields.lease }) : undefined;
    this.#fillTimeMs = Math.ceil(this.capacity / this.refillTokens) * this.refillIntervalMs;
    Object.freeze(this);
  }

  /**
   * Builds a policy.
   *
   * @throws {RangeError} If a number is missing, not an integer or outside `policyRanges`, if
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
    const numbers: Partial<Record<NumberName, number>> = {};
    for (const field of numberNames) {
      const value = fields[field];
      if (isIntegerWithin(value, policyRanges[field])) numbers[field] = value;
    }
    const missing = requiredFields.filter((field) => fields[field] === undefined);
    const faults = [
      ...fieldFaults(fields),
      ...missing.map((field) => ({ field, message: `${field} is missing` })),
    ];
    const { capacity, refillTokens, refillIntervalMs, initialTokens = 0 } = numbers;
    if (capacity !== undefined && initialTokens > capacity) {
      const message = `initialTokens must be at most the capacity, ${capacity}: got ${initialTokens}`;
      faults.push({ field: "initialTokens", message });
    }
    const isComplete =
      capacity !== undefined && refillTokens !== undefined && refillIntervalMs !== undefined;
    if (!isComplete || faults.length > 0) return { ok: false, faults };
    const lease = readLease(fields["lease"]);
    const policy = new Policy({ ...numbers, capacity, refillTokens, refillIntervalMs, lease });
    return { ok: true, policy };
  }

  /**
   * The numbers of this policy with `changes` applied, not yet checked.
   *
   * `initialTokens` follows along: if `changes` leaves it out, a default becomes the default of the new
   * numbers, and an explicit number is cut to the new capacity.
   */
  merge(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const merged: Record<string, unknown> = { ...this.toJSON(), ...changes };
    if (changes["initialTokens"] === undefined) {
      const isDefault = this.initialTokens === Math.min(this.capacity, this.refillTokens);
      if (isDefault) delete merged["initialTokens"];
      else {
        const { capacity } = merged;
        // A faulty capacity gets one fault, not a second one about initialTokens.
        const isCut = isIntegerWithin(capacity, { min: 1, max: this.initialTokens });
        merged["initialTokens"] = isCut ? capacity : this.initialTokens;
      }
    }
    return merged;
  }

  /** Whether `other` has the same numbers. */
  equals(other: CompletePolicyFields | Policy): boolean {
    return (
      numberNames.every((field) => this[field] === other[field]) &&
      this.lease?.maxTokens === other.lease?.maxTokens &&
      this.lease?.ttlMs === other.lease?.ttlMs
    );
  }

  /** Milliseconds in which an empty bucket fills, in whole ticks. */
  get fillTimeMs(): number {
    return this.#fillTimeMs;
  }

  /** All fields, as `Policy.of` takes them. */
  toJSON(): CompletePolicyFields {
    const { capacity, refillTokens, refillIntervalMs, initialTokens, queueLimit, maxWaitMs } = this;
    const numbers = { capacity, refillTokens, refillIntervalMs, initialTokens };
    return { ...numbers, queueLimit, maxWaitMs, ...(this.lease && { lease: this.lease }) };
  }
}

/** The terms in a field known to be free of faults. */
function readLease(field: unknown): LeaseTerms | null {
  if (typeof field !== "object" || field === null) return null;
  const { maxTokens, ttlMs }: Partial<LeaseTerms> = field;
  return maxTokens === undefined || ttlMs === undefined ? null : { maxTokens, ttlMs };
}
