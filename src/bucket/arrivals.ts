/**
 * How requests come by a place in the queue, and how they lose it: a newcomer gets a place of its own, a retry shares
 * that of the request with its key, and a caller whose connection broke gets its old one back.
 */
import type { Turn } from "../core/turn.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { AbsentPlace } from "./absent-callers.ts";
import type { Clock } from "./clock.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { KeyedCalls } from "./keyed-calls.ts";
import type { OpenBucket } from "./open-bucket.ts";

import { costOf } from "../core/limits/cost.ts";
import { arrivalOf } from "./absent-callers.ts";
import { Caller } from "./caller.ts";
import { isFollowing } from "./held-request.ts";
import { stateOf } from "./open-bucket.ts";
import { policyFaults } from "./policy-faults.ts";
import { PositionFeed } from "./position-feed.ts";

/**
 * Requests that may share one place under the same key: a caller and its retries. Each is a held request,
 * and `queueLimit` only counts places.
 */
const MAX_REQUESTS_PER_PLACE = 8;

/** A request that arrives. */
interface Arriving {
  readonly call: AcquireCall;
  readonly request: HeldRequest;
  /** How long the recovery window held it, in milliseconds; it counts against the timeout. */
  readonly heldMs: number;
}

/** What arrivals need from the host. */
interface Turns {
  /** Carries out the effects of a turn. */
  finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
}

