/**
 * A bucket's live feed as an async iterable, for browsers, Node 22 and later, Deno and Bun.
 *
 * Connections end: the service is redeployed, a machine sleeps, a reader falls behind. The iterable
 * reconnects and continues with the bucket's state at that time, in a message marked `isFirst`;
 * what happened in between shows only in the counts of its snapshot, not in events.
 *
 * A runtime doesn't tell scripts why a connection was refused. So if one ends before its first
 * message, the same address is requested over HTTP, and the answer decides whether to retry.
 */
import type { WatchMessage } from "../../protocol/watch-feed.ts";
import type { ClientSocketClass } from "../transport/live-socket.ts";
/** How to reach the feed. */
export interface WatchOptions {
    /**
     * Base URL of Sluice, such as `https://sluice.example.com`; if it has a path, that path is kept
     * as a prefix.
     */
    readonly url: string | URL;
    /** An API key with the right `read`. A public Sluice needs none. */
    readonly token?: string | undefined;
    /** Replaces the platform's `WebSocket`. */
    readonly WebSocket?: ClientSocketClass | undefined;
    /** Replaces the platform's `fetch`. */
    readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}
/** Options of one watch. */
export interface WatchCallOptions {
    /** Stops watching; the iterable rejects with the signal's reason. */
    readonly signal?: AbortSignal | undefined;
    /**
     * Called each time a connection, or an attempt to connect, ends and will be followed by another:
     * until the next message, the last one is out of date.
     */
    readonly onLost?: (() => void) | undefined;
}
/**
 * Watches a bucket. Connects when the first message is requested, and disconnects when the loop is
 * left or `signal` aborts. A reader that stops reading buffers no more than the service allows, and
 * is then reconnected.
 *
 * @throws {RangeError | TypeError} If an argument is wrong, or the runtime has no `WebSocket`.
 * @throws {SluiceError} From the iterable, if the service says that this bucket may not or cannot
 * be watched (`unauthorized`, `origin-not-allowed`, `unknown-bucket`, `illegal-configuration`), or
 * if something other than Sluice answers.
 *
 * @example
 * for await (const { snapshot, events } of watchBucket({ url }, "export")) {
 *   console.log(snapshot.tokens, snapshot.waiters, events);
 * }
 */
export declare function watchBucket(options: WatchOptions, bucket: string, { signal, onLost }?: WatchCallOptions): AsyncGenerator<WatchMessage, void, undefined>;
