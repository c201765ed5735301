/**
 * Examines the arguments of a paced fetch before any token is taken: whatever `fetch` would throw
 * for is thrown here, and whether the request can be sent twice is known from the start.
 */
export type FetchInput = Parameters<typeof fetch>[0];
export type FetchInit = Parameters<typeof fetch>[1];
/** A function with the signature of `fetch`. */
export type Fetch = (input: FetchInput, init?: FetchInit) => Promise<Response>;
type GivenRequest = Extract<FetchInput, {
    clone(): unknown;
}>;
/** What is known about a request before it is sent. */
export interface PacedRequest {
    /** The request without its body. */
    readonly request: Request;
    readonly signal: AbortSignal | undefined;
    /** Whether its body can be sent again as it is. */
    readonly hasLastingBody: boolean;
    /** A `Request` whose body can be read only once: send a copy if it may be needed again. */
    readonly toCopy: GivenRequest | undefined;
}
/**
 * Examines the arguments of a `fetch`.
 *
 * @throws {TypeError} If they don't form a request, or its body has already been read or can't be
 * read.
 */
export declare function openRequest(input: FetchInput, init: FetchInit): PacedRequest;
export {};
