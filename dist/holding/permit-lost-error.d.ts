/**
 * The reason with which the signal of work under a permit aborts: the permit's time is up, or may be, so
 * somebody else may have the next one. Match it by `name`, which is "PermitLostError".
 */
export declare class PermitLostError extends Error {
    readonly name = "PermitLostError";
    /** The fence of the permit that was lost. */
    readonly fence: number;
    constructor(fence: number, why: string, cause?: unknown);
}
