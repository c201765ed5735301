/** Status for a request whose caller has left, as nginx logs it; no RFC defines it. */
export declare const CLIENT_CLOSED_REQUEST = 499;
/** The answer to a caller that has left: a handler must return one, and nobody reads it. */
export declare function clientClosedResponse(): Response;
