/**
 * Reports faults that the operator should know about: to a callback, or to the console, which
 * doesn't get the same fault again for each of a thousand requests.
 */

/** Called with a fault. Whatever it throws or rejects with is written to the console. */
export type OnError = (error: unknown) => void | Promise<void>;

/** Reports a fault. */
export type Report = (error: unknown) => void;

/** The same kind of fault is written to the console once per minute. */
const REPEAT_MS = 60_000;

/**
 * Passes each fault to `onError`; without one, writes it to the console, at most once a minute for
 * each kind of fault.
 */
export function faultReporter(onError?: OnError): Report {
  const writtenAtMs = new Map<string, number>();
  const write = (error: unknown): void => {
    const kind = kindOf(error);
    const nowMs = performance.now();
    if (nowMs - (writtenAtMs.get(kind) ?? -Infinity) < REPEAT_MS) return;
    writtenAtMs.set(kind, nowMs);
    console.error("Sluice rate limit failed:", error);
  };
  const callBack = async (error: unknown, onFault: OnError): Promise<void> => {
    try {
      await onFault(error);
    } catch (fault) {
      write(fault);
    }
  };
  return (error) => {
    if (onError) void callBack(error, onError);
    else write(error);
  };
}

let shared: Report | undefined;

/** Writes a fault to the console, at most once a minute for each kind, whatever reports it. */
export function reportToConsole(error: unknown): void {
  shared ??= faultReporter();
  shared(error);
}

/** One of a small set, however many different buckets and values the messages name. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "reason" in error ? `${error.name} ${String(error.reason)}` : error.name;
}
