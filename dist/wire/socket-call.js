/** The host of a Durable Object's URL means nothing. */
const SOCKET_URL = /^https:\/\/bucket\/(watch|session)\?/;
/** The request that carries `call`: an upgrade to a WebSocket. */
export function socketRequest(kind, call) {
    const url = `https://bucket/${kind}?${encodeURIComponent(JSON.stringify(call))}`;
    return new Request(url, { headers: { Upgrade: "websocket" } });
}
/**
 * The call in the URL of a request.
 *
 * @throws {TypeError} If the URL holds no call: `socketRequest` did not build it.
 */
export function decodeSocketCall(url) {
    const [start = "", kind] = SOCKET_URL.exec(url) ?? [];
    if (kind !== "watch" && kind !== "session") {
        throw new TypeError("Cannot open a WebSocket: the URL holds no call");
    }
    return { kind, call: JSON.parse(decodeURIComponent(url.slice(start.length))) };
}
