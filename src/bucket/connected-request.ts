/** A held request whose caller may disconnect, as the object sees it. */
import type { HeldRequest, Leave } from "./held-request.ts";
import type { QueueSpan } from "./queue-span.ts";

/** The part of a span that ends it. */
export type SettledSpan = Pick<QueueSpan, "settled">;

/** A held request that answers a `fetch` of the object. */
export interface ConnectedRequest extends HeldRequest {
  /** The answer: now if there is one, otherwise once there is. */
  readonly response: Response | Promise<Response>;
  /** The request has to wait; `leave` takes it out of the queue. */
  waits(leave: Leave, span: SettledSpan): void;
  /** The caller has disconnected and the request has left the queue; `answered` isn't called then. */
  disconnected(reason: unknown): void;
}
