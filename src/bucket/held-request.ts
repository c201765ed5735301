/** A request that is held until it has an answer, as `BucketHost` sees it: no HTTP, no socket. */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { HeldPlace } from "../wire/held-place.ts";

/** Removes a waiting request. Does nothing once the request has been answered or removed. */
export type Leave = () => void;

/** A request that is held until it has an answer. */
export interface HeldRequest {
  /** Called with the result, at most once, and never after the request has left. */
  readonly answered: (answer: AcquireAnswer) => void;
  /**
   * Called with the request's place in the queue when it starts to wait and whenever that place changes;
   * never after the request has been answered or has left.
   */
  readonly moved?: (place: HeldPlace) => void;
}
