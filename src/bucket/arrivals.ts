/**
 * How requests come by a place in the queue, and how they lose it: a newcomer gets a place of its own, a retry shares
 * that of the request with its key or its ticket, and a caller whose connection broke gets its old one back.
 *
 * A ticket is made for a place when its caller is first told of it, since signing takes longer than a grant. Most
 * requests are never told.
 */
import type { Standing } from "../core/queue/arrival-order.ts";
import type { Waiter } from "../core/queue/waiter-queue.ts";
import type { Turn } from "../core/turn.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { Grant } from "../core/outcome.ts";
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { AbsentPlace, Arrival } from "./absent-callers.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { KeyedCalls } from "./keyed-calls.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";

import { costOf } from "../core/limits/cost.ts";
import { arrivalOf } from "./absent-callers.ts";
import { Caller } from "./caller.ts";
import { isFollowing } from "./held-request.ts";
import { stateOf } from "./open-bucket.ts";
import { policyFaults } from "./policy-faults.ts";
import { PositionFeed } from "./position-feed.ts";
import { RemovedCallers } from "./removed-callers.ts";
import { TicketBook, isSameAcquire } from "./tickets/ticket-book.ts";
import { UNWRITABLE } from "../wire/failures.ts";

/**
 * Requests that may share one place, under the same key or ticket: a caller and its retries. Each is a held request,
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

/** A request that waited when the object fell asleep, and the place that it had. */
export interface SleepingRequest {
  readonly call: AcquireCall;
  readonly request: HeldRequest;
  /** The timeout in force. */
  readonly timeoutMs: number;
  readonly arrival: Required<Arrival>;
  /** See `Standing`. */
  readonly behindLater?: Standing | undefined;
  /** See `PlaceTicket`; absent if it had no ticket. */
  readonly placeId?: string | undefined;
}

/** What arrivals need from the platform. */
type ArrivalsPlatform = Pick<BucketPlatform, "clock" | "disk" | "randomBytes" | "abort">;

/** What arrivals need from the host. */
interface Turns {
  /** The time of the turn that is under way, epoch milliseconds. */
  now(): number;
  /** Carries out the effects of a turn. */
  finish(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
}

/** Why a ticket is of no use. */
type TicketRefusal = Extract<AcquireAnswer, { kind: "ticket-forged" | "ticket-mismatch" }>;

/** The arrivals of one bucket, and the places that they have. */
export class Arrivals {
  readonly #platform: ArrivalsPlatform;
  readonly #keyed: KeyedCalls;
  readonly #turns: Turns;
  readonly #removed: RemovedCallers;
  /** Made for the first ticket, and the first that is presented. */
  #ticketBook: TicketBook | undefined = undefined;
  /** Made for the first request that follows its place. */
  #positions: PositionFeed<Caller> | undefined = undefined;

  constructor(platform: ArrivalsPlatform, keyed: KeyedCalls, turns: Turns) {
    this.#platform = platform;
    this.#keyed = keyed;
    this.#turns = turns;
    this.#removed = new RemovedCallers(platform.disk.removedCallers);
  }

