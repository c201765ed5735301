/**
 * Calls that an instance holds: on their way in, in the queue, or with their answer on its way out.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { Arrival } from "./absence-book.ts";

/** Something of the Worker's that an instance holds. */
export interface Held {
  /** The instance died before the answer left; `isUnwritable` if its disk was the cause. */
  rejected(isUnwritable: boolean): void;
}

/**
 * One call of `acquire`, from its delivery until its answer leaves, its client leaves or it is
 * rejected.
 */
export interface Attempt extends Held {
  readonly name: string;
  readonly call: AcquireCall;
  /** When its request was first received, monotonic. */
  readonly calledAtMs: number;
  /** The answer is on its way to the Worker. */
  answered(answer: AcquireAnswer): void;
}

/** An attempt as the instance keeps it. */
export interface Standing {
  readonly attempt: Attempt;
  /** The arrival of the first request in its place. */
  readonly arrival: Arrival;
  /** It has taken its place in the queue again. */
  readonly hasComeBack: boolean;
  /** It may stand behind callers that came later, because one of them might have been late. */
  isGuarded: boolean;
  /** It may share the place of another request with its key. */
  isJoined: boolean;
  /** Its first turn is over. Until then, waiters that were due before it came are served. */
  isIn: boolean;
  /** The number of disturbances when it was known to be in the queue. */
  letInAt: number | undefined;
  leave: Leave | undefined;
  isAnswered: boolean;
  /**
   * The grant time that it was last sent, and the number of disturbances and returns at that time.
   */
  place: { readonly grantAtMs: number; readonly sentAt: number } | undefined;
}
