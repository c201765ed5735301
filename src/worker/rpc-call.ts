/**
 * A call of a bound Worker, from the checked arguments to its result: what calls/ are for HTTP. A refusal is
 * the response that HTTP gives, read: so it has the same reason in the same words, and the log has the same
 * line.
 */
import type { AcquireOutcome } from "../client/acquire-outcome.ts";
import type { AcquireOptions } from "../client/client.ts";
import type { Ask } from "../core/ask.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { HeldPlace } from "../wire/held-place.ts";
import type { Right, Scope } from "./auth/scope.ts";
import type { BucketCaller, BucketStub } from "./bucket-stub.ts";
import type { SluiceEnv } from "./config/env.ts";
import type { Deployment } from "./deployment.ts";
import type { LeasedGrant } from "./leased-bucket.ts";

import { rateLimitOf } from "../answers/acquire-result.ts";
import { outcomeIn, unavailableOutcome } from "../client/acquire-outcome.ts";
import { keepGoing } from "../client/keep-going.ts";
import { errorOf, problemIn, readAnswer, unexpectedAnswer } from "../client/transport/answer.ts";
import { TransportError, unavailableError } from "../client/transport/transport-error.ts";
import { queueFields } from "../core/policy.ts";
import { onAbort } from "../on-abort.ts";
import { isSamePlace, queuedBody } from "../wire/held-place.ts";
import { boundDeploymentOf } from "./app.ts";
import { bucketFor } from "./calls/bucket-for.ts";
import { errorResponse, illegalConfigurationResponse } from "./failure-response.ts";

/** Time beyond the wait itself that an answer may take, including for Sluice to find its bucket again. */
const ANSWER_MS = 10_000;
/** How long to keep trying to cancel: the caller has left, and nothing waits for it. */
const GIVE_UP_MS = 2_000;

/** A call about one bucket. */
interface BucketCall extends ServiceCall {
  readonly bucket: string;
}

/** A call. */
interface ServiceCall {
  readonly right: Right;
  readonly signal?: AbortSignal | undefined;
  readonly token?: string | undefined;
}

/**
 * Makes a call, with the caller's rights on the bucket.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal, and if the bucket can't be reached.
 */
export async function callBucket<Result>(
  env: SluiceEnv,
  call: BucketCall,
  run: (bucket: BucketStub, scopes: readonly Scope[]) => Promise<Result | Response>,
): Promise<Result> {
  return callService(env, call, async (deployment, scopes, leaving) => {
    const bucket = bucketFor(deployment, scopes, call.right, call.bucket, leaving);
    return bucket instanceof Response ? bucket : await run(bucket, scopes);
  });
}

/**
 * Makes a call that is not about one bucket, with the caller's rights.
 *
 * @throws {SluiceError} If `run` is not allowed or ends with a refusal.
 */
export async function callService<Result>(
  env: SluiceEnv,
  call: ServiceCall,
  run: (
    deployment: Deployment,
    scopes: readonly Scope[],
    leaving: AbortController,
  ) => Promise<Result | Response>,
): Promise<Result> {
  try {
    return await bounded(ANSWER_MS, call.signal, async (leaving) => {
      const { deployment, scopes } = await authorized(env, call);
      const result = await run(deployment, scopes, leaving).catch((error: unknown) => {
        return errorResponse(error, leaving);
      });
      if (result instanceof Response) throw await errorIn(result);
      return withoutDisposer(result);
    });
  } catch (error) {
    throw error instanceof TransportError ? unavailableError(error) : error;
  }
}

/**
 * What an object returns by RPC comes with a disposer. Returned as it is, the runtime would expect the caller
 * to call it, and say so in its log.
 */
function withoutDisposer<Result>(result: Result): Result {
  // The disposer is not enumerable.
  return typeof result === "object" && result !== null ? { ...result } : result;
}

/**
 * Makes an acquire.
 *
 * @throws {SluiceError} If it is not allowed or wrong. If the bucket can't be reached, the outcome says so.
 */
