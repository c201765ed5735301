/**
 * What a request to watch says about itself. It comes from browsers, which differ from other callers in two
 * ways: a script can't set headers of a WebSocket's request, only the names of subprotocols; and browsers
 * don't apply CORS to WebSockets, so a script of any origin can open one.
 */
import type { CorsOrigins } from "../config/cors-origins.ts";

import { apiKeyIn } from "../../protocol/watch-feed.ts";

/** Whether the request asks for a WebSocket. */
export function isUpgrade({ headers }: Request): boolean {
  return headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** The offered subprotocols, in order. */
export function subprotocolsOf({ headers }: Request): readonly string[] {
  const names = headers.get("Sec-WebSocket-Protocol") ?? "";
  return names.split(",").map((name) => name.trim());
}

/**
 * Whether a script of the request's origin may read the bucket: the origin is Sluice's own or one that
 * `allowed` lists, or the sender is not a browser. For its own origin the host is compared and not the
 * scheme, because a proxy that ends TLS in front of Sluice may use plain HTTP.
 */
export function isOriginAllowed(request: Request, allowed: CorsOrigins): boolean {
  const origin = request.headers.get("Origin");
  if (origin === null || allowed === "*" || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}

/**
 * The request's headers as token checks expect them: with the token in the `Authorization` header that a
 * browser can't send. Those of a request that has the header stay as they are.
 */
export function withBearer(request: Request): Pick<Request, "headers"> {
  if (request.headers.has("Authorization")) return request;
  const token = apiKeyIn(subprotocolsOf(request));
  if (token === undefined) return request;
  return { headers: new Headers({ Authorization: `Bearer ${token}` }) };
}
