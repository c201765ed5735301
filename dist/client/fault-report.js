/**
 * Reports faults that only the operator can fix, without repeating them for each of a thousand
 * requests.
 */
/** The same kind of fault is written to the console once per minute. */
const REPEAT_MS = 60_000;
/**
 * Passes each fault to `onError`; without one, writes it to the console, at most once a minute for
 * each kind of fault.
 */
export function faultReporter(onError) {
    const writtenAtMs = new Map();
    const write = (error) => {
        const kind = kindOf(error);
        const nowMs = performance.now();
        if (nowMs - (writtenAtMs.get(kind) ?? -Infinity) < REPEAT_MS)
            return;
        writtenAtMs.set(kind, nowMs);
        console.error("Sluice rate limit failed:", error);
    };
    const callBack = async (error, onFault) => {
        try {
            await onFault(error);
        }
        catch (fault) {
            write(fault);
        }
    };
    return (error) => {
        if (onError)
            void callBack(error, onError);
        else
            write(error);
    };
}
let shared;
/** Writes a fault to the console, at most once a minute for each kind, whatever reports it. */
export function reportToConsole(error) {
    shared ??= faultReporter();
    shared(error);
}
/** One of a small set, however many different buckets and values the messages name. */
function kindOf(error) {
    if (!(error instanceof Error))
        return typeof error;
    return "reason" in error ? `${error.name} ${String(error.reason)}` : error.name;
}
