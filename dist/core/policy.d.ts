/**
 * A policy says what a bucket's limits are and how long its callers may queue.
 *
 * Its first limit is called `rate`, and its fields are the policy's own. The classic exercise, one token a
 * second into a bucket of one, is `{ capacity: 1, refillTokens: 1, refillIntervalMs: 1000 }`. Further limits
 * are in `limits`, by name.
 *
 * The rest of the core never validates a policy: a `Policy` that exists is legal.
 */
import type { FieldWords } from "./fields.ts";
import type { CalendarInput, CompleteLimitFields, LimitInput, TokenBucketInput } from "./limits/kinds.ts";
import type { LimitSpec } from "./limits/limit.ts";
import type { TimeZones } from "./limits/time-zones.ts";
import type { ConcurrencyTerms, HoldTerms, LeaseTerms, PolicyTables, PolicyTablesInput } from "./policy-tables.ts";
import type { FieldFault } from "./values.ts";
/** What a policy has besides its first limit, as a person writes it. */
export interface PolicyOptions extends PolicyTablesInput {
    /** Default: 1,000. */
    readonly queueLimit?: number;
    /** Default: 60,000. */
    readonly maxWaitMs?: number;
    /**
     * How long after it was last used a bucket is forgotten, in milliseconds. Default: never. No bucket with an override
     * is, whatever that says.
     */
    readonly forgetAfterMs?: number;
    /** Further limits, by name: up to 7, each taken from together with the first. */
    readonly limits?: Readonly<Record<string, LimitInput>>;
}
/** The fields of a policy as a person writes them. Optional ones have defaults. */
export type PolicyFields = LimitInput & PolicyOptions;
/** What a change of a policy names. What it leaves out stays as it is. */
export type PolicyChanges = (Partial<TokenBucketInput> | Partial<CalendarInput>) & Omit<PolicyOptions, "limits"> & {
    /** Each named limit is replaced as a whole, and removed by `null`; the others stay. */
    readonly limits?: Readonly<Record<string, LimitInput | null>> | null;
};
/** How many callers may queue, and how long. */
interface QueueFields {
    readonly queueLimit: number;
    readonly maxWaitMs: number;
}
/** What becomes of a bucket that nobody uses. */
interface KeepingFields {
    /** Absent if it is kept for good. */
    readonly forgetAfterMs?: number;
}
/** All fields of a policy. */
export type CompletePolicyFields = CompleteLimitFields & QueueFields & KeepingFields & PolicyTables & {
    /** Absent if the first limit is the only one. */
    readonly limits?: Readonly<Record<string, CompleteLimitFields>>;
};
/** How many limits a policy may have besides the first: each makes every step of a forecast longer. */
export declare const MAX_FURTHER_LIMITS = 7;
/** What each number about the queue may be. */
export declare const queueFields: {
    /** A held request costs about 85 KB of an object's memory, of which there are 128 MB or more. */
    readonly queueLimit: {
        readonly min: 0;
        readonly max: 10000;
        readonly default: 1000;
    };
    /** Up to an hour, about as long as a held connection can be expected to last. */
    readonly maxWaitMs: {
        readonly min: 0;
        readonly max: 3600000;
        readonly default: 60000;
    };
};
/** What people read of each number about the queue. */
export declare const queueWords: FieldWords<keyof QueueFields>;
/** What each number about keeping a bucket may be. All of them may be left out, and then nothing is forgotten. */
export declare const keepingFields: {
    /** From a minute, so that a bucket isn't made anew for each of its callers, to 30 days. */
    readonly forgetAfterMs: {
        readonly min: 60000;
        readonly max: 2592000000;
    };
};
/** What people read of each number about keeping a bucket. */
export declare const keepingWords: FieldWords<keyof KeepingFields>;
/**
 * What is wrong with each of `changes` on its own, no matter which fields a policy has: ranges, unknown
 * names, fields of two kinds of limits. Further limits are complete, or `null`.
 */
export declare function fieldFaults(changes: Readonly<Record<string, unknown>>): FieldFault[];
/** A policy, or every fault found in what was given. */
export type PolicyCheck = {
    readonly ok: true;
    readonly policy: Policy;
} | {
    readonly ok: false;
    readonly faults: readonly FieldFault[];
};
/**
 * A bucket's limits and queue, checked and complete. Immutable.
 *
 * @example
 * const perSecond = Policy.of({ capacity: 10, refillTokens: 5, refillIntervalMs: 1000 });
 * perSecond.initialTokens; // 5
 */
export declare class Policy {
    #private;
    /** Of the first limit. */
    readonly capacity: number;
    /** Of the first limit. */
    readonly initialTokens: number;
    readonly queueLimit: number;
    readonly maxWaitMs: number;
    /** `undefined` if buckets are kept for good. */
    readonly forgetAfterMs: number | undefined;
    /** `undefined` if leases are off. */
    readonly lease: LeaseTerms | undefined;
    /** `undefined` if holds are off. */
    readonly hold: HoldTerms | undefined;
    /** `undefined` if any number of grants may be out at once. */
    readonly concurrency: ConcurrencyTerms | undefined;
    /** What the bucket holds callers to, in order: the first limit, and the others by name. */
    readonly limits: readonly LimitSpec[];
    private constructor();
    /**
     * Builds a policy.
     *
     * @param zones Where time zones come from; without it, calendars are in UTC.
     * @throws {RangeError} If a field is missing, illegal or unknown, if `initialTokens` exceeds `capacity`, or
     * if `lease` is combined with a calendar, further limits or `concurrency`. The message names every fault.
     */
    static of(fields: PolicyFields, zones?: TimeZones): Policy;
    /**
     * `of` for untrusted input: faults are a value. A field that is `undefined` counts as missing.
     */
    static check(fields: Readonly<Record<string, unknown>>, zones?: TimeZones): PolicyCheck;
    /**
     * The fields of this policy with `changes` applied, not yet checked.
     *
     * `initialTokens` follows along: if `changes` leaves it out, a default becomes the default of the new
     * fields, and an explicit number is cut to the new capacity. `every` makes the first limit a calendar, and
     * refill fields make it a token bucket; the fields of the other kind go. Of `limits`, those named are
     * replaced or, by `null`, removed.
     */
    merge(changes: Readonly<Record<string, unknown>>): Record<string, unknown>;
    /** Whether `other` says the same. */
    equals(other: CompletePolicyFields | Policy): boolean;
    /** All fields, as `Policy.of` takes them. */
    toJSON(): CompletePolicyFields;
}
export {};