export async function acquireTokens(
  env: SluiceEnv,
  name: string,
  options: AcquireOptions,
): Promise<AcquireOutcome> {
  const { tokens = 1, limits, timeoutMs, holdMs, idempotencyKey, label = "" } = options;
  const { signal, onQueued, waitUntil } = options;
  const ask: Ask = {
    tokens,
    ...(limits && { limits }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(holdMs !== undefined && { holdMs }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(label !== "" && { label }),
  };
  const call = { right: "acquire", bucket: name } as const;
  const limitMs = (timeoutMs ?? queueFields.maxWaitMs.max) + ANSWER_MS;
  let mayWait = false;
  try {
    return await bounded(limitMs, signal, async (leaving) => {
      const bucket = await enter(env, call, leaving);
      const leased = bucket.acquireFromLease(ask);
      if (leased) return outcomeOf(leased);
      mayWait = timeoutMs !== 0;
      const response = await bucket.acquireAtObject(ask, onQueued && follow(onQueued, leaving));
      mayWait = false;
      return outcomeIn(await readAnswer(response), name, tokens);
    });
  } catch (error) {
    if (error instanceof TransportError) return unavailableOutcome(error, name, tokens);
    if (mayWait && idempotencyKey !== undefined) {
      keepGoing(cancelInBackground(env, name, idempotencyKey), waitUntil);
    }
    throw error;
  }
}

function outcomeOf({ bucket, grant }: LeasedGrant): AcquireOutcome {
  const rateLimit = rateLimitOf(bucket, grant.remaining);
  return { bucket: bucket.name, ...grant, rateLimit };
}

/** A caller that can't follow its place has given up. */
function follow(
  onQueued: NonNullable<AcquireOptions["onQueued"]>,
  leaving: AbortController,
): PlaceFollower {
  let last: HeldPlace | undefined;
  const moved = async (place: HeldPlace): Promise<void> => {
    if (isSamePlace(last, place)) return;
    last = place;
    try {
      // An acquire by RPC takes no ticket: while its caller is there, its place is kept.
      const { ticket: _, ...queued } = queuedBody(place);
      // By RPC, a function returns a promise whatever its type says.
      await (onQueued(queued) as unknown);
    } catch (error) {
      leaving.abort(error);
    }
  };
  return { signal: leaving.signal, moved: (place) => void moved(place) };
}

/** The bucket of a call; the bucket's calls end when `caller` leaves. */
async function enter(env: SluiceEnv, call: BucketCall, caller: BucketCaller): Promise<BucketStub> {
  const { deployment, scopes } = await authorized(env, call);
  const bucket = bucketFor(deployment, scopes, call.right, call.bucket, caller);
  if (bucket instanceof Response) throw await errorIn(bucket);
  return bucket;
}

/** What a caller may do, and where. */
async function authorized(
  env: SluiceEnv,
  { right, token }: ServiceCall,
): Promise<{ readonly deployment: Deployment; readonly scopes: readonly Scope[] }> {
  const deployment = deploymentOf(env);
  if (deployment instanceof Response) throw await errorIn(deployment);
  const authorization = token === undefined ? null : `Bearer ${token}`;
  const scopes = await deployment.guards[right]({ headers: { get: () => authorization } });
  if (scopes instanceof Response) throw await errorIn(scopes);
  return { deployment, scopes };
}

function deploymentOf(env: SluiceEnv): Deployment | Response {
  try {
    return boundDeploymentOf(env);
  } catch (error) {
    return illegalConfigurationResponse(error);
  }
}

/**
 * The error that a refusal states.
 *
 * @throws {TransportError} If it says that a retry may help.
 */
async function errorIn(refusal: Response): Promise<Error> {
  const answer = await readAnswer(refusal);
  const problem = problemIn(answer);
  return problem ? errorOf(problem) : unexpectedAnswer(answer.status, answer.body);
}

/** Removes an acquire that was given up, if it still waits. Never rejects. */
async function cancelInBackground(env: SluiceEnv, name: string, key: string): Promise<void> {
  try {
    await bounded(GIVE_UP_MS, undefined, async (leaving) => {
      const bucket = await enter(env, { right: "acquire", bucket: name }, leaving);
      return bucket.cancel(key);
    });
  } catch {
    // The bucket frees the place at the latest when the acquire's own time is over.
  }
}

/**
 * Settles as `call` does. Earlier, if its controller aborts: because `signal` does, or after `limitMs`; then it
 * rejects with the reason.
 */
async function bounded<Result>(
  limitMs: number,
  signal: AbortSignal | undefined,
  call: (leaving: AbortController) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const leaving = new AbortController();
  const timer = setTimeout(() => {
    const detail = `No answer within ${limitMs} ms`;
    leaving.abort(new TransportError({ detail, isSilence: true }));
  }, limitMs);
  const stopListening = signal && onAbort(signal, () => leaving.abort(signal.reason));
  try {
    return await new Promise<Result>((resolve, reject) => {
      const left = leaving.signal;
      left.addEventListener("abort", () => reject(left.reason), { once: true });
      call(leaving).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    stopListening?.();
  }
}
