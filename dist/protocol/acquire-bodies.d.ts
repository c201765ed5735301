/** What `/acquire` answers over HTTP: the bodies that the Worker writes and clients read. */
import type { Grant } from "../core/outcome.ts";
/** Body of a `200` from `/acquire`. */
export interface GrantBody extends Omit<Grant, "ok"> {
    readonly bucket: string;
}
/** Body of a `200` from `DELETE /acquire`. */
export interface CancelBody {
    /** Whether a request was waiting under that key; it no longer waits. */
    readonly cancelled: boolean;
}
/** Data of a `queued` event of a streamed `/acquire`. */
export interface QueuedBody {
    /** 1 is the head of the queue: next to be granted. */
    readonly position: number;
    /** Time until the grant as things stand, in milliseconds; 0 if it is due. */
    readonly etaMs: number;
    /** Present, and true, if `etaMs` is an estimate: it depends on when permits come back. */
    readonly estimate?: true;
    /** Gets its bearer this place back, until the deadline. Only an older Sluice leaves it out. */
    readonly ticket?: string;
}
/** `Accept` header that asks for a stream only if the request has to wait, and a plain answer otherwise. */
export declare const STREAM_IF_QUEUED = "text/event-stream, application/json";
