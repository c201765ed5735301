/**
 * Calls of one isolate that each reach many objects: only so many of them at a time. If Sluice is public, anyone can
 * make them.
 */
/** Runs calls, a limited number at a time. */
export declare class BoundedCalls {
    #private;
    /** @param timeoutMs A call whose caller has left may never end, so it stops counting after its time. */
    constructor(max: number, timeoutMs: number);
    /** Settles as `call` does. `undefined`: it was not made, because too many others are in progress. */
    run<Result>(call: () => Promise<Result>): Promise<Result | undefined>;
}
