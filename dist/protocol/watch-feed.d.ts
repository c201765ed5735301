/** The live feed of a bucket, `GET /buckets/NAME/watch`: what both ends of the WebSocket say. */
import type { Ask } from "../core/ask.ts";
import type { LimiterReason } from "../core/outcome.ts";
import type { BucketSnapshot } from "./bucket-snapshot.ts";
/** The subprotocol that both ends speak. */
export declare const SUBPROTOCOL = "sluice";
/** Sent by a watcher to see that the service is still there; a runtime answers it without waking the object. */
export declare const PING = "ping";
/** The answer to `PING`; no message of the feed. */
export declare const PONG = "pong";
/**
 * How far a watcher may fall behind, in UTF-16 units, as `length` counts: five seconds of a flood. The
 * service closes the connection of one that is further behind.
 */
export declare const MAX_UNREAD = 524288;
/**
 * A message of the feed, one JSON text each: the first as soon as the connection opens, then one after each
 * change.
 */
export interface WatchMessage {
    /** The object's clock, epoch milliseconds. */
    readonly atMs: number;
    /** Present, and true, in the first message: no `id` refers to a request of an earlier connection. */
    readonly isFirst?: true;
    readonly snapshot: BucketSnapshot;
    /** What happened since the previous message, in order; empty in the first. */
    readonly events: readonly WatchEvent[];
    /** How many events were dropped because there were too many for one message; absent if none was. */
    readonly omitted?: number;
}
/**
 * Something that happened to a request. `id` identifies it within this instance of the object; `tokens` and
 * `limits` are what it asked for, `label` is what its caller calls itself.
 */
export type WatchEvent = {
    readonly kind: "queued";
    readonly id: number;
    readonly atMs: number;
    readonly tokens: number;
    readonly limits?: NonNullable<Ask["limits"]>;
    readonly label?: string;
} | {
    readonly kind: "granted";
    readonly id: number;
    readonly atMs: number;
    readonly tokens: number;
    readonly limits?: NonNullable<Ask["limits"]>;
    readonly label?: string;
    readonly waitedMs: number;
} | {
    readonly kind: "refused";
    readonly id: number;
    readonly atMs: number;
    readonly tokens: number;
    readonly limits?: NonNullable<Ask["limits"]>;
    readonly label?: string;
    readonly reason: LimiterReason;
} | {
    readonly kind: "cancelled";
    readonly id: number;
    readonly atMs: number;
    readonly tokens: number;
    readonly limits?: NonNullable<Ask["limits"]>;
    readonly label?: string;
    readonly waitedMs: number;
};
/**
 * The subprotocols that a client offers: the one it speaks, and the API key, because a script in a browser cannot
 * set a header of a WebSocket's request.
 */
export declare function subprotocolsFor(apiKey: string | undefined, subprotocol: string): string[];
/** The API key in the first of these subprotocols that claims to carry one. */
export declare function apiKeyIn(subprotocols: readonly string[]): string | undefined;
/** How a watcher reports what it has read: the lengths of all messages so far, together. */
export declare function readReport(units: number): string;
/** What `readReport` reported; `undefined` for any other text. */
export declare function unitsRead(text: string): number | undefined;
