/** The response `200` with this body. */
export declare function jsonResponse(body: object, headers?: Record<string, string>): Response;
