/** Calls that an instance holds: on their way in, in the queue, or with their answer on its way out. */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { Arrival } from "./absence-book.ts";

/** Something of the Worker's that an instance holds. */
export interface Held {
  /** The instance died before the answer left; `isUnwritable` where its disk was why. */
  rejected(isUnwritable: boolean): void;
}

/** One call of `acquire`, from its delivery until its answer leaves, its client leaves or it is rejected. */
export interface Attempt extends Held {
  readonly name: string;
  readonly call: AcquireCall;
  /** When its request was received first, monotonic. */
  readonly calledAtMs: number;
  /** The answer is on its way to the Worker. */
  answered(answer: AcquireAnswer): void;
}

/** An attempt as the instance keeps it. */
export interface Standing {
  readonly attempt: Attempt;
  /** Of the first request in its place. */
  readonly arrival: Arrival;
  /** It has taken the place again of one that had left. */
  readonly hasComeBack: boolean;
  /** It may stand behind some that came later: one of them might have been late. */
  isGuarded: boolean;
  /** It may stand in the place of another that has its key. */
  isJoined: boolean;
  /** Its first turn is over: until then those are served who were due before it came. */
  isIn: boolean;
  /** Number of disturbances when it was known to stand in the queue. */
  letInAt: number | undefined;
  leave: Leave | undefined;
  isAnswered: boolean;
  /** What it was told last of when it is granted, and the number of disturbances and returns then. */
  place: { readonly grantAtMs: number; readonly sentAt: number } | undefined;
}
