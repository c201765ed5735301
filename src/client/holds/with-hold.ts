/** Work under a hold or a permit of a bucket. */
import type { WorkDone, WorkHold, WorkPermit } from "../../holding/held-work.ts";
import type { Granted, Refused } from "../acquire-outcome.ts";
import type { AcquireOptions, Client } from "../client.ts";
import type { OnError } from "../fault-report.ts";

import { DEFAULT_HOLD_MS, workUnder } from "../../holding/held-work.ts";
import { holderClockOf } from "../../holding/holder-clock.ts";
import { checkFunction } from "../arguments.ts";
import { faultReporter, reportToConsole } from "../fault-report.ts";
import { keepGoing } from "../keep-going.ts";

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
type HoldingClient = Pick<
  Client,
  "acquire" | "settleHold" | "extendHold" | "dropHold" | "extendPermit" | "releasePermit"
>;

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
export function withHold<Value>(
  client: HoldingClient,
  bucket: string,
  options: WorkOptions,
  work: (hold: WorkHold<Granted>) => Value | Promise<Value>,
): Promise<WorkDone<Value> | Refused> {
  const holdMs = options.holdMs ?? DEFAULT_HOLD_MS;
  return workWithGrant(client, bucket, { ...options, holdMs }, work, () => true);
}

/**
 * Acquires a permit and tokens, and runs `work` while it keeps the permit. Resolves and rejects as
 * `withHold`; the permit is given back when `work` and its result have ended, however they do. With
 * `holdMs`, there is a hold, too.
 *
 * The permit is extended at a third of its time, and at once if you set `idempotencyKey`, as it may be one
 * that an earlier run was granted under that key. If it is lost all the same, because Sluice could not be
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
export function withPermit<Value>(
  client: HoldingClient,
  bucket: string,
  options: WorkOptions,
  work: (permit: WorkPermit<Granted>) => Value | Promise<Value>,
): Promise<WorkDone<Value> | Refused> {
  return workWithGrant(client, bucket, options, work, ({ permit }) => permit !== undefined);
}

async function workWithGrant<Value>(
  client: HoldingClient,
  bucket: string,
  { onError, ...asked }: WorkOptions,
  work: (permit: WorkPermit<Granted>) => Value | Promise<Value>,
  isEnough: (granted: Granted) => boolean,
): Promise<WorkDone<Value> | Refused> {
  checkFunction({ onError }, "onError");
  checkFunction({ work }, "work");
  const { signal, holdMs, waitUntil, idempotencyKey } = asked;
  const clock = holderClockOf(client);
  // The grant of a key that the caller knows may be an earlier one, with little of its permit's time left.
  const askedAtMs = idempotencyKey === undefined ? clock.now() : -Infinity;
  const outcome = await client.acquire(bucket, asked);
  if (!outcome.ok) return outcome;
  if (!outcome.isUnmetered && !isEnough(outcome)) {
    if (outcome.hold) await client.dropHold(bucket, outcome.hold.id);
    throw new TypeError(
      `withPermit needs concurrency in the policy of ${bucket}, such as concurrency = { max = 5, ttl = "30s" }`,
    );
  }
  const report = onError ? faultReporter(onError) : reportToConsole;
  const keeping = { verbs: verbsOf(client, bucket), clock, askedAtMs, holdMs, signal, report };
  return workUnder(outcome, keeping, work, (ended) => keepGoing(ended, waitUntil));
}

/** The verbs for one bucket. */
export function verbsOf(
  client: Pick<HoldingClient, "settleHold" | "extendHold" | "extendPermit" | "releasePermit">,
  bucket: string,
): Parameters<typeof workUnder>[1]["verbs"] {
  return {
    settleHold: (id, used) => client.settleHold(bucket, id, used),
    extendHold: (id, extendMs) => client.extendHold(bucket, id, extendMs),
    extendPermit: (id, signal) => client.extendPermit(bucket, id, { signal }),
    releasePermit: (id) => client.releasePermit(bucket, id),
  };
}
