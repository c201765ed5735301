import type { QueuedBody } from "../protocol/acquire-bodies.ts";

/** The position of a held request in the queue, as the object reports it. */
export interface HeldPlace extends QueuedBody {
  /** When it will be granted as things stand, epoch milliseconds by the object's clock. */
  readonly grantAtMs: number;
}
