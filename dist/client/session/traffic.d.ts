/** How much a client asks of each bucket, as far as it matters for opening a session. */
/** Counts the acquires of each bucket. Remembers a bucket for a second after its last one at most. */
export declare class Traffic {
    #private;
    /** An acquire begins. Returns whether the bucket is busy enough for a session. */
    begin(bucket: string, nowMs: number): boolean;
    /** Whether so many are under way that another one had better wait until a session is open. */
    isCrowded(bucket: string): boolean;
    /** It has ended. */
    end(bucket: string): void;
}
