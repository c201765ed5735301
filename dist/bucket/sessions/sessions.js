import { invalidRequest, refusal } from "../../answers/acquire-result.js";
import { holdRefusal, permitRefusal } from "../../answers/hold-result.js";
import { showValue } from "../../core/values.js";
import { readCall, readFrame } from "../../protocol/session-calls.js";
import { sessionCloseCodes } from "../../protocol/session-messages.js";
import { CoalescingTimer } from "../coalescing-timer.js";
import { PlaceSaver } from "./place-saver.js";
import { Session } from "./session.js";
/** Sessions of one bucket: each takes about 90 KiB, of the object and in front of it. */
export const MAX_SESSIONS = 1_000;
/**
 * Messages of one turn, beyond which no more are gathered: more would save nothing, and the answers to all of them
 * would be sent before it shows that nobody reads them.
 */
const MAX_TURN_MESSAGES = 4_000;
/** The sessions of one bucket. */
export class Sessions {
    #host;
    #platform;
    #timer;
    #sessions = new Map();
    #saver;
    #inbox = [];
    /** Messages in the inbox. */
    #arrived = 0;
    /** How many acquires wait. */
    #waiting = 0;
    /** While places are put back that are saved already. */
    #isRestoring = false;
    /** Sessions with messages to send. */
    #toFlush = [];
    /** The last call that a session was opened with, as text too. Nearly all have the same. */
    #lastCall = undefined;
    constructor(host, platform) {
        this.#host = host;
        this.#platform = platform;
        this.#timer = new CoalescingTimer(platform.clock, () => this.processInbox());
        this.#saver = new PlaceSaver(platform.clock, platform.placeRows);
    }
    /** The number of open sessions. */
    get count() {
        return this.#sessions.size;
    }
    /**
     * A session begins.
     *
     * @throws {RangeError} If the bucket's state can't be read.
     */
    open(socket, decoded) {
        const call = this.#shared(decoded);
        this.#host.inspect(call.bucket, call.policy);
        const saved = { kind: "session", sessionId: this.#platform.newId(), call };
        socket.saved = saved;
        this.#begin(socket, saved);
        this.#host.sessionsChanged(this.count);
    }
    /**
     * The object wakes: sessions go on, and their places in the queue are what they were. One whose places can't be read
     * is closed, and its client comes back with its tickets. Must come before any other call.
     */
    restore(sockets) {
        const sleeping = [];
        const requests = [];
        for (const socket of sockets) {
            const { saved } = socket;
            const places = saved && this.#saver.restored(saved);
            if (!places) {
                socket.close(sessionCloseCodes.restarting, "The places of this session were lost");
                continue;
            }
            const session = this.#begin(socket, { ...saved, call: this.#shared(saved.call) });
            for (const place of places) {
                const request = session.resume(place);
                requests.push(request);
                sleeping.push({ ...place, call: { ...session.call, ...place.ask }, request });
            }
        }
        this.#host.sessionsChanged(this.count);
        this.#isRestoring = true;
        try {
            for (const [index, leave] of this.#host.restore(sleeping).entries()) {
                const request = requests[index];
                if (request)
                    request.leave = leave;
            }
        }
        catch {
            // The state on disk can't be read: nothing is known about the bucket.
            this.shutDown();
        }
        this.#isRestoring = false;
    }
    /** The ids of the sessions that are open. */
    get ids() {
        return new Set(Array.from(this.#sessions.values(), ({ sessionId }) => sessionId));
    }
    /**
     * The process is about to end: closes all sessions, whose clients come back to the next one with their tickets.
     * Their places are given up without a word, together with everybody else's (`BucketHost.shutDown`).
     */
    shutDown() {
        const sockets = [...this.#sessions.keys()];
        for (const session of this.#sessions.values())
            session.abandon();
        this.#sessions.clear();
        this.#host.sessionsChanged(0);
        this.#inbox = [];
        for (const socket of sockets)
            socket.close(sessionCloseCodes.restarting, "Restarting");
    }
    /** A frame has arrived. */
    received(socket, data) {
        const session = this.#sessions.get(socket);
        if (!session)
            return;
        if (typeof data !== "string") {
            const message = `A frame must be text: got ${data.byteLength} bytes of binary data`;
            session.refuse(null, invalidRequest([{ field: "frame", message }]));
            return;
        }
        const frame = readFrame(data);
        if (frame.ok) {
            this.#inbox.push({ session, messages: frame.messages });
            this.#arrived += frame.messages.length;
            if (this.#arrived < MAX_TURN_MESSAGES)
                this.#timer.set(0);
            else
                this.processInbox();
        }
        else if (frame.reason === "not-json") {
            session.refuse(null, invalidRequest([frame.fault]));
        }
        else {
            socket.close(sessionCloseCodes.tooLarge, frame.fault.message);
            this.closed(socket);
        }
    }
    /** A session is over, in whatever way. Its places are given up, and frames that haven't been processed are dropped. */
    closed(socket) {
        const session = this.#sessions.get(socket);
        if (!session)
            return;
        this.#sessions.delete(socket);
        this.#host.sessionsChanged(this.count);
        this.#inbox = this.#inbox.filter((frame) => frame.session !== session);
        this.processInbox();
        this.#saver.closed(session);
        this.#countWaiting(-session.waiting);
        const isOver = (sessionId) => sessionId === session.sessionId;
        // From the end on: none of them is granted what another one leaves.
        const acquires = [...session.acquires].toReversed();
        if (acquires.length === 0) {
            this.#host.endSessions(isOver);
            return;
        }
        const { bucket, policy } = session.call;
        this.#host.batch(bucket, policy, () => {
            for (const { leave } of acquires)
                leave?.();
            this.#host.endSessions(isOver);
        });
    }
    /** Runs everything that has arrived, as one turn. */
    processInbox() {
        const frames = this.#inbox;
        const [first] = frames;
        this.#arrived = 0;
        if (!first)
            return;
        this.#inbox = [];
        const { bucket, policy } = first.session.call;
        this.#host.batch(bucket, policy, () => {
            for (const { session, messages } of frames) {
                for (const message of messages)
                    this.#receive(session, message);
            }
        });
    }
    #begin(socket, saved) {
        const session = new Session(socket, saved, {
            hasMessages: (one) => {
                if (this.#toFlush.push(one) === 1)
                    this.#platform.defer(() => this.#flush());
            },
            placesChanged: (one, by) => {
                if (!this.#sessions.has(one.socket))
                    return;
                this.#countWaiting(by);
                if (!this.#isRestoring)
                    this.#saver.changed(one);
            },
        });
        this.#sessions.set(socket, session);
        return session;
    }
    #countWaiting(by) {
        this.#waiting += by;
        this.#host.sessionsWait(this.#waiting);
    }
    /** The same object for the same call: the host compares policies by identity. */
    #shared(call) {
        const text = JSON.stringify(call);
        if (text !== this.#lastCall?.text)
            this.#lastCall = { text, call };
        return this.#lastCall.call;
    }
    #flush() {
        const sessions = this.#toFlush;
        this.#toFlush = [];
        for (const session of sessions) {
            const { socket } = session;
            if (this.#sessions.has(socket) && !session.flush())
                this.closed(socket);
        }
    }
    #receive(session, message) {
        const read = readCall(message);
        if (!read.ok) {
            session.refuse(read.id, invalidRequest(read.errors));
            return;
        }
        try {
            this.#run(session, read.call);
        }
        catch (cause) {
            // One message that fails must not take the others of its turn along.
            console.error("A message of a session failed", cause);
            session.end(read.call.id);
            session.refuse(read.call.id, refusal("internal-error", { detail: "This message failed" }));
        }
    }
    #run(session, call) {
        const { bucket, policy } = session.call;
        const { id } = call;
        switch (call.op) {
            case "acquire":
                this.#acquire(session, call);
                return;
            case "cancel":
                this.#cancel(session, id);
                return;
            case "settle": {
                const answer = this.#host.changeHold(bucket, policy, call.hold, call.call);
                if (answer.kind === "settled")
                    session.send({ id, settled: answer.settled });
                else if (answer.kind !== "open")
                    session.refuse(id, holdRefusal(answer));
                return;
            }
            case "extend": {
                const { sessionId } = session;
                const answer = this.#host.extendPermit(bucket, policy, call.permit, sessionId);
                if (answer.kind === "extended")
                    session.send({ id, extended: answer.permit });
                else
                    session.refuse(id, permitRefusal(answer));
                return;
            }
            case "release":
                this.#host.releasePermit(bucket, policy, call.permit);
                session.send({ id, released: {} });
                return;
            default:
                call;
        }
    }
    #acquire(session, acquire) {
        const { id, ask } = acquire;
        if (session.find(id)) {
            const detail = `The id ${showValue(id)} is that of an acquire that has no ending yet: use another one`;
            session.refuse(id, refusal("id-in-use", { detail }));
            return;
        }
        const request = session.begin(acquire);
        request.leave = this.#host.acquire({ ...session.call, ...ask }, request);
    }
    /**
     * One that has a key is cancelled by it, and so are all requests that share its place. One that the turn has settled
     * already gets that ending.
     */
    #cancel(session, id) {
        const request = session.find(id);
        if (!request) {
            session.send({ id, cancelled: {} });
            return;
        }
        const { idempotencyKey } = request.acquire.ask;
        if (idempotencyKey !== undefined)
            this.#host.cancel(idempotencyKey);
        // It isn't found by its key if it shares the place of one that came back with nothing but the ticket.
        if (session.find(id) === request && request.leave?.("cancelled") === true) {
            session.end(id);
            session.send({ id, cancelled: {} });
        }
    }
}
