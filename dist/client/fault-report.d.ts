/**
 * Reports faults that only the operator can fix, without repeating them for each of a thousand
 * requests.
 */
/** Called with a fault. Whatever it throws or rejects with is written to the console. */
export type OnError = (error: unknown) => void | Promise<void>;
/** Reports a fault. */
export type Report = (error: unknown) => void;
/**
 * Passes each fault to `onError`; without one, writes it to the console, at most once a minute for
 * each kind of fault.
 */
export declare function faultReporter(onError?: OnError): Report;
/** Writes a fault to the console, at most once a minute for each kind, whatever reports it. */
export declare function reportToConsole(error: unknown): void;
