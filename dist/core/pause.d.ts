/**
 * What a pause says, and whether it is legal. How a bucket obeys it is in limits/token-bucket.ts.
 */
import type { FieldFault } from "./values.ts";
/** Lowest and highest legal value of each field of a pause, both inclusive. */
export declare const pauseRanges: {
    /**
     * How far ahead its end may lie, in milliseconds: up to a day, the longest interval between two ticks. A
     * longer pause is made by pausing again.
     */
    readonly aheadMs: {
        readonly max: 86400000;
    };
    /** Tokens the bucket keeps: up to the largest capacity. A number above what it holds keeps all. */
    readonly tokens: {
        readonly min: 0;
        readonly max: 1000000000;
    };
};
/** What a caller asks for to pause a bucket. */
export interface PauseFields {
    /**
     * The end of the pause, epoch milliseconds; at most a day ahead. Ticks up to and including this instant add
     * nothing. A calendar limit has everything again then.
     */
    readonly untilMs: number;
    /** Tokens the bucket keeps, at most; a calendar limit gives as many until the end. Default: 0. */
    readonly tokens?: number;
    /** Names of the limits to pause. Default: the first only. */
    readonly limits?: readonly string[];
}
/** A complete pause. */
export interface Pause extends Required<Omit<PauseFields, "limits">> {
    /** Absent for the first limit only. */
    readonly limits?: readonly string[];
}
/** Names of the fields. */
export declare const pauseFields: readonly ["untilMs", "tokens", "limits"];
/** A pause, or every fault found in what was given. */
export type PauseCheck = {
    readonly ok: true;
    readonly pause: Pause;
} | {
    readonly ok: false;
    readonly faults: readonly FieldFault[];
};
/**
 * Reads `{ untilMs, tokens, limits }` of unknown origin: `untilMs` from 0 to a day after `nowMs`, `tokens`
 * from 0 to the largest legal capacity, by default 0, `limits` a list of names. An `untilMs` in the past is
 * legal. Whether there are such limits is up to the bucket.
 */
export declare function checkPause(fields: Readonly<Record<string, unknown>>, nowMs: number): PauseCheck;
/**
 * What is wrong with the fields of a pause.
 *
 * @param maxAtMs The latest legal `untilMs`. A client leaves it out: it doesn't know the bucket's time.
 */
export declare function pauseFaults({ untilMs, tokens, limits }: Readonly<Record<string, unknown>>, maxAtMs?: number): FieldFault[];
