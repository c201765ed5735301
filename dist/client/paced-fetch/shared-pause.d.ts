import type { PauseFields } from "../../core/pause.ts";
import type { Client } from "../client.ts";
/** Called with the reason why Sluice could not pause a bucket. */
export type PauseFailed = (error: unknown, pause: PauseFields & {
    readonly bucket: string;
}) => void | Promise<void>;
/** The pause to apply to the bucket. */
export interface PauseRequest {
    readonly durationMs: number;
    /** Tokens the bucket keeps, at most. */
    readonly tokens: number;
    /** Sluice's clock (epoch milliseconds) minus `performance.now()`. */
    readonly aheadMs: number;
    /** Default: write to the console. */
    readonly onFailed?: PauseFailed | undefined;
}
/** One client's knowledge of the pause of one limit. */
export declare class SharedPause {
    #private;
    /** @param limit Name of the limit; by default, the bucket's first. */
    constructor(client: Client, bucket: string, limit?: string);
    /** How long the callers of this process still have to wait here, in milliseconds. */
    heldMs(): number;
    /**
     * Resolves when the callers of this process no longer have to wait here: when Sluice has the
     * pause, or when it is over. Rejects with the signal's reason if `signal` aborts first.
     */
    released(signal: AbortSignal | undefined): Promise<void>;
    /**
     * Whether a token requested at `askedAtMs` predates a pause that isn't over, and so doesn't
     * count.
     */
    hasBegunSince(askedAtMs: number): boolean;
    /** Registers a call that may read and report the pause, until `leave`. */
    join(): void;
    leave(): void;
    /** Whether there is no state left to keep. */
    isOver(): boolean;
    /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
    get maxWaitMs(): number | undefined;
    /**
     * How long to pause if the API asks for `wantedMs` in answer to a request sent at `sentAtMs`: at
     * least twice the last pause, if the request was sent after that pause and nothing has got
     * through since.
     */
    lengthOf(wantedMs: number, sentAtMs: number): number;
    /** Records that the API accepted a request sent at `sentAtMs`. */
    gotThrough(sentAtMs: number): void;
    /**
     * Records that the API has refused and must not be called for this long. The callers of this
     * process are held at once, and released into the bucket's queue once Sluice has the pause.
     * Resolves when it has, or when its failure was reported; never rejects.
     */
    refuse(request: PauseRequest): Promise<void>;
    /**
     * Records that the API accepts no more than `request.tokens` for this long. Resolves as `refuse`
     * does. With 0 tokens, the callers of this process are held; with more, if Sluice can't take the
     * pause, requests beyond them will be refused by the API.
     */
    lower(request: PauseRequest): Promise<void>;
}
