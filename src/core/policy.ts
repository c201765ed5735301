/**
 * A policy says how a bucket fills and how long its callers may queue.
 *
 * A bucket holds whole tokens, from none to `capacity`. Its daemon ticks every `refillIntervalMs`
 * and adds `refillTokens` a tick. The classic exercise, one token a second into a bucket of one,
 * is `{ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }`.
 *
 * The rest of the core never checks a number of a policy: a `Policy` that exists is legal.
 */
import { isRecord } from "./is-record.ts";

/** Lowest and highest legal value of each number of a policy, both inclusive. */
export const policyRanges = {
  /**
   * Tokens. Sums of 10,000 waiters stay far below 2^53, so all arithmetic with tokens and ticks is exact.
   * Instants may lie beyond it: see `MAX_REPORTED_MS` in token-bucket.ts.
   */
  capacity: { min: 1, max: 1_000_000_000 },
  /** Tokens a tick. May exceed the capacity: the surplus of a tick is dropped. */
  refillTokens: { min: 1, max: 1_000_000_000 },
  /** From 10 ms, about what a timer can keep, to a day. */
  refillIntervalMs: { min: 10, max: 86_400_000 },
  /** Tokens at the start; also at most `capacity`. */
  initialTokens: { min: 0, max: 1_000_000_000 },
  /** Callers. Held requests cost memory, about 85 KB each in an object of 128 MB or more. */
  queueLimit: { min: 0, max: 10_000 },
  /** Up to an hour: what a held connection can be trusted to last. */
  maxWaitMs: { min: 0, max: 3_600_000 },
} as const;

/** Lowest and highest legal value of each number of a policy's `lease`, both inclusive. */
export const leaseRanges = {
  /** Tokens. More than the capacity is as good as the capacity. */
  maxTokens: { min: 1, max: 1_000_000_000 },
  /**
   * From what some round trips to the object take, to what a Worker can be trusted to live on after it
   * has answered (30 seconds): it has to give back what is left.
   */
  ttlMs: { min: 100, max: 20_000 },
} as const;

/** Callers that may wait where a policy names no `queueLimit`. */
const DEFAULT_QUEUE_LIMIT = 1_000;
/** The longest wait, in milliseconds, where a policy names no `maxWaitMs`. */
const DEFAULT_MAX_WAIT_MS = 60_000;

/** The numbers of a policy as a person writes them; the optional ones have defaults. */
export interface PolicyFields {
  readonly capacity: number;
  readonly refillTokens: number;
  readonly refillIntervalMs: number;
  /** Default: `min(capacity, refillTokens)`, as if the first tick fell at the start. */
  readonly initialTokens?: number;
  /** Default: 1,000. */
  readonly queueLimit?: number;
  /** Default: 60,000. */
  readonly maxWaitMs?: number;
  /** Default: none, and no tokens are lent. `null` is as good as none. */
  readonly lease?: LeaseTerms | null;
}

/** How an isolate of the Worker may take tokens in advance (see lease-holder.ts). */
export interface LeaseTerms {
  /** Most tokens that an isolate holds of a bucket. */
  readonly maxTokens: number;
  /** For how long it may grant from them, in milliseconds, counted from when it asked. */
  readonly ttlMs: number;
}

/** The fields of a policy, complete; without a `lease` where none is allowed. */
export interface CompletePolicyFields extends Required<Omit<PolicyFields, "lease">> {
  readonly lease?: LeaseTerms;
}

/** One thing that is wrong, and where. `message` names the field, the value and the limit. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
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

/** Longest piece of a wrong value that a message repeats, in characters. */
const SHOWN_VALUE_LENGTH = 40;

/** A wrong value as a message shows it: JSON where it has any, shortened where it is long. */
export function showValue(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? typeof value);
  } catch {
    // A BigInt or a circle: JSON has no words for it.
    text = typeof value;
  }
  return text.length <= SHOWN_VALUE_LENGTH ? text : `${text.slice(0, SHOWN_VALUE_LENGTH)}…`;
}

/** Lowest and highest legal value, both inclusive. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Whether `value` is an integer within the limits. */
export function isIntegerWithin(value: unknown, { min, max }: Range): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

/** What is wrong with `value`, for a field that must be an integer within the limits. */
export function integerFault(field: string, value: unknown, { min, max }: Range): FieldFault {
  const message = `${field} must be an integer from ${min} to ${max}: got ${showValue(value)}`;
  return { field, message };
}

/** What is wrong with each of `fields` for itself, whichever of a policy's they are. */
export function fieldFaults(fields: Readonly<Record<string, unknown>>): FieldFault[] {
  const { lease, ...numbers } = fields;
  return [...numberFaults(numbers, policyRanges, [...numberNames, "lease"]), ...leaseFaults(lease)];
}

/** @param allowed All names that the message for an unknown one is to list. */
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

/** A policy, or every fault of what should have been one. */
export type PolicyCheck =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly faults: readonly FieldFault[] };

/**
 * The numbers of a bucket, checked and complete. Immutable.
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
  /** None where no tokens are lent. */
  readonly lease: LeaseTerms | undefined;
  /** Being private, it also makes the type nominal: no object literal passes for a `Policy`. */
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
   * @throws {RangeError} Where a number is missing, no integer or out of `policyRanges`, where
   * `initialTokens` exceeds `capacity`, or where a field is unknown; the message names every fault.
   */
  static of(fields: PolicyFields): Policy {
    const check = Policy.check({ ...fields });
    if (check.ok) return check.policy;
    const messages = check.faults.map((fault) => fault.message);
    throw new RangeError(`Illegal policy: ${messages.join("; ")}`);
  }

  /** `of` for numbers of unknown origin: the faults are a value. `undefined` is as good as missing. */
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
   * The numbers of this policy with `changes` laid over them, not yet checked.
   *
   * `initialTokens` follows: where `changes` leaves it out, a default stays the default of the new
   * numbers, and a number chosen before is cut to the new capacity.
   */
  merge(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const merged: Record<string, unknown> = { ...this.toJSON(), ...changes };
    if (changes["initialTokens"] === undefined) {
      const isDefault = this.initialTokens === Math.min(this.capacity, this.refillTokens);
      if (isDefault) delete merged["initialTokens"];
      else {
        const { capacity } = merged;
        // A faulty capacity is to be blamed for itself alone.
        const isCut = isIntegerWithin(capacity, { min: 1, max: this.initialTokens });
        merged["initialTokens"] = isCut ? capacity : this.initialTokens;
      }
    }
    return merged;
  }

  /** Whether `other` says the same. */
  equals(other: CompletePolicyFields | Policy): boolean {
    return (
      numberNames.every((field) => this[field] === other[field]) &&
      this.lease?.maxTokens === other.lease?.maxTokens &&
      this.lease?.ttlMs === other.lease?.ttlMs
    );
  }

  /** Milliseconds in which an empty bucket fills: whole ticks. */
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

/** The terms in a field that has no fault. */
function readLease(field: unknown): LeaseTerms | null {
  if (typeof field !== "object" || field === null) return null;
  const { maxTokens, ttlMs }: Partial<LeaseTerms> = field;
  return maxTokens === undefined || ttlMs === undefined ? null : { maxTokens, ttlMs };
}
