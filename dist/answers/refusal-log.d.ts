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
interface RefusalClass {
    readonly reason: Reason;
    /** The pattern of the policy that refused, if a policy did. */
    readonly policy?: string | undefined;
    /** As the answer names them: the policy itself, or `policy/limit`. */
    readonly violatedPolicies?: readonly string[] | undefined;
}
/** Logs refusals, each class at most once a second. */
export declare class RefusalLog {
    #private;
    constructor(print: (line: string) => void);
    note({ reason, policy, violatedPolicies: named }: RefusalClass, nowMs: number): void;
}
/** Logs a refusal; see `RefusalLog`. */
export declare function logRefusal(refused: RefusalClass): void;
/** Turns the log of this isolate on or off. `value` is the variable `LOG_REFUSALS`: on unless "false". */
export declare function switchRefusalLog(value: string | undefined): void;
export {};
