/**
 * The pauses that concern one call: those of the limits that its API has quotas for, and that of
 * the bucket's first limit. A call is held by the limits that it takes tokens of, and may learn of
 * a pause of any.
 */
import type { Client } from "../client.ts";
import type { SharedPause } from "./shared-pause.ts";
/** The pauses of a call, joined. */
export declare class CallPauses {
    #private;
    /** @param takesOf Whether the call takes tokens of a limit. */
    constructor(client: Client, bucket: string, limits: readonly string[], takesOf: (limit: string) => boolean);
    /** The pause of a limit. @throws {RangeError} If that limit's pause was not joined. */
    of(limit: string): SharedPause;
    /** How long the call still has to wait in this process, in milliseconds. */
    heldMs(): number;
    /** As `SharedPause.released`, for all limits that the call takes tokens of. */
    released(signal: AbortSignal | undefined): Promise<void>;
    /** As `SharedPause.hasBegunSince`, for any of the limits that the call takes tokens of. */
    hasBegunSince(askedAtMs: number): boolean;
    /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
    get maxWaitMs(): number | undefined;
    /** Records that the API accepted a request sent at `sentAtMs`. */
    gotThrough(sentAtMs: number): void;
    leave(): void;
}
