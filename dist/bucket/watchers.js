import { problemResponse } from "../answers/problem.js";
import { MAX_UNREAD, PING, PONG, unitsRead } from "../protocol/watch-feed.js";
import { CoalescingTimer } from "./coalescing-timer.js";
/** Watchers of one bucket: each costs the object a message whenever something happens. */
const MAX_WATCHERS = 100;
/** When to retry if there are too many: pages stay open for longer than this, but not all of them do. */
const FULL_RETRY_MS = 5_000;
/**
 * Between two messages: too short for people to notice, and a flood of requests makes 20 messages a second.
 */
const MIN_SPACING_MS = 50;
/** And this much per watcher: together they get at most a thousand messages a second. */
const SPACING_PER_WATCHER_MS = 1;
/** Events in one message: about 5 KB. Up to 50 watchers can each receive a thousand events a second. */
const MAX_EVENTS = 50;
/** The size of a message from a watcher. What it has to say is far shorter. */
const MAX_RECEIVED = 1_024;
/** How many meaningless messages a watcher may send in the lifetime of this instance. */
const MAX_INVALID_FRAMES = 100;
/** Close codes; 1008 and 1009 are the protocol's own (RFC 6455, 7.4.1). */
const closeCodes = { invalidFrames: 1008, tooLarge: 1009, tooSlow: 4408 };
/** The watchers of one bucket. */
export class Watchers {
    #ctx;
    #host;
    #clock;
    #tag;
    #timer;
    #watchers = new Map();
    #events = [];
    #omitted = 0;
    #lastId = 0;
    /** Whether there may be something to send. */
    #isStale = false;
    /** The bucket's state as last sent to all watchers, as JSON text. */
    #lastSnapshot = "";
    /** Takes over the watchers of an earlier instance: the sockets with this tag. */
    constructor(ctx, host, clock, tag) {
        this.#ctx = ctx;
        this.#tag = tag;
        this.#host = host;
        this.#clock = clock;
        this.#timer = new CoalescingTimer(clock, () => this.#flush());
        for (const socket of ctx.getWebSockets(tag)) {
            const attachment = socket.deserializeAttachment();
            if (!attachment || socket.readyState !== WebSocket.OPEN)
                continue;
            const { call, lastId, sent, read } = attachment;
            this.#watchers.set(socket, { call, sent, read, invalidFrames: 0 });
            this.#lastId = Math.max(this.#lastId, lastId);
        }
        if (this.#watchers.size > 0)
            this.#observe();
    }
    /**
     * Accepts a watcher and sends it the bucket's state: returns a `101` with the watcher's end of the socket,
     * or the refusal if there are too many watchers.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    accept(call) {
        const snapshot = this.#host.inspect(call.bucket, call.policy);
        // This includes sockets that are closed but still hold unread messages.
        if (this.#ctx.getWebSockets(this.#tag).length >= MAX_WATCHERS) {
            const detail = `Cannot watch: this bucket already has ${MAX_WATCHERS} watchers`;
            return problemResponse("watchers-full", { detail, retryAfterMs: FULL_RETRY_MS });
        }
        // The snapshot contains everything up to now, so the other watchers must hear of it first.
        this.#flush();
        const { 0: client, 1: socket } = new WebSocketPair();
        this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
        this.#ctx.acceptWebSocket(socket, [this.#tag]);
        const watcher = { call, sent: 0, read: 0, invalidFrames: 0 };
        this.#watchers.set(socket, watcher);
        this.#observe();
        this.#send(socket, watcher, this.#message(snapshot, { isFirst: true }));
        return new Response(null, { status: 101, webSocket: client });
    }
    /** A watcher has sent a message. */
    received(socket, data) {
        const watcher = this.#watchers.get(socket);
        if (!watcher)
            return;
        const size = typeof data === "string" ? data.length : data.byteLength;
        if (size > MAX_RECEIVED) {
            this.#close(socket, "tooLarge", `Over ${MAX_RECEIVED} bytes`);
            return;
        }
        const units = typeof data === "string" ? unitsRead(data) : undefined;
        if (units !== undefined) {
            watcher.read = Math.min(watcher.sent, Math.max(watcher.read, units));
            return;
        }
        watcher.invalidFrames += 1;
        if (watcher.invalidFrames > MAX_INVALID_FRAMES) {
            this.#close(socket, "invalidFrames", `Over ${MAX_INVALID_FRAMES} messages without meaning`);
        }
    }
    /** A watcher has started to close; it waits for this end to close, too. */
    disconnected(socket) {
        this.gone(socket);
        try {
            socket.close();
        }
        catch {
            // It is already closed.
        }
    }
    /** A socket is broken. */
    gone(socket) {
        this.#watchers.delete(socket);
        if (this.#watchers.size > 0)
            return;
        this.#host.observe(undefined);
        this.#clear();
    }
    #observe() {
        this.#host.observe({ turned: (events) => this.#turned(events) }, this.#lastId);
    }
    #turned(events) {
        for (const event of events) {
            this.#lastId = Math.max(this.#lastId, event.id);
            if (this.#events.length < MAX_EVENTS)
                this.#events.push(event);
            else
                this.#omitted += 1;
        }
        this.#isStale = true;
        this.#timer.set(Math.max(MIN_SPACING_MS, this.#watchers.size * SPACING_PER_WATCHER_MS));
    }
    /** Sends everything that is pending to all watchers. */
    #flush() {
        const [first] = this.#watchers.values();
        if (!first || !this.#isStale)
            return;
        const snapshot = this.#host.peek(first.call.bucket, first.call.policy);
        const hasChanged = JSON.stringify(snapshot) !== this.#lastSnapshot;
        if (hasChanged || this.#events.length > 0) {
            const text = this.#message(snapshot, { events: this.#events, omitted: this.#omitted });
            for (const [socket, watcher] of this.#watchers)
                this.#send(socket, watcher, text);
        }
        this.#clear();
    }
    #clear() {
        this.#events = [];
        this.#omitted = 0;
        this.#isStale = false;
    }
    #message(snapshot, { isFirst = false, events = [], omitted = 0 }) {
        this.#lastSnapshot = JSON.stringify(snapshot);
        const message = {
            atMs: this.#clock.now(),
            ...(isFirst && { isFirst }),
            snapshot,
            events,
            ...(omitted > 0 && { omitted }),
        };
        return JSON.stringify(message);
    }
    #send(socket, watcher, text) {
        if (watcher.sent - watcher.read > MAX_UNREAD) {
            this.#close(socket, "tooSlow", `Over ${MAX_UNREAD} characters not reported as read`);
            return;
        }
        watcher.sent += text.length;
        try {
            socket.send(text);
            const { call, sent, read } = watcher;
            const attachment = { call, lastId: this.#lastId, sent, read };
            socket.serializeAttachment(attachment);
        }
        catch {
            // The socket has closed in the meantime; the runtime reports that, too, but later.
            this.gone(socket);
        }
    }
    #close(socket, code, reason) {
        socket.close(closeCodes[code], reason);
        this.gone(socket);
    }
}
