import { problemResponse } from "../answers/problem.js";
import { PING, PONG } from "../protocol/watch-feed.js";
import { decodeSocketCall } from "../wire/socket-call.js";
import { MAX_SESSIONS, Sessions } from "./sessions/sessions.js";
import { Watchers } from "./watchers.js";
/** When to retry if there are too many sessions: those of a deployment that is being replaced end by then. */
const FULL_RETRY_MS = 5_000;
/** Prefix of the key of a row with places, whose session follows. */
const PLACES_PREFIX = "places:";
/** The tags of sockets, by what they are for. */
const tags = { watch: "watch", session: "session" };
/** All sockets of one object. */
export class ObjectSockets {
    /** Made for the first session. */
    sessions = undefined;
    #ctx;
    #host;
    #clock;
    #watchers;
    #sessionSockets = new Map();
    /** Takes over the sockets of an instance that slept. */
    constructor(ctx, host, clock) {
        this.#ctx = ctx;
        this.#host = host;
        this.#clock = clock;
        this.#watchers = new Watchers(ctx, host, clock, tags.watch);
        const sockets = ctx.getWebSockets(tags.session).filter(isOpen);
        if (sockets.length === 0)
            return;
        for (const socket of sockets)
            this.#sessionSockets.set(socket, new ObjectSocket(socket));
        this.#madeSessions().restore([...this.#sessionSockets.values()]);
    }
    /**
     * Opens the WebSocket that `url` asks for: a `101` with the caller's end, or a refusal.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    accept(url) {
        const { kind, call } = decodeSocketCall(url);
        if (kind === "watch")
            return this.#watchers.accept(call);
        return this.#acceptSession(call);
    }
    #acceptSession(call) {
        const sessions = this.#madeSessions();
        // This includes sockets that are closed but still hold unread messages.
        if (this.#ctx.getWebSockets(tags.session).length >= MAX_SESSIONS) {
            const detail = `Cannot open a session: this bucket already has ${MAX_SESSIONS}`;
            return problemResponse("sessions-full", { detail, retryAfterMs: FULL_RETRY_MS });
        }
        const { 0: client, 1: server } = new WebSocketPair();
        this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
        this.#ctx.acceptWebSocket(server, [tags.session]);
        const socket = new ObjectSocket(server);
        sessions.open(socket, call);
        this.#sessionSockets.set(server, socket);
        return new Response(null, { status: 101, webSocket: client });
    }
    received(socket, data) {
        const session = this.#sessionSockets.get(socket);
        if (session)
            this.sessions?.received(session, data);
        else
            this.#watchers.received(socket, data);
    }
    /** The other end has started to close, and waits for this end to close, too. */
    disconnected(socket) {
        if (this.#sessionSockets.has(socket)) {
            closeQuietly(socket);
            this.gone(socket);
        }
        else
            this.#watchers.disconnected(socket);
    }
    /** A socket is broken. */
    gone(socket) {
        const session = this.#sessionSockets.get(socket);
        if (!session) {
            this.#watchers.gone(socket);
            return;
        }
        this.#sessionSockets.delete(socket);
        this.sessions?.closed(session);
    }
    #madeSessions() {
        return (this.sessions ??= new Sessions(this.#host, {
            clock: this.#clock,
            defer: (callback) => queueMicrotask(callback),
            newId: () => crypto.randomUUID(),
            placeRows: placeRowsOf(this.#ctx.storage),
        }));
    }
}
/** The socket of a session. */
class ObjectSocket {
    #socket;
    constructor(socket) {
        this.#socket = socket;
    }
    send(text) {
        try {
            this.#socket.send(text);
        }
        catch {
            // It has closed in the meantime; the runtime reports that, too, but later.
        }
    }
    close(code, reason) {
        closeQuietly(this.#socket, code, reason);
    }
    get unsentBytes() {
        return this.#socket.bufferedAmount;
    }
    get saved() {
        const saved = this.#socket.deserializeAttachment();
        return saved ?? undefined;
    }
    set saved(saved) {
        this.#socket.serializeAttachment(saved ?? null);
    }
}
function isOpen({ readyState }) {
    return readyState === WebSocket.OPEN;
}
function placeRowsOf({ kv }) {
    return {
        *list() {
            for (const [key] of kv.list({ prefix: PLACES_PREFIX }))
                yield key.slice(PLACES_PREFIX.length);
        },
        read: (sessionId) => kv.get(PLACES_PREFIX + sessionId),
        write: (sessionId, places) => kv.put(PLACES_PREFIX + sessionId, places),
        delete: (sessionId) => void kv.delete(PLACES_PREFIX + sessionId),
    };
}
function closeQuietly(socket, code, reason) {
    try {
        socket.close(code, reason);
    }
    catch {
        // It is already closed.
    }
}
