/**
 * Returns a copy of `response` that calls `done` when its body ends, in whatever way; `undefined` if it has
 * none, or one that is being read elsewhere.
 *
 * @param signal When it aborts, the body fails with its reason.
 */
export declare function followedResponse(response: Response, signal: AbortSignal | undefined, done: () => void): Response | undefined;
