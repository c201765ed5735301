import { DEFAULT_HOLD_MS, workUnder } from "../../holding/held-work.js";
import { checkFunction } from "../arguments.js";
import { faultReporter, reportToConsole } from "../fault-report.js";
import { keepGoing } from "../keep-going.js";
/**
 * Acquires tokens, holds them while `work` runs, and settles what it used. Resolves with the result of
 * `work`, or with a refusal, and then `work` hasn't run; rejects with what `work` throws.
 *
 * The hold is settled however `work` ends: with the last number that it passed to `hold.used`, or, if it
 * never did, as used up. If `work` returns a `Response`, a stream or an async iterable, that is when this
 * has been read to its end, has failed, or was cancelled; read it or cancel it. A settle that
 * fails is retried, never costs the result, and goes to `onError` in the end. If the bucket has
 * `concurrency`, the permit is kept and given back in the same way.
 *
 * `holdMs` is one minute by default, so the policy's `hold.maxMs` must be that long or `holdMs` shorter;
 * the hold is extended while `work` runs. With `waitUntil`, a Worker keeps running until it is settled. If
 * `onUnavailable` is `"open"` and Sluice can't be reached, `work` runs without a hold.
 *
 * @throws {SluiceError | RangeError | TypeError} (as a rejection) As `acquire`.
 *
 * @example
 * const asked = { limits: { tpm: estimateLlmTokens(body) }, timeoutMs: 30_000 };
 * const outcome = await withHold(sluice, "llm", asked, async (hold) => {
 *   const answer = await askModel(body, hold.signal);
 *   hold.used({ tpm: answer.usage.total_tokens });
 *   return answer;
 * });
 * if (outcome.ok) console.log(outcome.value);
 */
export function withHold(client, bucket, options, work) {
    const holdMs = options.holdMs ?? DEFAULT_HOLD_MS;
    return workWithGrant(client, bucket, { ...options, holdMs }, work, () => true);
}
/**
 * Acquires a permit and tokens, and runs `work` while it keeps the permit. Resolves and rejects as
 * `withHold`; the permit is given back when `work` and its result have ended, however they do. With
 * `holdMs`, there is a hold, too.
 *
 * The permit is extended at a third of its time. If it is lost all the same, because Sluice could not be
 * reached or this process didn't run for so long, the signal that `work` is given aborts with a
 * `PermitLostError`, and so does a stream that `work` has returned. Work that goes on after its signal
 * has aborted keeps its permit until it ends, unless that is lost.
 *
 * If `onUnavailable` is `"open"` and Sluice can't be reached, `work` runs without a permit, with `fence` 0.
 *
 * @throws {SluiceError | RangeError | TypeError} (as a rejection) As `acquire`; a `TypeError` if the
 * bucket's policy has no `concurrency`.
 *
 * @example
 * const outcome = await withPermit(sluice, "exports", {}, ({ signal, fence }) => exportAll(signal, fence));
 * if (!outcome.ok) console.log(outcome.reason, outcome.retryAfterMs);
 */
export function withPermit(client, bucket, options, work) {
    return workWithGrant(client, bucket, options, work, ({ permit }) => permit !== undefined);
}
async function workWithGrant(client, bucket, { onError, ...asked }, work, isEnough) {
    checkFunction({ onError }, "onError");
    checkFunction({ work }, "work");
    const { signal, holdMs, waitUntil } = asked;
    const askedAtMs = performance.now();
    const outcome = await client.acquire(bucket, asked);
    if (!outcome.ok)
        return outcome;
    if (!outcome.isUnmetered && !isEnough(outcome)) {
        if (outcome.hold)
            await client.dropHold(bucket, outcome.hold.id);
        throw new TypeError(`withPermit needs concurrency in the policy of ${bucket}, such as concurrency = { max = 5, ttl = "30s" }`);
    }
    const report = onError ? faultReporter(onError) : reportToConsole;
    const keeping = { verbs: verbsOf(client, bucket), askedAtMs, holdMs, signal, report };
    return workUnder(outcome, keeping, work, (ended) => keepGoing(ended, waitUntil));
}
/** The verbs for one bucket. */
export function verbsOf(client, bucket) {
    return {
        settleHold: (id, used) => client.settleHold(bucket, id, used),
        extendHold: (id, extendMs) => client.extendHold(bucket, id, extendMs),
        extendPermit: (id, signal) => client.extendPermit(bucket, id, { signal }),
        releasePermit: (id) => client.releasePermit(bucket, id),
    };
}
