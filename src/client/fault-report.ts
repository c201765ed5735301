/** Telling whoever runs a program what only they can mend, and not for each of a thousand requests. */

/** Told of a fault. What it throws, or rejects with, is written to the console. */
export type OnError = (error: unknown) => void | Promise<void>;

/** Hands a fault on. */
export type Report = (error: unknown) => void;

/** The same fault is written to the console once in so long. */
const REPEAT_MS = 60_000;

/** Hands each fault to `onError`; without one, writes it to the console, the same at most once a minute. */
export function faultReporter(onError?: OnError): Report {
  const writtenAtMs = new Map<string, number>();
  const write = (error: unknown): void => {
    const kind = kindOf(error);
    const nowMs = performance.now();
    if (nowMs - (writtenAtMs.get(kind) ?? -Infinity) < REPEAT_MS) return;
    writtenAtMs.set(kind, nowMs);
    console.error("Sluice cannot limit as it should:", error);
  };
  const tell = async (error: unknown, onFault: OnError): Promise<void> => {
    try {
      await onFault(error);
    } catch (fault) {
      write(fault);
    }
  };
  return (error) => {
    if (onError) void tell(error, onError);
    else write(error);
  };
}

/** A few, however many buckets and values their messages name. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "reason" in error ? `${error.name} ${String(error.reason)}` : error.name;
}
