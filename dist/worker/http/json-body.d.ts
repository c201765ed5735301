/** What is wrong with a body, in one sentence. */
export declare class JsonBodyError extends Error {
    readonly name = "JsonBodyError";
}
/** The body is larger than allowed. */
export declare class BodyTooLargeError extends Error {
    readonly name = "BodyTooLargeError";
    constructor(maxBytes: number);
}
/**
 * The JSON object in the body of `request`; an empty body is an empty object. Reads no further than the first
 * byte over `maxBytes`.
 *
 * @throws {BodyTooLargeError} (as a rejection) If the body is larger, announced or not.
 * @throws {JsonBodyError} (as a rejection) If the body ends early, is not a JSON object, or has a member
 * twice.
 */
export declare function readJsonObject(request: Request, maxBytes?: number): Promise<Record<string, unknown>>;
