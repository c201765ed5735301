/** A request that the recovery window holds back: until it is admitted or rejected, or its caller leaves. */
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { HeldRequest, Leave } from "./held-request.ts";
import type { RecoveryWindow, RejectReason } from "./recovery-window.ts";

/** What becomes of a request that was held back. */
interface HeldBack {
  /** The window has closed, after `heldMs`. Returns what removes the request if it waits now. */
  readonly admit: (heldMs: number, nowMs: number) => Leave | undefined;
  /** Its caller has left before that. */
  readonly disconnected: () => void;
}

/** Holds a request back until the window closes. Returns what removes it, then and later. */
export function holdBack(
  recoveryWindow: RecoveryWindow,
  { requeued, idempotencyKey: key }: AcquireCall,
  request: HeldRequest,
  nowMs: number,
  { admit, disconnected }: HeldBack,
): Leave {
  let isHeld = true;
  /** Returns whether the request was still held. */
  const release = (): boolean => {
    const wasHeld = isHeld;
    isHeld = false;
    return wasHeld;
  };
  let leavePlace: Leave | undefined;
  const admitOnce = (admittedAtMs: number): void => {
    if (release()) leavePlace = admit(Math.max(0, admittedAtMs - nowMs), admittedAtMs);
  };
  const reject = (kind: RejectReason): boolean => {
    const wasHeld = release();
    if (wasHeld) request.answered({ kind });
    return wasHeld;
  };
  const { arrivedAtMs: firstArrivalMs, spreadMs } = requeued ?? {};
  recoveryWindow.hold({ firstArrivalMs, spreadMs, key, admit: admitOnce, reject }, nowMs);
  return () => {
    if (!release()) return leavePlace?.() ?? false;
    disconnected();
    return true;
  };
}
