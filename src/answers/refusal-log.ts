/**
 * What is refused, in the log: one line of JSON for each class of refusals, which are those with the
 * same reason and the same policy.
 *
 *   {"event":"refused","reason":"timeout","policy":"login:*","leftOut":41,"sinceMs":1003}
 *
 * The first of a class is told at once; from then on at most one a second, with the number of those that
 * were left out since the last line. A flood of refusals writes as little as a trickle, and each costs a
 * look at the clock and at a map. There is no timer: the ones left out at a flood's end are told with the
 * next refusal of that class.
 *
 * Reasons and policies are words of this code and of the configuration. Nothing that a caller sent stands
 * in a line, neither a bucket's name nor a token, so nobody can write into the log, and the number of
 * classes is bounded.
 *
 * Each isolate keeps its own count, and with it all of its objects: a log for each object would have a
 * line for each of the names that a flood makes up.
 */
import type { Reason } from "../protocol/reasons.ts";

/** Between two lines of a class. */
const SPACING_MS = 1_000;

interface RefusalClass {
  readonly reason: Reason;
  /** The pattern of the policy that refused, where one did. */
  readonly policy?: string | undefined;
}

interface ClassCount {
  loggedAtMs: number;
  leftOut: number;
}

/** Says what is refused, by class, at most once a second each. */
export class RefusalLog {
  readonly #print: (line: string) => void;
  readonly #counts = new Map<string, ClassCount>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  note({ reason, policy }: RefusalClass, nowMs: number): void {
    const key = policy === undefined ? reason : `${reason} ${policy}`;
    const count = this.#counts.get(key);
    if (!count) {
      this.#counts.set(key, { loggedAtMs: nowMs, leftOut: 0 });
      this.#print(JSON.stringify({ event: "refused", reason, policy }));
      return;
    }
    const sinceMs = nowMs - count.loggedAtMs;
    // A clock that has jumped back says nothing: a line too many, and none is missed.
    if (sinceMs >= 0 && sinceMs < SPACING_MS) {
      count.leftOut += 1;
      return;
    }
    const { leftOut } = count;
    count.leftOut = 0;
    count.loggedAtMs = nowMs;
    this.#print(JSON.stringify({ event: "refused", reason, policy, leftOut, sinceMs }));
  }
}

/** Of this isolate. */
const log = new RefusalLog((line) => console.info(line));
/** Whether it is written: what the environment says is read by others, once it is known. */
let isOn = true;

/** Tells the log of a refusal; see `RefusalLog`. */
export function logRefusal(refused: RefusalClass): void {
  if (isOn) log.note(refused, Date.now());
}

/** Turns the log of this isolate on or off, as the variable `LOG_REFUSALS` says: it is on unless "false". */
export function switchRefusalLog(value: string | undefined): void {
  isOn = value !== "false";
}
