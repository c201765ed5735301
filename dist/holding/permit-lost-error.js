/**
 * The reason with which the signal of work under a permit aborts: the permit's time is up, or may be, so
 * somebody else may have the next one. Match it by `name`, which is "PermitLostError".
 */
export class PermitLostError extends Error {
    name = "PermitLostError";
    /** The fence of the permit that was lost. */
    fence;
    constructor(fence, why, cause) {
        super(`The permit with fence ${fence} is lost: ${why}`, cause === undefined ? {} : { cause });
        this.fence = fence;
    }
}
