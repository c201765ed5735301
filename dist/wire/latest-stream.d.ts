/**
 * A stream of text for a reader that may be slow, or may never read: what it has not read yet is not queued
 * but replaced by the next piece. However long the reader pauses, no more than one piece and the last one are
 * kept for it.
 *
 * Nothing is produced before the reader asks, and each piece is handed over whole.
 */
/** A stream whose reader always gets the latest piece of text. */
export declare class LatestStream {
    #private;
    readonly readable: ReadableStream<Uint8Array>;
    /** @param onCancel Called if the reader leaves before the end. */
    constructor(onCancel: (reason: unknown) => void);
    /** Whether the reader has not yet read everything, including the end. */
    get hasUnread(): boolean;
    /** Replaces what has not been read. Does nothing once the stream has ended. */
    put(piece: string): void;
    /** Adds the last piece to what has not been read, and ends the stream. */
    end(piece: string): void;
    /** Ends the stream with an error. */
    fail(error: unknown): void;
}
