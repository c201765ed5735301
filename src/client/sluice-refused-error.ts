import type { Refused } from "./acquire-outcome.ts";

/**
 * Sluice has refused the tokens for a request, so it was not sent; or not sent again, after the API had
 * refused it.
 */
export class SluiceRefusedError extends Error {
  override readonly name = "SluiceRefusedError";
  /** Why, and when the same may be granted. */
  readonly refusal: Refused;
  /** What the API answered before, its body cancelled; `undefined` where the request was never sent. */
  readonly response: Response | undefined;

  constructor(refusal: Refused, response?: Response) {
    super(`Sluice refuses bucket "${refusal.bucket}": ${refusal.detail}`);
    this.refusal = refusal;
    this.response = response;
  }
}
