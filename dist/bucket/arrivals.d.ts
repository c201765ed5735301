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
import type { AbsentPlace, Arrival } from "./absent-callers.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { KeyedCalls } from "./keyed-calls.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";
import { Caller } from "./caller.ts";
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
/** The arrivals of one bucket, and the places that they have. */
export declare class Arrivals {
    #private;
    constructor(platform: ArrivalsPlatform, keyed: KeyedCalls, turns: Turns);
    /** Admits a request: it is answered, or it waits and what is returned removes it. */
    admit(bucket: OpenBucket, arriving: Arriving, nowMs: number): Leave | undefined;
    /**
     * Puts requests back that waited when the object fell asleep, before any other call, and returns what removes each
     * of them. Those of one arrival share a place. No turn: what is due is done by the next one.
     */
    restore(bucket: OpenBucket, sleeping: readonly SleepingRequest[], nowMs: number): readonly Leave[];
    /** `caller` doesn't wait any more. */
    giveUpPlace(caller: Caller): void;
    /** `caller` has been granted. In the turn that does it. */
    granted({ placeId }: Caller, grant: Grant, nowMs: number): void;
    /** The acquire in a place, if that has tickets, was cancelled, and can't come back. */
    cancelled(placeId: string | undefined, nowMs: number): void;
    /**
     * An admin takes `caller` out of the queue, and it can't come back: see removed-callers.ts. Throws if that can't be
     * written; nothing changes then.
     */
    removed(caller: Caller, { deadlineAtMs: untilMs }: Waiter<Caller>, nowMs: number): void;
    /** A request is cancelled that the recovery window has held. */
    cancelledInWindow(call: AcquireCall, nowMs: number): void;
    /** The place of the ticket that a call presents; `undefined` if it presents none that is good. */
    presentedPlace(call: AcquireCall): AbsentPlace | undefined;
    /** All storage has been deleted: what tickets are signed with, and who was removed. */
    forgetAll(): void;
    /** A turn is over, and those that it settled have given up their places: others may have moved. */
    turned(bucket: OpenBucket, turn: Turn<Caller>, nowMs: number): void;
    /** A request leaves that the recovery window has held since `heldFromMs`. */
    leftWindow(call: AcquireCall, maxWaitMs: number, heldFromMs: number): void;
}
export {};
