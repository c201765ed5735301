/**
 * Refusals in the log: one line of JSON for each class of refusals, that is, for each reason and policy, and
 * the limits that it is about if they aren't the policy's first one alone.
 *
 *   {"event":"refused","reason":"timeout","policy":"login:*","leftOut":41,"sinceMs":1003}
 *   {"event":"refused","reason":"timeout","policy":"llm","violatedPolicies":["llm/tpm"]}
 *
 * The first refusal of a class is logged at once; after that at most one a second, with the number left out
 * since the previous line. A flood of refusals logs as little as a trickle, and each one costs a look at the
 * clock and at a map. There is no timer: what is left out at the end of a flood is counted in the next line
 * of that class.
 *
 * Reasons, policies and limits are words of this code and of the configuration. A line holds nothing that a caller
 * sent, neither a bucket's name nor an API key, so nobody can write into the log, and the number of classes
 * is bounded.
 *
 * Each isolate keeps one count for all of its objects: a log for each object would have a line for every name
 * that a flood makes up.
 */
import type { Reason } from "../protocol/reasons.ts";

/** Time between two lines of a class. */
const SPACING_MS = 1_000;

interface RefusalClass {
  readonly reason: Reason;
  /** The pattern of the policy that refused, if a policy did. */
  readonly policy?: string | undefined;
  /** As the answer names them: the policy itself, or `policy/limit`. */
  readonly violatedPolicies?: readonly string[] | undefined;
}

interface ClassCount {
  loggedAtMs: number;
  leftOut: number;
}

/** Logs refusals, each class at most once a second. */
export class RefusalLog {
  readonly #print: (line: string) => void;
  readonly #counts = new Map<string, ClassCount>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  note({ reason, policy, violatedPolicies: named }: RefusalClass, nowMs: number): void {
    const isFirst = named?.length === 1 && named[0] === policy;
    const violatedPolicies = isFirst ? undefined : named;
    const inClass = policy === undefined ? reason : `${reason} ${policy}`;
    const key = violatedPolicies ? `${inClass} ${violatedPolicies.join(" ")}` : inClass;
    const count = this.#counts.get(key);
    if (!count) {
      this.#counts.set(key, { loggedAtMs: nowMs, leftOut: 0 });
      this.#print(JSON.stringify({ event: "refused", reason, policy, violatedPolicies }));
      return;
    }
    const sinceMs = nowMs - count.loggedAtMs;
    // If the clock has jumped back, log: better one line too many than one missing.
    if (sinceMs >= 0 && sinceMs < SPACING_MS) {
      count.leftOut += 1;
      return;
    }
    const { leftOut } = count;
    count.leftOut = 0;
    count.loggedAtMs = nowMs;
    const line = { event: "refused", reason, policy, violatedPolicies, leftOut, sinceMs };
    this.#print(JSON.stringify(line));
  }
}

/** The log of this isolate. */
const log = new RefusalLog((line) => console.info(line));
/** Whether it is written; set by `switchRefusalLog` once the environment is known. */
let isOn = true;

/** Logs a refusal; see `RefusalLog`. */
export function logRefusal(refused: RefusalClass): void {
  if (isOn) log.note(refused, Date.now());
}

/** Turns the log of this isolate on or off. `value` is the variable `LOG_REFUSALS`: on unless "false". */
export function switchRefusalLog(value: string | undefined): void {
  isOn = value !== "false";
}
