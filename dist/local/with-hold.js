import { DEFAULT_HOLD_MS, workUnder } from "../holding/held-work.js";
/**
 * Waits for tokens, holds them while `work` runs, and settles what it used. Resolves with the result of
 * `work`, or with a refusal, and then `work` hasn't run; rejects with what `work` throws.
 *
 * The hold is settled however `work` ends: with the last number that it passed to `hold.used`, or, if it
 * never did, as used up. If `work` returns a `Response`, a stream or an async iterable, that is when this
 * has been read to its end, has failed, or was cancelled. If the policy has `concurrency`, the
 * permit is kept and given back in the same way.
 *
 * `holdMs` is one minute by default; the hold is extended while `work` runs.
 *
 * @throws {RangeError} (as a rejection) As `getToken`; if the policy has no `hold`, too.
 *
 * @example
 * const outcome = await withHold(filter, { tokens: estimate }, async (hold) => {
 *   const answer = await ask(prompt, hold.signal);
 *   hold.used(answer.usage.total_tokens);
 *   return answer;
 * });
 * if (outcome.ok) console.log(outcome.value);
 */
export function withHold(filter, options, work) {
    return workWithGrant(filter, { ...options, holdMs: options.holdMs ?? DEFAULT_HOLD_MS }, work);
}
/**
 * Waits for a permit and tokens, and runs `work` while it keeps the permit. Resolves and rejects as
 * `withHold`; the permit is given back when `work` and its result have ended. If the permit is lost,
 * because a busy process could not extend it in time, the signal that `work` is given aborts with a
 * `PermitLostError`. With `holdMs`, there is a hold, too.
 *
 * @throws {RangeError} (as a rejection) As `getToken`; if the policy has no `concurrency`, too.
 *
 * @example
 * const outcome = await withPermit(filter, { timeoutMs: 5_000 }, ({ signal }) => run(signal));
 */
export async function withPermit(filter, options, work) {
    if (!filter.inspect().permits) {
        throw new RangeError('withPermit needs a policy with concurrency, such as concurrency = { max = 5, ttl = "30s" }');
    }
    return workWithGrant(filter, options, work);
}
async function workWithGrant(filter, options, work) {
    const { signal, holdMs } = options;
    const askedAtMs = performance.now();
    const outcome = await filter.getToken(options);
    if (!outcome.ok)
        return outcome;
    return workUnder(outcome, { verbs: filter, askedAtMs, holdMs, signal, report }, work);
}
/** The filter itself never fails. */
function report(error) {
    console.error("Sluice hold failed:", error);
}
