/** Time between two lines of a class. */
const SPACING_MS = 1_000;
/** Logs refusals, each class at most once a second. */
export class RefusalLog {
    #print;
    #counts = new Map();
    constructor(print) {
        this.#print = print;
    }
    note({ reason, policy, violatedPolicies: named }, nowMs) {
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
export function logRefusal(refused) {
    if (isOn)
        log.note(refused, Date.now());
}
/** Turns the log of this isolate on or off. `value` is the variable `LOG_REFUSALS`: on unless "false". */
export function switchRefusalLog(value) {
    isOn = value !== "false";
}
