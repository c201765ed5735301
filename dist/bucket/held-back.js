/** Holds a request back until the window closes. Returns what removes it, then and later. */
export function holdBack(recoveryWindow, { requeued, idempotencyKey: key }, request, nowMs, { arrival, admit, disconnected, cancelled }) {
    let isHeld = true;
    /** Returns whether the request was still held. */
    const release = () => {
        const wasHeld = isHeld;
        isHeld = false;
        return wasHeld;
    };
    let leavePlace;
    const admitOnce = (admittedAtMs) => {
        if (release())
            leavePlace = admit(Math.max(0, admittedAtMs - nowMs), admittedAtMs);
    };
    const reject = (kind) => {
        const wasHeld = release();
        if (wasHeld && kind === "cancelled")
            cancelled();
        if (wasHeld)
            request.answered({ kind });
        return wasHeld;
    };
    const { arrivedAtMs, spreadMs } = requeued ?? {};
    const firstArrivalMs = arrival?.queuedAtMs ?? arrivedAtMs;
    const arrivalNumber = arrival?.arrivalNumber;
    const ways = { key, admit: admitOnce, reject };
    recoveryWindow.hold({ firstArrivalMs, arrivalNumber, spreadMs, ...ways }, nowMs);
    return (why) => {
        if (!release())
            return leavePlace?.(why) ?? false;
        if (why === "cancelled")
            cancelled();
        else
            disconnected();
        return true;
    };
}
