/** Work under a hold or a permit of a bucket. */
import type { WorkDone, WorkHold, WorkPermit } from "../../holding/held-work.ts";
import type { Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client } from "../client.ts";
import type { OnError } from "../fault-report.ts";
import { workUnder } from "../../holding/held-work.ts";
/** Options of `withHold` and `withPermit`: those of `acquire`, and where to report. */
export interface WorkOptions extends AcquireOptions {
    /**
     * Called if a hold can't be settled or a permit can't be given back, after all retries: the tokens stay
     * spent as reserved, and the permit comes back when its time is up. Default: `console.error`, at most
     * once a minute for each kind of fault.
     */
    readonly onError?: OnError | undefined;
}
/** The part of a client that keeps what it was granted. */
type HoldingClient = Pick<Client, "acquire" | "settleHold" | "extendHold" | "dropHold" | "extendPermit" | "releasePermit">;
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
export declare function withHold<Value>(client: HoldingClient, bucket: string, options: WorkOptions, work: (hold: WorkHold<Granted>) => Value | Promise<Value>): Promise<WorkDone<Value> | Refused>;
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
export declare function withPermit<Value>(client: HoldingClient, bucket: string, options: WorkOptions, work: (permit: WorkPermit<Granted>) => Value | Promise<Value>): Promise<WorkDone<Value> | Refused>;
/** The verbs for one bucket. */
export declare function verbsOf(client: Pick<HoldingClient, "settleHold" | "extendHold" | "extendPermit" | "releasePermit">, bucket: string): Parameters<typeof workUnder>[1]["verbs"];
export {};
