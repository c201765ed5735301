/** The object can't be reached; `cause` is the last failure. */
export declare class BucketUnreachableError extends Error {
    readonly name = "BucketUnreachableError";
}
/**
 * Calls the object until a call succeeds. `call` takes a fresh stub each time. Settles as the call does, with
 * these exceptions:
 *
 * @throws {BucketUnreachableError} After `MAX_FAILURES` consecutive failures, and at once if calling again
 * can't help: the object is overloaded, or its code threw.
 * @throws The reason of the caller's signal, if the caller leaves while the object is being reached. The
 * signal is only read after a failure: reading it makes the runtime create it, which costs more than a grant.
 */
export declare function callWithRetry<Result>(call: () => Promise<Result>, caller: Pick<Request, "signal"> | undefined): Promise<Result>;
/** Whether a call failed because the object is overloaded. */
export declare function isOverloaded(error: unknown): boolean;
/**
 * Whether calling again may help. It can't if the object is overloaded, nor if code threw: the object's (which
 * the runtime marks as `remote`, without saying that the object was reset or the call may be repeated) or this
 * side's (a value that can't be sent). Any other unmarked failure happened on the way.
 */
export declare function isTransient(error: unknown): boolean;
