/**
 * Thrown by a paced fetch when Sluice refuses the tokens for a request: it was not sent, or it was
 * not retried after the API had refused it.
 */
export class SluiceRefusedError extends Error {
    name = "SluiceRefusedError";
    /** Why it was refused, and when to retry. */
    refusal;
    /**
     * The API's earlier answer, with its body cancelled; `undefined` if the request was never sent.
     */
    response;
    constructor(refusal, response) {
        super(`Sluice refused bucket "${refusal.bucket}": ${refusal.detail}`);
        this.refusal = refusal;
        this.response = response;
    }
}
