import type { LimitSet } from "../limits/limit-set.ts";
import type { LeaseTerms } from "../policy-tables.ts";
import type { Lease, LeaseReport } from "./lease.ts";
/**
 * Books what an isolate reports, and returns the tokens it has granted; `undefined` if the report is all
 * about a bucket that has been reset since. A lease that has ended changes no tokens.
 */
export declare function bookReport({ first }: LimitSet, { uses }: LeaseReport): number | undefined;
/**
 * Lends up to `wanted` tokens: at most half of what is available, and at most half of the capacity on
 * all leases together. The rest is for callers elsewhere. `undefined` if that comes to nothing, and
 * during a pause.
 */
export declare function lendTokens({ first }: LimitSet, { maxTokens, ttlMs }: LeaseTerms, wanted: number, nowMs: number): Lease | undefined;