  /** Admits a request: it is answered, or it waits and what is returned removes it. */
  admit(bucket: OpenBucket, arriving: Arriving, nowMs: number): Leave | undefined {
    const { call, request, heldMs } = arriving;
    const { limiter } = bucket;
    const { maxWaitMs } = limiter.policy;
    const { timeoutMs = maxWaitMs, requeued, idempotencyKey } = call;
    const presented = this.#presented(call);
    if (presented && "kind" in presented) {
      request.answered(presented);
      return undefined;
    }
    if (idempotencyKey !== undefined) {
      const known = this.#joinKnown(idempotencyKey, bucket, arriving, presented, nowMs);
      if (known) return known.leave;
    }
    if (presented && !this.#isUsedUp(presented, idempotencyKey, bucket, nowMs))
      return this.#takePlace(bucket, arriving, presented, nowMs);
    const requeuedTo = this.#carried(call);
    const isUsedUp = requeuedTo && this.#isUsedUp(requeuedTo, idempotencyKey, bucket, nowMs);
    const carried = isUsedUp ? undefined : requeuedTo;
    const joined = carried && this.#joinPlace(carried, bucket, request, nowMs);
    if (joined) return joined.leave;
    const errors = policyFaults(limiter.policy, call);
    if (errors) {
      request.answered({ kind: "invalid", errors });
      return undefined;
    }
    const caller = new Caller(call, timeoutMs, request);
    caller.placeId = carried?.placeId;
    caller.ticket = carried?.ticket;
    const remainingMs = Math.max(0, timeoutMs - heldMs - (requeued?.elapsedMs ?? 0));
    const place = requeued && { firstArrivalMs: requeued.arrivedAtMs };
    const tokens = costOf(limiter.policy.limits, call);
    const asked = { caller, tokens, timeoutMs: remainingMs, holdMs: call.holdMs, ...place };
    return this.#arrive(bucket, caller, request, limiter.acquire(asked, nowMs), nowMs);
  }

  /**
   * Puts requests back that waited when the object fell asleep, before any other call, and returns what removes each
   * of them. Those of one arrival share a place. No turn: what is due is done by the next one.
   */
  restore(
    bucket: OpenBucket,
    sleeping: readonly SleepingRequest[],
    nowMs: number,
  ): readonly Leave[] {
    const { limiter } = bucket;
    const callers = new Map<string, Caller>();
    const waiters: Waiter<Caller>[] = [];
    for (const { call, request, timeoutMs, arrival, behindLater } of keysFirst(sleeping)) {
      const arrivedAs = nameOf(arrival);
      const shared = callers.get(arrivedAs);
      if (shared) {
        shared.join(request);
        continue;
      }
      const caller = new Caller(call, timeoutMs, request);
      callers.set(arrivedAs, caller);
      const tokens = costOf(limiter.policy.limits, call);
      waiters.push({ caller, tokens, holdMs: call.holdMs, ...arrival, behindLater });
    }
    for (const waiter of limiter.restore(waiters, nowMs)) waiter.caller.waiter = waiter;
    return sleeping.map(({ call, request, timeoutMs, arrival, placeId }) => {
      const caller = callers.get(nameOf(arrival)) ?? new Caller(call, timeoutMs, request);
      if (call.idempotencyKey !== undefined) this.#keyed.arrived(call.idempotencyKey, caller);
      if (placeId !== undefined) {
        caller.placeId = placeId;
        this.#tickets.arrived(caller);
      }
      // One that only wanted its first place has had it.
      const hasAll = !isFollowing(request) || request.wantsFirstPlaceOnly === true;
      return this.#wait(bucket, caller, request, nowMs, hasAll);
    });
  }

  /** `caller` doesn't wait any more. */
  giveUpPlace(caller: Caller): void {
    caller.waiter = undefined;
    this.#positions?.forget(caller);
    if (caller.call.idempotencyKey !== undefined) this.#keyed.forget(caller);
    if (caller.placeId !== undefined) this.#tickets.forget(caller.placeId);
  }

  /** `caller` has been granted. In the turn that does it. */
  granted({ placeId }: Caller, grant: Grant, nowMs: number): void {
    if (placeId !== undefined) this.#tickets.granted(placeId, grant, nowMs);
  }

  /** The acquire in a place, if that has tickets, was cancelled, and can't come back. */
  cancelled(placeId: string | undefined, nowMs: number): void {
    if (placeId !== undefined) this.#tickets.cancelled(placeId, nowMs);
  }

  /**
   * An admin takes `caller` out of the queue, and it can't come back: see removed-callers.ts. Throws if that can't be
   * written; nothing changes then.
   */
  removed(caller: Caller, { deadlineAtMs: untilMs }: Waiter<Caller>, nowMs: number): void {
    const { call, placeId } = caller;
    const { idempotencyKey: key } = call;
    const named = { ...(key !== undefined && { key }), ...(placeId !== undefined && { placeId }) };
    this.#removed.note({ ...named, untilMs }, nowMs);
    this.giveUpPlace(caller);
  }

  /** A request is cancelled that the recovery window has held. */
  cancelledInWindow(call: AcquireCall, nowMs: number): void {
    const place = this.presentedPlace(call) ?? this.#carried(call);
    this.cancelled(place?.placeId, nowMs);
  }

  /** The place of the ticket that a call presents; `undefined` if it presents none that is good. */
  presentedPlace(call: AcquireCall): AbsentPlace | undefined {
    const presented = this.#presented(call);
    return presented && "kind" in presented ? undefined : presented;
  }

  /** All storage has been deleted: what tickets are signed with, and who was removed. */
  forgetAll(): void {
    this.#ticketBook?.forgetAll();
    this.#removed.forgetAll();
  }

  /** A turn is over, and those that it settled have given up their places: others may have moved. */
  turned(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void {
    this.#positions?.turned(bucket.limiter, turn, nowMs);
  }

  /** A request leaves that the recovery window has held since `heldFromMs`. */
  leftWindow(call: AcquireCall, maxWaitMs: number, heldFromMs: number): void {
    const { idempotencyKey, requeued } = call;
    if (idempotencyKey === undefined) return;
    const nowMs = this.#turns.now();
    const place = this.presentedPlace(call);
    if (place) {
      this.#keyed.disconnected(call, place, nowMs);
      return;
    }
    // A newcomer had no place yet.
    if (!requeued) return;
    const { timeoutMs = maxWaitMs } = call;
    const deadlineAtMs = heldFromMs + Math.max(0, timeoutMs - requeued.elapsedMs);
    const arrival: Arrival = { queuedAtMs: requeued.arrivedAtMs, deadlineAtMs };
    const { placeId, ticket } = this.#carried(call) ?? {};
    this.#keyed.disconnected(call, { timeoutMs, arrival, placeId, ticket }, nowMs);
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
    if (caller.placeId !== undefined) this.#tickets.arrived(caller);
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
    presented: AbsentPlace | undefined,
    nowMs: number,
  ): { leave: Leave | undefined } | undefined {
    const { call, request } = arriving;
    const known = this.#keyed.find(key, call, bucket.limiter, nowMs);
    // One that the recovery window has held may be absent, and was removed before the crash.
    const mayBeRemoved = !known || known.kind === "absent";
    if (mayBeRemoved && this.#removed.has(key, undefined, nowMs)) return refuseRemoved(request);
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
        // It may have been granted by an instance before this one: then only the key is known here.
        if (presented?.placeId !== undefined)
          this.#tickets.granted(presented.placeId, grant, nowMs);
        request.answered({ kind: "replay", grant, bucket: stateOf(bucket, nowMs) });
        return { leave: undefined };
      }
      case "waiting":
        return { leave: this.#share(key, bucket, known.caller, request, nowMs) };
      case "absent":
        // Somebody may have come back to it by its ticket alone.
        if (this.#isUsedUp(known.place, key, bucket, nowMs)) return undefined;
        return { leave: this.#takePlace(bucket, arriving, known.place, nowMs) };
      default:
        return known satisfies never;
    }
  }

  get #tickets(): TicketBook {
    const { disk, randomBytes } = this.#platform;
    return (this.#ticketBook ??= new TicketBook(disk.ticketSecret, randomBytes));
  }

  /** The ticket of a caller that waits. */
  #ticketOf(caller: Caller): string {
    try {
      return this.#tickets.ticketOf(caller);
    } catch (error) {
      // A ticket under a secret that isn't on the disk would be good for nothing.
      this.#platform.abort(UNWRITABLE);
      throw error;
    }
  }

  /** The place of the ticket that a call presents, or what is wrong with it; `undefined` if it presents none. */
  #presented(call: AcquireCall): AbsentPlace | TicketRefusal | undefined {
    const { ticket } = call;
    if (ticket === undefined) return undefined;
    const claim = this.#tickets.open(ticket);
    if (!claim) return { kind: "ticket-forged", ticket };
    if (!isSameAcquire(claim, call)) return { kind: "ticket-mismatch" };
    return { ...claim, ticket };
  }

  /** The place of a requeued call that had a ticket. It brings its own arrival, so only the ticket counts. */
  #carried(call: AcquireCall): AbsentPlace | undefined {
    const ticket = call.requeued?.ticket;
    // One from before a reset of the bucket counts for nothing.
    return ticket === undefined ? undefined : this.presentedPlace({ ...call, ticket });
  }

  /**
   * Whether the place of a ticket was granted, and work may not start on that any more: see keyed-calls.ts. A
   * ticket is good for one grant, so its caller is a newcomer then, unless it is late.
   */
  #isUsedUp(
    { placeId, arrival }: AbsentPlace,
    key: string | undefined,
    { limiter }: OpenBucket,
    nowMs: number,
  ): boolean {
    if (placeId === undefined || nowMs > arrival.deadlineAtMs) return false;
    const known = this.#tickets.find(placeId, nowMs);
    if (known.kind === "granted") return !limiter.isOpen(known.grant, nowMs);
    if (known.kind !== "absent" || key === undefined) return false;
    // It may have been granted by an instance before this one: then only the key is known here. A grant before this
    // arrival was of an earlier acquire with that key.
    const grant = this.#keyed.grantOf(key, nowMs);
    if (!grant || grant.grantedAtMs <= arrival.queuedAtMs) return false;
    return !limiter.isOpen(grant, nowMs);
  }

