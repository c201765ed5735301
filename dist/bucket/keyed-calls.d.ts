/**
 * What a bucket knows about acquires with an idempotency key, whatever has become of them: granted,
 * waiting, absent (the connection broke while they waited) or cancelled.
 */
import type { Grant } from "../core/outcome.ts";
import type { Settlement } from "../core/turn.ts";
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { AbsentPlace } from "./absent-callers.ts";
import type { Caller } from "./caller.ts";
import type { KeyedGrantStore } from "./idempotency-store.ts";
/** What has become of the earlier acquire with a key; `reused`: that one asked for something else. */
export type KnownCall = {
    readonly kind: "cancelled";
} | {
    readonly kind: "reused";
} | {
    readonly kind: "granted";
    readonly grant: Grant;
} | {
    readonly kind: "waiting";
    readonly caller: Caller;
} | {
    readonly kind: "absent";
    readonly place: AbsentPlace;
};
/** The acquires of one bucket that have a key. */
export declare class KeyedCalls {
    #private;
    constructor(grants: KeyedGrantStore);
    /** What has become of the earlier acquire with `key`; `undefined` if the key is new. */
    find(key: string, call: AcquireCall, nowMs: number): KnownCall | undefined;
    /** The caller under `key` that isn't answered yet. It waits, or has been settled in the batch that is under way. */
    waiting(key: string): Caller | undefined;
    /** Whether a grant is kept for `key`. Reads the disk on first use. */
    isGranted(key: string, nowMs: number): boolean;
    /** `caller` has arrived, and isn't answered yet. */
    arrived(key: string, caller: Caller): void;
    /** `caller` is about to be answered, or has left. */
    forget(caller: Caller): void;
    /** Writes those of a turn's grants down that have a key, in that turn. */
    settled(settlements: readonly Settlement<Caller>[], nowMs: number): void;
    /** The last request of a call has disconnected; the call may come back to its place within 30 seconds. */
    disconnected(call: AcquireCall, place: Omit<AbsentPlace, "asked">, nowMs: number): void;
    /** See `AbsentCallers.cancel`. */
    cancel(key: string, nowMs: number): AbsentPlace | undefined;
    /** Forgets absent and cancelled calls. */
    forgetAbsent(): void;
    /** All storage has been deleted, and the grants with it. */
    forgetAll(): void;
}
