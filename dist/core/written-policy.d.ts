/**
 * A policy as people write it: in numbers, or in human units (human-units.ts). Everything that takes a policy
 * from somebody goes through here, and nothing behind it does.
 */
import type { CompiledPolicy } from "./human-units.ts";
import type { CalendarInput, TokenBucketInput } from "./limits/kinds.ts";
import type { TimeZones } from "./limits/time-zones.ts";
import type { PolicyOptions } from "./policy.ts";
import type { ConcurrencyTerms, HoldTerms, LeaseTerms, PolicyTables } from "./policy-tables.ts";
import type { FieldFault } from "./values.ts";
import { Policy } from "./policy.ts";
/** A number and a unit, such as `"250ms"`, `"1.5s"` or `"2h"`. A day is 24 hours. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;
/** The most tokens in any window of a length, such as `"100/1m"`. */
export type WindowLimitText = `${number}/${Duration}`;
/** A field in milliseconds, or under the name without `Ms` as a duration; not both. */
type InMs<Name extends string> = ({
    readonly [N in `${Name}Ms`]: number;
} & Absent<Name>) | ({
    readonly [N in Name]: Duration;
} & Absent<`${Name}Ms`>);
type Absent<Name extends string> = {
    readonly [N in Name]?: undefined;
};
/** A limit that stands for the numbers of a token bucket. */
type WrittenWindowLimit = Absent<keyof TokenBucketInput | "refillInterval"> & {
    readonly limit: WindowLimitText;
    /** The most tokens granted at once, below the limit. Default: a tenth of it, at least 1. */
    readonly burst?: number;
};
/** A limit as a person writes it. */
export type WrittenLimit = WrittenWindowLimit | (Omit<TokenBucketInput, "refillIntervalMs"> & InMs<"refillInterval"> & Absent<"limit" | "burst">) | (CalendarInput & Absent<"limit" | "burst" | "refillInterval">);
/** What a policy has besides its first limit, as a person writes it. */
export interface WrittenOptions extends Omit<PolicyOptions, keyof PolicyTables | "limits"> {
    /** The longest wait, instead of `maxWaitMs`. */
    readonly maxWait?: Duration;
    /** How long after its last use a bucket is forgotten, instead of `forgetAfterMs`. */
    readonly forgetAfter?: Duration;
    /** Default: no leases. `null` means the same. */
    readonly lease?: WrittenLease | null;
    /** Default: no holds. `null` means the same. */
    readonly hold?: WrittenHold | null;
    /** Default: any number of grants at once. `null` means the same. */
    readonly concurrency?: WrittenConcurrency | null;
    /** Further limits, by name: up to 7, each taken from together with the first. */
    readonly limits?: Readonly<Record<string, WrittenLimit>>;
}
/** Terms of leases as a person writes them. */
export type WrittenLease = Pick<LeaseTerms, "maxTokens"> & InMs<"ttl">;
/** Terms of holds as a person writes them. `debt` is `"queue"` by default. */
export type WrittenHold = InMs<"max"> & Partial<Pick<HoldTerms, "debt">>;
/** How many grants may be out at once, as a person writes it. `graceMs` is 0 by default. */
export type WrittenConcurrency = Pick<ConcurrencyTerms, "max"> & InMs<"ttl"> & (InMs<"grace"> | Absent<"grace" | "graceMs">);
/** A policy as a person writes it. Optional fields have defaults. */
export type WrittenPolicy = WrittenLimit & WrittenOptions;
/** A change of a policy as a person writes it. What it leaves out stays as it is. */
export type WrittenChanges = (WrittenWindowLimit | (Partial<TokenBucketInput> & {
    readonly refillInterval?: Duration;
} & Absent<"limit" | "burst">) | (Partial<CalendarInput> & Absent<"limit" | "burst" | "refillInterval">)) & Omit<WrittenOptions, "limits"> & {
    /** Each named limit is replaced as a whole, and removed by `null`; the others stay. */
    readonly limits?: Readonly<Record<string, WrittenLimit | null>> | null;
};
/** A policy and what each human form in it stands for, in one line each; or every fault, named as written. */
export type WrittenPolicyCheck = {
    readonly ok: true;
    readonly policy: Policy;
    readonly shown: ReadonlyMap<string, string>;
} | {
    readonly ok: false;
    readonly faults: readonly FieldFault[];
};
/**
 * Checks a policy as it was written, which may be anything.
 *
 * @param zones Where time zones come from.
 * @param defaults Fields of a token bucket that may be left out.
 */
export declare function checkWrittenPolicy(written: Readonly<Record<string, unknown>>, zones: TimeZones, defaults?: Partial<TokenBucketInput>): WrittenPolicyCheck;
/** A change in numbers, and what is wrong with it whatever policy it is for. */
export declare function compileChanges(written: Readonly<Record<string, unknown>>): {
    readonly compiled: CompiledPolicy;
    readonly faults: readonly FieldFault[];
};
export {};