  /** Handles a request that comes back to `place`: it joins those that are there, or waits in it again. */
  #takePlace(
    bucket: OpenBucket,
    { call, request }: Arriving,
    place: AbsentPlace,
    nowMs: number,
  ): Leave | undefined {
    const joined = this.#joinPlace(place, bucket, request, nowMs);
    return joined ? joined.leave : this.#comeBack(bucket, call, place, request, nowMs);
  }

  /**
   * Handles a request whose place has a ticket: answers it if the place was granted or cancelled, and lets it share
   * the place if anybody waits in it. Returns `undefined` if nobody does.
   */
  #joinPlace(
    { placeId }: AbsentPlace,
    bucket: OpenBucket,
    request: HeldRequest,
    nowMs: number,
  ): { leave: Leave | undefined } | undefined {
    if (placeId === undefined) return undefined;
    const known = this.#tickets.find(placeId, nowMs);
    if (known.kind === "absent" && this.#removed.has(undefined, placeId, nowMs)) {
      return refuseRemoved(request);
    }
    switch (known.kind) {
      case "cancelled":
        request.answered({ kind: "cancelled" });
        return { leave: undefined };
      case "granted": {
        const { grant } = known;
        if (!bucket.limiter.isOpen(grant, nowMs)) return undefined;
        request.answered({ kind: "replay", grant, bucket: stateOf(bucket, nowMs) });
        return { leave: undefined };
      }
      case "waiting":
        return { leave: this.#share(undefined, bucket, known.caller, request, nowMs) };
      case "absent":
        return undefined;
      default:
        return known satisfies never;
    }
  }

  /** Returns a caller whose connection broke to its place. */
  #comeBack(
    bucket: OpenBucket,
    call: AcquireCall,
    { arrival, timeoutMs, placeId, ticket }: AbsentPlace,
    request: HeldRequest,
    nowMs: number,
  ): Leave | undefined {
    const { policy } = bucket.limiter;
    const errors = policyFaults(policy, call, true);
    if (errors) {
      request.answered({ kind: "invalid", errors });
      return undefined;
    }
    const returner = new Caller(call, timeoutMs, request);
    returner.placeId = placeId;
    returner.ticket = ticket;
    const tokens = costOf(policy.limits, call);
    const { holdMs } = call;
    const turn = bucket.limiter.comeBack({ caller: returner, tokens, holdMs, ...arrival }, nowMs);
    return this.#arrive(bucket, returner, request, turn, nowMs);
  }

  /** Adds `request` to the place of `caller`, if there is room. */
  #share(
    key: string | undefined,
    bucket: OpenBucket,
    caller: Caller,
    request: HeldRequest,
    nowMs: number,
  ): Leave | undefined {
    const requests = caller.requests.length;
    if (requests >= MAX_REQUESTS_PER_PLACE) {
      const retryAfterMs = Math.max(1, (caller.waiter?.deadlineAtMs ?? nowMs) - nowMs);
      const seen = stateOf(bucket, nowMs);
      request.answered({ kind: "place-crowded", key, requests, retryAfterMs, bucket: seen });
      return undefined;
    }
    caller.join(request);
    return this.#wait(bucket, caller, request, nowMs);
  }

  /** A request starts to wait, and is notified of its place if it follows it. */
  #wait(
    bucket: OpenBucket,
    caller: Caller,
    request: HeldRequest,
    nowMs: number,
    isNotified = false,
  ): Leave {
    request.joined?.(caller);
    if (isFollowing(request) && !isNotified) {
      this.#positions ??= new PositionFeed(this.#platform.clock, (one) => this.#ticketOf(one));
      this.#positions.add(caller, request, bucket.limiter, nowMs);
    }
    return (why) => this.#leave(bucket, caller, request, why);
  }

  #leave(
    bucket: OpenBucket,
    caller: Caller,
    request: HeldRequest,
    why: "cancelled" | undefined,
  ): boolean {
    const { waiter, call, timeoutMs, placeId, ticket } = caller;
    if (!waiter || !bucket.limiter.isWaiting(waiter)) return false;
    caller.leave(request);
    if (isFollowing(request)) this.#positions?.remove(caller, request);
    if (caller.requests.length > 0) return true;
    const nowMs = this.#turns.now();
    this.giveUpPlace(caller);
    if (why === "cancelled") this.cancelled(placeId, nowMs);
    else {
      const place = { timeoutMs, arrival: arrivalOf(waiter), placeId, ticket };
      this.#keyed.disconnected(call, place, nowMs);
    }
    this.#turns.finish(bucket, bucket.limiter.cancel(waiter, nowMs), nowMs);
    return true;
  }
}

/** An admin has taken the caller of `request` out of the queue. */
function refuseRemoved(request: HeldRequest): { leave: undefined } {
  request.answered({ kind: "cancelled-by-admin" });
  return { leave: undefined };
}

/**
 * Those with an idempotency key first. A place is under the key of any of its requests, also if others came to it by
 * its ticket alone: its grant is kept under that key, and the key is free again when it ends.
 */
function keysFirst(sleeping: readonly SleepingRequest[]): readonly SleepingRequest[] {
  const hasKey = ({ call }: SleepingRequest): number => Number(call.idempotencyKey !== undefined);
  return sleeping.toSorted((one, other) => hasKey(other) - hasKey(one));
}

/** Tells the places of one queue apart. */
function nameOf({ queuedAtMs, arrivalNumber }: Arrival): string {
  return `${queuedAtMs} ${arrivalNumber}`;
}
