import { COMMON_FIELDS } from "../../answers/common-fields.js";
import { problemResponse } from "../../answers/problem.js";
import { showValue } from "../../core/values.js";
import { apiKeyIn } from "../../protocol/watch-feed.js";
/**
 * Refuses a script whose origin is neither Sluice's own nor one that `allowed` lists. For its own origin the host is
 * compared and not the scheme, because a proxy that ends TLS in front of Sluice may use plain HTTP.
 *
 * @param what What a page of that origin may not do, in a sentence: "watch".
 */
export function refuseOrigin(request, allowed, what) {
    const origin = request.headers.get("Origin");
    if (origin === null || allowed === "*" || allowed.includes(origin))
        return undefined;
    const isOwn = URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
    if (isOwn)
        return undefined;
    const detail = `Pages from ${showValue(origin)} may not ${what}: add the origin to CORS_ORIGINS`;
    return problemResponse("origin-not-allowed", { detail });
}
/**
 * The request's headers as token checks expect them: with the token in the `Authorization` header that a
 * browser can't send. Those of a request that has the header stay as they are.
 */
export function withBearer(request) {
    if (request.headers.has("Authorization"))
        return request;
    const token = apiKeyIn(subprotocolsOf(request));
    if (token === undefined)
        return request;
    return { headers: new Headers({ Authorization: `Bearer ${token}` }) };
}
/**
 * Answers a request with the WebSocket that `open` returns, or with its refusal; a request that asks for no
 * WebSocket gets a refusal without it.
 *
 * @param what What needs one, as the beginning of a sentence: "Watching a bucket".
 * @param subprotocol The one that is spoken. A request that offers none gets its WebSocket, too.
 */
export async function upgrade(request, what, subprotocol, open) {
    if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") {
        const detail = `${what} needs a WebSocket: send Upgrade: websocket`;
        const headers = { Upgrade: "websocket", Connection: "Upgrade" };
        return problemResponse("upgrade-required", { detail, headers });
    }
    const answer = await open();
    if (answer.webSocket === null)
        return answer;
    const isOffered = subprotocolsOf(request).includes(subprotocol);
    const headers = { ...COMMON_FIELDS, ...(isOffered && { "Sec-WebSocket-Protocol": subprotocol }) };
    return new Response(null, { status: 101, webSocket: answer.webSocket, headers });
}
/** The offered subprotocols, in order. */
function subprotocolsOf({ headers }) {
    const names = headers.get("Sec-WebSocket-Protocol") ?? "";
    return names.split(",").map((name) => name.trim());
}
