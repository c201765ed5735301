import { backoffMs } from "../../core/backoff.js";
import { membersOf } from "../../core/is-record.js";
import { Timer } from "../../holding/timer.js";
import { onAbort } from "../../on-abort.js";
import { isPermit, parseJson } from "../transport/answer.js";
import { Deferred } from "../transport/deferred.js";
import { LiveSocket } from "../transport/live-socket.js";
import { ANSWER_MS } from "../transport/retried-calls.js";
import { TransportError } from "../transport/transport-error.js";
import { framesOf } from "./frames.js";
import { callAnswerIn, endingIn, PendingAcquire } from "./pending.js";
import { SessionPermits } from "./session-permits.js";
/** Short, so that sessions that broke together are back together: their order is kept if they are. */
const BACKOFF = { firstMs: 100, maxMs: 200 };
/** Longest time for a connection to open: HTTP is there meanwhile. */
const OPEN_MS = 3_000;
/** Silence after which Sluice is sent a ping. It has ten seconds to answer. */
const SILENCE_MS = 10_000;
/** Half a frame. A longer acquire goes over HTTP: with a ticket, it must still fit into a frame. */
const MAX_MESSAGE_LENGTH = 30_720;
/** A session that nothing needs is closed after so long: an open socket keeps its process alive. */
const IDLE_MS = 1_000;
/** A session from its opening to its end. */
export class Session {
    #parts;
    /** In order of arrival. Those that were given up are in `#cancels`, until that is answered. */
    #acquires = new Map();
    #cancels = new Map();
    #calls = new Map();
    #permits = new SessionPermits((id) => this.#expired(id));
    #reopening = new Timer();
    #idling = new Timer();
    #socket = undefined;
    #outbox = [];
    /** Never used twice, so that an answer can't reach another call. */
    #lastId = 0;
    #isOpen = false;
    #hasOpened = false;
    #isOver = false;
    #failures = 0;
    /** When its connection broke, as `performance.now()`; until something is received on another one. */
    #brokenAtMs = undefined;
    #idleSinceMs = 0;
    #isIdling = false;
    constructor(parts) {
        this.#parts = parts;
    }
    /** Whether an acquire would be sent at once. */
    get isOpen() {
        return this.#isOpen;
    }
    /** Whether it is being opened for the first time. */
    get isOpening() {
        return !this.#hasOpened && !this.#isOver;
    }
    /** Opens it. It may end before this returns. */
    open() {
        const events = {
            onOpen: () => this.#opened(),
            onText: (text) => this.#received(text),
            onClose: () => this.#closed(),
        };
        const times = { openMs: OPEN_MS, silenceMs: SILENCE_MS };
        try {
            this.#socket = new LiveSocket(this.#parts.openSocket(), events, times);
        }
        catch {
            // A page that was loaded over TLS may not open this URL, for example.
            this.#closed();
        }
    }
    /**
     * Sends an acquire, now or as soon as the session is open. Resolves with its answer as over HTTP; with `undefined`
     * if it could not be sent.
     *
     * @param onPlace Called with each place. Rejects with whatever it throws or rejects with.
     * @throws {TransportError} If the session breaks and can't be resumed in time.
     */
    async acquire(request, { signal, showLife }, onPlace) {
        const id = this.#newId();
        const message = request.message(id);
        if (this.#isOver || message.length > MAX_MESSAGE_LENGTH)
            return undefined;
        const pending = new PendingAcquire(request, (place) => {
            showLife();
            return onPlace(place);
        });
        this.#acquires.set(id, pending);
        if (this.#isOpen)
            this.#send(message);
        const stopListening = onAbort(signal, () => this.#giveUp(id, pending, signal.reason));
        try {
            return await pending.ended;
        }
        finally {
            stopListening();
        }
    }
    /**
     * Sends a call about a hold, or about a permit that was granted here. `undefined` if it has to go another way.
     * Rejects with a `TransportError` if the connection breaks.
     */
    call(message, { signal }) {
        if (!this.#isOpen)
            return undefined;
        if ("permit" in message && !this.#permits.has(message.permit))
            return undefined;
        const { id, answer } = this.#sendCall(message, true);
        const stopListening = onAbort(signal, () => {
            if (!this.#calls.delete(id))
                return;
            answer.reject(signal.reason);
            this.#breakIfSilent(signal.reason);
        });
        answer.promise.then(stopListening, stopListening);
        return answer.promise;
    }
    /** Ends it. Acquires that wait on it end in a `TransportError`. */
    close() {
        this.#end(false);
    }
    #newId() {
        this.#lastId += 1;
        return this.#lastId;
    }
    #send(message) {
        this.#outbox.push(message);
        if (this.#outbox.length === 1)
            queueMicrotask(() => this.#flush());
    }
    #flush() {
        const messages = this.#outbox;
        this.#outbox = [];
        if (this.#isOpen)
            for (const frame of framesOf(messages))
                this.#socket?.send(frame);
    }
    #sendCall(message, isAsked) {
        const id = this.#newId();
        const answer = new Deferred();
        this.#calls.set(id, { message, isAsked, answer });
        const { op, ...members } = message;
        this.#send(JSON.stringify({ op, id, ...members }));
        return { id, answer };
    }
    /** Sends a call of the session itself. */
    #sendUnasked(message) {
        this.#expect(this.#sendCall(message, false).answer.promise);
    }
    /** Breaks the connection if something that nobody waits for isn't answered. */
    #expect(answer) {
        const timer = new Timer();
        timer.set(ANSWER_MS, () => this.#socket?.close());
        const stop = () => timer.clear();
        answer.then(stop, stop);
    }
    #opened() {
        this.#isOpen = true;
        this.#hasOpened = true;
        // A permit that was granted on another connection lasts only a little longer.
        for (const permit of this.#permits.ids)
            this.#sendUnasked({ op: "extend", permit });
        for (const [id, { request }] of this.#acquires)
            this.#send(request.message(id));
        this.#rest();
    }
    #received(text) {
        const frame = parseJson(text);
        try {
            for (const message of Array.isArray(frame) ? frame : [frame])
                this.#answered(membersOf(message));
        }
        catch (cause) {
            this.#end(true, new TransportError({ detail: "The session sent what can't be read", cause }));
            return;
        }
        this.#brokenAtMs = undefined;
        this.#failures = 0;
        this.#rest();
    }
    /** @throws {TypeError} If it is no answer to anything. */
    #answered(message) {
        const { id } = message;
        if (typeof id !== "number")
            throw new TypeError(`No id: ${JSON.stringify(message)}`);
        const call = this.#calls.get(id);
        const acquire = this.#acquires.get(id);
        const cancelled = this.#cancels.get(id);
        if (call)
            this.#callAnswered(id, call, message);
        else if (acquire)
            this.#acquireAnswered(id, acquire, message);
        else if (cancelled)
            this.#cancelAnswered(id, cancelled, message);
    }
    #acquireAnswered(id, acquire, message) {
        const { queued } = message;
        if (queued !== undefined) {
            acquire.placed(queued, (error) => this.#giveUp(id, acquire, error));
            return;
        }
        const answer = endingIn(message, this.#parts.bucket);
        if (!answer)
            return;
        this.#acquires.delete(id);
        this.#keepPermit(answer);
        acquire.settle(answer);
    }
    /** The first ending counts: an acquire that was granted in the meantime is granted. */
    #cancelAnswered(id, cancelled, message) {
        const answer = endingIn(message, this.#parts.bucket);
        if (!answer)
            return;
        this.#cancels.delete(id);
        this.#keepPermit(answer);
        const isGranted = "granted" in message;
        cancelled.resolve(isGranted ? { kind: "granted", grant: answer.body } : { kind: "cancelled" });
    }
    #keepPermit({ body }) {
        const { grantedAtMs, permit } = membersOf(body);
        if (isPermit(permit) && typeof grantedAtMs === "number") {
            this.#permits.granted(permit, grantedAtMs);
        }
    }
    #callAnswered(id, { message, isAsked, answer: pending }, received) {
        const answer = callAnswerIn(received);
        if (!answer)
            return;
        this.#calls.delete(id);
        if ("permit" in message) {
            const { permit } = message;
            const isLost = membersOf(answer.body)["reason"] === "permit-lost";
            if (isLost || "released" in received)
                this.#permits.ended(permit);
            else if (isAsked && "extended" in received)
                this.#permits.extended(permit);
        }
        pending.resolve(answer);
    }
    /** The time of a permit is up, and its holder hasn't extended it. */
    #expired(permit) {
        if (this.#isOpen)
            this.#sendUnasked({ op: "release", permit });
    }
    /** The caller of an acquire has cancelled, can't follow its place, or its attempt takes too long. */
    #giveUp(id, pending, reason) {
        if (this.#acquires.get(id) !== pending)
            return;
        this.#acquires.delete(id);
        pending.fail(reason);
        if (this.#breakIfSilent(reason))
            return;
        this.#rest();
        if (!this.#isOpen)
            return;
        const cancelled = new Deferred();
        pending.request.cancelled = cancelled.promise;
        this.#cancels.set(id, cancelled);
        this.#send(JSON.stringify({ op: "cancel", id }));
        this.#expect(cancelled.promise);
    }
    /** An attempt without an answer for too long is a connection that doesn't work, whatever its pings say. */
    #breakIfSilent(reason) {
        if (!(reason instanceof TransportError))
            return false;
        this.#socket?.close();
        return true;
    }
    #closed() {
        this.#socket = undefined;
        this.#isOpen = false;
        this.#outbox = [];
        const fault = new TransportError({ detail: "The session broke off" });
        for (const { answer } of this.#calls.values())
            answer.reject(fault);
        this.#calls.clear();
        for (const cancelled of this.#cancels.values())
            cancelled.resolve({ kind: "unknown" });
        this.#cancels.clear();
        if (this.#isOver)
            return;
        if (!this.#hasOpened) {
            this.#end(true);
            return;
        }
        this.#resume();
    }
    #resume() {
        const { resumeForMs } = this.#parts;
        const nowMs = performance.now();
        this.#brokenAtMs ??= nowMs;
        const wastedMs = nowMs - this.#brokenAtMs;
        const fault = new TransportError({ detail: "The session broke off", wastedMs });
        for (const [id, pending] of this.#acquires) {
            // Its time is over: it is retried once more, and not by waiting here.
            if (pending.request.timeoutMs > wastedMs)
                continue;
            this.#acquires.delete(id);
            pending.fail(fault);
        }
        if (this.#acquires.size + this.#permits.size === 0) {
            this.#end(false);
            return;
        }
        this.#failures += 1;
        const pauseMs = backoffMs(BACKOFF, this.#failures, Math.random());
        if (wastedMs + pauseMs > resumeForMs)
            this.#end(true, fault);
        else
            this.#reopening.set(pauseMs, () => this.open());
    }
    #end(hasFailed, fault = new TransportError({ detail: "The session was closed" })) {
        if (this.#isOver)
            return;
        this.#isOver = true;
        this.#reopening.clear();
        this.#idling.clear();
        const permits = this.#permits.ids;
        this.#permits.clear();
        for (const pending of this.#acquires.values()) {
            if (this.#hasOpened)
                pending.fail(fault);
            else
                pending.settle(undefined);
        }
        this.#acquires.clear();
        this.#socket?.close();
        this.#parts.onEnd({ hasFailed, permits });
    }
    /** Closes the session later, if nothing needs it. */
    #rest() {
        if (!this.#isIdle)
            return;
        this.#idleSinceMs = performance.now();
        if (this.#isIdling)
            return;
        this.#isIdling = true;
        this.#idleFor(IDLE_MS);
    }
    #idleFor(durationMs) {
        this.#idling.set(durationMs, () => {
            const restMs = this.#idleSinceMs + IDLE_MS - performance.now();
            if (this.#isIdle && restMs > 0) {
                this.#idleFor(restMs);
                return;
            }
            this.#isIdling = false;
            if (this.#isIdle)
                this.#end(false);
        });
    }
    get #isIdle() {
        const { size } = this.#acquires;
        return size + this.#calls.size + this.#cancels.size + this.#permits.size === 0;
    }
}
