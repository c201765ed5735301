/**
 * What a request to watch says of itself. It comes from browsers, which differ in two ways from other
 * callers: a script cannot set a header of a WebSocket's request, but the names of subprotocols; and
 * what a browser holds back from scripts of other origins elsewhere (CORS), it does not hold back here.
 */
import type { CorsOrigins } from "../config/cors-origins.ts";

import { apiKeyIn } from "../../protocol/watch-feed.ts";

/** Whether a WebSocket is asked for. */
export function isUpgrade({ headers }: Request): boolean {
  return headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** The subprotocols that are offered, in order. */
export function subprotocolsOf({ headers }: Request): readonly string[] {
  const names = headers.get("Sec-WebSocket-Protocol") ?? "";
  return names.split(",").map((name) => name.trim());
}

/**
 * Whether a script of the request's origin may read the bucket: it is Sluice's own, or one that
 * `allowed` names, or the sender is no browser. Of its own origin the host is compared and not the
 * scheme, because what ends TLS in front of Sluice may speak plain HTTP to it.
 */
export function isOriginAllowed(request: Request, allowed: CorsOrigins): boolean {
  const origin = request.headers.get("Origin");
  if (origin === null || allowed === "*" || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}

/**
 * The request as those who check tokens want it: with the token in the `Authorization` that a browser
 * cannot send. A request that has one of its own stays as it is.
 */
export function withBearer(request: Request): Request {
  if (request.headers.has("Authorization")) return request;
  const token = apiKeyIn(subprotocolsOf(request));
  if (token === undefined) return request;
  return new Request(request.url, { headers: { Authorization: `Bearer ${token}` } });
}
