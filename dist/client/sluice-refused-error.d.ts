import type { Refused } from "./acquire-outcome.ts";
/**
 * Thrown by a paced fetch when Sluice refuses the tokens for a request: it was not sent, or it was
 * not retried after the API had refused it.
 */
export declare class SluiceRefusedError extends Error {
    readonly name = "SluiceRefusedError";
    /** Why it was refused, and when to retry. */
    readonly refusal: Refused;
    /**
     * The API's earlier answer, with its body cancelled; `undefined` if the request was never sent.
     */
    readonly response: Response | undefined;
    constructor(refusal: Refused, response?: Response);
}