/** The arrivals of one bucket, and the places that they have. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #keyed: KeyedCalls;
  readonly #turns: Turns;
  /** Made for the first request that follows its place. */
  #positions: PositionFeed<Caller> | undefined = undefined;

  constructor(clock: Clock, keyed: KeyedCalls, turns: Turns) {
    this.#clock = clock;
    this.#keyed = keyed;
    this.#turns = turns;
  }

  /** Admits a request: it is answered, or it waits and what is returned removes it. */
  admit(bucket: OpenBucket, arriving: Arriving, nowMs: number): Leave | undefined {
    const { call, request, heldMs } = arriving;
    const { limiter } = bucket;
    const { maxWaitMs } = limiter.policy;
    const { timeoutMs = maxWaitMs, requeued, idempotencyKey } = call;
    if (idempotencyKey !== undefined) {
      const known = this.#joinKnown(idempotencyKey, bucket, arriving, nowMs);
      if (known) return known.leave;
    }
    const errors = policyFaults(limiter.policy, call);
    if (errors) {
      request.answered({ kind: "invalid", errors });
      return undefined;
    }
    const caller = new Caller(call, timeoutMs, request);
    const remainingMs = Math.max(0, timeoutMs - heldMs - (requeued?.elapsedMs ?? 0));
    const place = requeued && { firstArrivalMs: requeued.arrivedAtMs };
    const tokens = costOf(limiter.policy.limits, call);
    const asked = { caller, tokens, timeoutMs: remainingMs, holdMs: call.holdMs, ...place };
    return this.#arrive(bucket, caller, request, limiter.acquire(asked, nowMs), nowMs);
  }

  /** `caller` doesn't wait any more. */
  giveUpPlace(caller: Caller): void {
    caller.waiter = undefined;
    this.#positions?.forget(caller);
    if (caller.call.idempotencyKey !== undefined) this.#keyed.forget(caller);
  }

  /** A turn is over, and those that it settled have given up their places: others may have moved. */
  turned(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    this.#positions?.turned(bucket.limiter, turn, nowMs);
  }

  /** A request leaves that the recovery window has held since `heldFromMs`. */
  leftWindow(call: AcquireCall, maxWaitMs: number, heldFromMs: number): void {
    const { idempotencyKey, requeued } = call;
    // A newcomer had no place yet.
    if (idempotencyKey === undefined || !requeued) return;
    const { timeoutMs = maxWaitMs } = call;
    const deadlineAtMs = heldFromMs + Math.max(0, timeoutMs - requeued.elapsedMs);
    const arrival = { queuedAtMs: requeued.arrivedAtMs, deadlineAtMs };
    this.#keyed.disconnected(call, timeoutMs, arrival, this.#clock.now());
  }

  /** The second half of an arrival: `turn` has settled `caller`, or `caller` waits. */
  #arrive(
    bucket: OpenBucket,
    caller: Caller,
    request: HeldRequest,
    turn: Turn<Caller>,
    nowMs: number,
  ): Leave | undefined {
    const { idempotencyKey } = caller.call;
    caller.waiter = turn.waiter;
    // Also if it is settled: in a batch it isn't answered yet, and until then its retries must find it.
    if (idempotencyKey !== undefined) this.#keyed.arrived(idempotencyKey, caller);
    this.#turns.finish(bucket, turn, nowMs);
    return turn.waiter && this.#wait(bucket, caller, request, nowMs);
  }

  /**
   * Handles a request whose key is known: answers it, lets it share the place of the one that waits, or gives
   * it back the place of one whose connection broke. Returns `undefined` if the key is new.
   */
  #joinKnown(
    key: string,
    bucket: OpenBucket,
    arriving: Arriving,
    nowMs: number,
  ): { leave: Leave | undefined } | undefined {
    const { call, request } = arriving;
    const known = this.#keyed.find(key, call, nowMs);
    if (!known) return undefined;
    switch (known.kind) {
      case "cancelled":
        request.answered({ kind: "cancelled" });
        return { leave: undefined };
      case "reused":
        request.answered({ kind: "key-reused", key });
        return { leave: undefined };
      case "granted": {
        const { grant } = known;
        request.answered({ kind: "replay", grant, bucket: stateOf(bucket, nowMs) });
        return { leave: undefined };
      }
      case "waiting":
        return { leave: this.#share(key, bucket, known.caller, request, nowMs) };
      case "absent":
        return { leave: this.#comeBack(bucket, call, known.place, request, nowMs) };
      default:
        return known satisfies never;
    }
  }

  /** Returns a caller whose connection broke to its place. */
  #comeBack(
    bucket: OpenBucket,
    call: AcquireCall,
    { arrival, timeoutMs }: AbsentPlace,
    request: HeldRequest,
    nowMs: number,
  ): Leave | undefined {
    const returner = new Caller(call, timeoutMs, request);
    const tokens = costOf(bucket.limiter.policy.limits, call);
    const { holdMs } = call;
    const turn = bucket.limiter.comeBack({ caller: returner, tokens, holdMs, ...arrival }, nowMs);
    return this.#arrive(bucket, returner, request, turn, nowMs);
  }

  /** Adds `request` to the place of `caller`, if there is room. */
  #share(
    key: string,
    bucket: OpenBucket,
    caller: Caller,
    request: HeldRequest,
    nowMs: number,
  ): Leave | undefined {
    const requests = caller.requests.length;
    if (requests >= MAX_REQUESTS_PER_PLACE) {
      const retryAfterMs = Math.max(1, (caller.waiter?.deadlineAtMs ?? nowMs) - nowMs);
      const seen = stateOf(bucket, nowMs);
      request.answered({ kind: "key-crowded", key, requests, retryAfterMs, bucket: seen });
      return undefined;
    }
    caller.join(request);
    return this.#wait(bucket, caller, request, nowMs);
  }

  /** A request starts to wait, and is notified of its place if it follows it. */
  #wait(bucket: OpenBucket, caller: Caller, request: HeldRequest, nowMs: number): Leave {
    if (isFollowing(request)) {
      this.#positions ??= new PositionFeed(this.#clock);
      this.#positions.add(caller, request, bucket.limiter, nowMs);
    }
    return () => this.#leave(bucket, caller, request);
  }

  #leave(bucket: OpenBucket, caller: Caller, request: HeldRequest): boolean {
    const { waiter, call, timeoutMs } = caller;
    if (!waiter || !bucket.limiter.isWaiting(waiter)) return false;
    caller.leave(request);
    if (isFollowing(request)) this.#positions?.remove(caller, request);
    if (caller.requests.length > 0) return true;
    const nowMs = this.#clock.now();
    this.giveUpPlace(caller);
    this.#keyed.disconnected(call, timeoutMs, arrivalOf(waiter), nowMs);
    this.#turns.finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
    return true;
  }
}
