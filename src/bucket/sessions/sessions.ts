/**
 * The sessions of a bucket: acquires that come as messages on WebSockets, into the same queue as held requests.
 *
 * **Frames are gathered.** The runtime delivers one frame at a time, and a turn for each would cost each of them a
 * commit. So frames are put into an inbox, and whatever has arrived by the time the runtime is idle is one turn of the
 * bucket (`BucketHost.batch`): written once, and answered with one frame for each session. A lone frame isn't delayed.
 *
 * **One order.** Every other call of the host has the inbox processed first (`processInbox`), so a request over HTTP
 * doesn't overtake a message that arrived before it.
 *
 * **Durable.** The host answers a request after it has written what the answer depends on, and an answer is only put
 * into the session's outbox then. The frame leaves once the turn is over, and the runtime holds it back until that
 * write is on disk.
 */
import type { MessageId, SessionAcquire, SessionCall } from "../../protocol/session-messages.ts";
import type { SocketCall } from "../../wire/socket-call.ts";
import type { BucketHost } from "../bucket-host.ts";
import type { Clock } from "../clock.ts";
import type { SessionSocket } from "./session-socket.ts";

import { invalidRequest, refusal } from "../../answers/acquire-result.ts";
import { holdRefusal, permitRefusal } from "../../answers/hold-result.ts";
import { showValue } from "../../core/values.ts";
import { readCall, readFrame } from "../../protocol/session-calls.ts";
import { sessionCloseCodes } from "../../protocol/session-messages.ts";
import { CoalescingTimer } from "../coalescing-timer.ts";
import { Session } from "./session.ts";

/** Sessions of one bucket: each takes about 90 KiB, of the object and in front of it. */
export const MAX_SESSIONS = 1_000;

/** What sessions call of the host. */
export type SessionHost = Pick<
  BucketHost,
  | "acquire"
  | "batch"
  | "cancel"
  | "changeHold"
  | "extendPermit"
  | "inspect"
  | "releasePermit"
  | "sessionsChanged"
>;

/** What sessions need from the platform. */
export interface SessionPlatform {
  readonly clock: Clock;
  /** Calls back once, when the turn that is under way is over: before anything else happens to the object. */
  defer(callback: () => void): void;
  /** Makes an id that can't be guessed, another one each time. */
  newId(): string;
}

/** A frame that hasn't been processed yet. */
interface Arrived {
  readonly session: Session;
  readonly messages: readonly unknown[];
}

/** The sessions of one bucket. */
export class Sessions {
  readonly #host: SessionHost;
  readonly #platform: SessionPlatform;
  readonly #timer: CoalescingTimer;
  readonly #sessions = new Map<SessionSocket, Session>();
  #inbox: Arrived[] = [];
  /** Sessions with messages to send. */
  #toFlush: Session[] = [];

  constructor(host: SessionHost, platform: SessionPlatform) {
    this.#host = host;
    this.#platform = platform;
    this.#timer = new CoalescingTimer(platform.clock, () => this.processInbox());
  }

  /** The number of open sessions. */
  get count(): number {
    return this.#sessions.size;
  }

  /**
   * A session begins.
   *
   * @throws {RangeError} If the bucket's state can't be read.
   */
  open(socket: SessionSocket, call: SocketCall): void {
    this.#host.inspect(call.bucket, call.policy);
    socket.saved = { kind: "session", sessionId: this.#platform.newId(), call };
    this.#sessions.set(socket, this.#sessionOf(socket, call));
    this.#host.sessionsChanged(this.count);
  }

  /** A frame has arrived. */
  received(socket: SessionSocket, data: string | ArrayBuffer): void {
    const session = this.#sessions.get(socket);
    if (!session) return;
    if (typeof data !== "string") {
      const message = `A frame must be text: got ${data.byteLength} bytes of binary data`;
      session.refuse(null, invalidRequest([{ field: "frame", message }]));
      return;
    }
    const frame = readFrame(data);
    if (frame.ok) {
      this.#inbox.push({ session, messages: frame.messages });
      this.#timer.set(0);
    } else if (frame.reason === "not-json") {
      session.refuse(null, invalidRequest([frame.fault]));
    } else {
      socket.close(sessionCloseCodes.tooLarge, frame.fault.message);
      this.closed(socket);
    }
  }

  /** A session is over, in whatever way. Its places are given up, and frames that haven't been processed are dropped. */
  closed(socket: SessionSocket): void {
    const session = this.#sessions.get(socket);
    if (!session) return;
    this.#sessions.delete(socket);
    this.#host.sessionsChanged(this.count);
    this.#inbox = this.#inbox.filter((frame) => frame.session !== session);
    this.processInbox();
    const acquires = [...session.acquires];
    if (acquires.length === 0) return;
    const { bucket, policy } = session.call;
    this.#host.batch(bucket, policy, () => {
      for (const { leave } of acquires) leave?.();
    });
  }

  /** Runs everything that has arrived, as one turn. */
  processInbox(): void {
    const frames = this.#inbox;
    const [first] = frames;
    if (!first) return;
    this.#inbox = [];
    const { bucket, policy } = first.session.call;
    this.#host.batch(bucket, policy, () => {
      for (const { session, messages } of frames) {
        for (const message of messages) this.#receive(session, message);
      }
    });
  }

  #sessionOf(socket: SessionSocket, call: SocketCall): Session {
    return new Session(socket, call, (session) => {
      if (this.#toFlush.push(session) === 1) this.#platform.defer(() => this.#flush());
    });
  }

  #flush(): void {
    const sessions = this.#toFlush;
    this.#toFlush = [];
    for (const session of sessions) {
      const { socket } = session;
      if (this.#sessions.has(socket) && !session.flush()) this.closed(socket);
    }
  }

  #receive(session: Session, message: unknown): void {
    const read = readCall(message);
    if (!read.ok) {
      session.refuse(read.id, invalidRequest(read.errors));
      return;
    }
    try {
      this.#run(session, read.call);
    } catch (cause) {
      // One message that fails must not take the others of its turn along.
      console.error("A message of a session failed", cause);
      session.end(read.call.id);
      session.refuse(read.call.id, refusal("internal-error", { detail: "This message failed" }));
    }
  }

  #run(session: Session, call: SessionCall): void {
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
        if (answer.kind === "settled") session.send({ id, settled: answer.settled });
        else if (answer.kind !== "open") session.refuse(id, holdRefusal(answer));
        return;
      }
      case "extend": {
        const answer = this.#host.extendPermit(bucket, policy, call.permit);
        if (answer.kind === "extended") session.send({ id, extended: answer.permit });
        else session.refuse(id, permitRefusal(answer));
        return;
      }
      case "release":
        this.#host.releasePermit(bucket, policy, call.permit);
        session.send({ id, released: {} });
        return;
      default:
        call satisfies never;
    }
  }

  #acquire(session: Session, acquire: SessionAcquire): void {
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
  #cancel(session: Session, id: MessageId): void {
    const request = session.find(id);
    if (!request) {
      session.send({ id, cancelled: {} });
      return;
    }
    const { idempotencyKey } = request.acquire.ask;
    if (idempotencyKey !== undefined) {
      this.#host.cancel(idempotencyKey);
    } else if (request.leave?.("cancelled") === true) {
      session.end(id);
      session.send({ id, cancelled: {} });
    }
  }
}
