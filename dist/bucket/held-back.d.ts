/** A request that the recovery window holds back: until it is admitted or rejected, or its caller leaves. */
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { Arrival } from "./absent-callers.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { RecoveryWindow } from "./recovery-window.ts";
/** A request that is held back, and what becomes of it. */
interface HeldBack {
    /** What its ticket says, if it has presented one; that counts for more than when it was requeued. */
    readonly arrival: Arrival | undefined;
    /** The window has closed, after `heldMs`. Returns what removes the request if it waits now. */
    readonly admit: (heldMs: number, nowMs: number) => Leave | undefined;
    /** Its caller has left before that. */
    readonly disconnected: () => void;
    /** It was cancelled before that. */
    readonly cancelled: () => void;
}
/** Holds a request back until the window closes. Returns what removes it, then and later. */
export declare function holdBack(recoveryWindow: RecoveryWindow, { requeued, idempotencyKey: key }: AcquireCall, request: HeldRequest, nowMs: number, { arrival, admit, disconnected, cancelled }: HeldBack): Leave;
export {};
