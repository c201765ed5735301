/**
 * Requests for a WebSocket. They come from browsers, too, which differ from other callers in two ways: a script
 * can't set headers of a WebSocket's request, only the names of subprotocols; and browsers don't apply CORS to
 * WebSockets, so a script of any origin can open one.
 */
import type { CorsOrigins } from "../config/cors-origins.ts";
/**
 * Refuses a script whose origin is neither Sluice's own nor one that `allowed` lists. For its own origin the host is
 * compared and not the scheme, because a proxy that ends TLS in front of Sluice may use plain HTTP.
 *
 * @param what What a page of that origin may not do, in a sentence: "watch".
 */
export declare function refuseOrigin(request: Request, allowed: CorsOrigins, what: string): Response | undefined;
/**
 * The request's headers as token checks expect them: with the token in the `Authorization` header that a
 * browser can't send. Those of a request that has the header stay as they are.
 */
export declare function withBearer(request: Request): Pick<Request, "headers">;
/**
 * Answers a request with the WebSocket that `open` returns, or with its refusal; a request that asks for no
 * WebSocket gets a refusal without it.
 *
 * @param what What needs one, as the beginning of a sentence: "Watching a bucket".
 * @param subprotocol The one that is spoken. A request that offers none gets its WebSocket, too.
 */
export declare function upgrade(request: Request, what: string, subprotocol: string, open: () => Promise<Response>): Promise<Response>;
