/**
 * One bucket's session: all acquires of a client for it, over one WebSocket.
 *
 * What is sent in one microtask leaves in one frame. When the connection breaks, the session opens another one and
 * sends every acquire that has not ended again, in order, each with its key and its ticket: those keep its place and
 * make sure that it pays once, so resuming is nothing but sending again. If that takes too long, the acquires end in a
 * `TransportError`, and are retried over HTTP like any other.
 *
 * A session never reports an error of its own: whatever it can't do, HTTP can, or says why not.
 */
import type { AcquireRequest, CancelOutcome } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";
import type { ClientSocket } from "../transport/live-socket.ts";
import type { Attempt } from "../transport/retry.ts";

import { type Backoff, backoffMs } from "../../core/backoff.ts";
import { membersOf } from "../../core/is-record.ts";
import { Timer } from "../../holding/timer.ts";
import { onAbort } from "../../on-abort.ts";
import { isPermit, parseJson } from "../transport/answer.ts";
import { Deferred } from "../transport/deferred.ts";
import { LiveSocket } from "../transport/live-socket.ts";
import { DEFAULT_OVERDUE_MS } from "../transport/retried-calls.ts";
import { TransportError } from "../transport/transport-error.ts";
import { framesOf } from "./frames.ts";
import { callAnswerIn, endingIn, PendingAcquire, type Received } from "./pending.ts";
import { SessionPermits } from "./session-permits.ts";

/** What a session needs. */
interface SessionParts {
  readonly bucket: string;
  readonly openSocket: () => ClientSocket;
  /** How long a broken connection keeps its acquires waiting for another one, in milliseconds. */
  readonly resumeForMs: number;
  /** Called once: nothing is sent on this session any more. */
  readonly onEnd: (end: SessionEnd) => void;
}

/** How a session ended. */
export interface SessionEnd {
  /** Whether it could not be opened, or not be resumed. */
  readonly hasFailed: boolean;
  /** The permits that it held when it ended. */
  readonly permits: readonly string[];
}

/** A call about a hold or a permit. */
export type HeldMessage =
  | {
      readonly op: "settle";
      readonly hold: string;
      readonly used: number | Readonly<Record<string, number>>;
    }
  | { readonly op: "extend" | "release"; readonly permit: string };

/** A call without its answer. */
interface PendingCall {
  readonly message: HeldMessage;
  /** Whether a holder has asked for it, and not the session itself. */
  readonly isAsked: boolean;
  readonly answer: Deferred<Answer>;
}

/** Short, so that sessions that broke together are back together: their order is kept if they are. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 200 };
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
  readonly #parts: SessionParts;
  /** In order of arrival. Those that were given up are in `#cancels`, until that is answered. */
  readonly #acquires = new Map<number, PendingAcquire>();
  readonly #cancels = new Map<number, Deferred<CancelOutcome>>();
  readonly #calls = new Map<number, PendingCall>();
  readonly #permits = new SessionPermits((id) => this.#expired(id));
  readonly #reopening = new Timer();
  readonly #idling = new Timer();
  #socket: LiveSocket | undefined = undefined;
  #outbox: string[] = [];
  /** Never used twice, so that an answer can't reach another call. */
  #lastId = 0;
  #isOpen = false;
  #hasOpened = false;
  #isOver = false;
  #failures = 0;
  /** When its connection broke, as `performance.now()`; until something is received on another one. */
  #brokenAtMs: number | undefined = undefined;
  #idleSinceMs = 0;
  #isIdling = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Whether an acquire would be sent at once. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it is being opened for the first time. */
  get isOpening(): boolean {
    return !this.#hasOpened && !this.#isOver;
  }

  /** Opens it. It may end before this returns. */
  open(): void {
    const events = {
      onOpen: (): void => this.#opened(),
      onText: (text: string): void => this.#received(text),
      onClose: (): void => this.#closed(),
    };
    const times = { openMs: OPEN_MS, silenceMs: SILENCE_MS };
    try {
      this.#socket = new LiveSocket(this.#parts.openSocket(), events, times);
    } catch {
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
  async acquire(
    request: AcquireRequest,
    { signal, showLife }: Attempt,
    onPlace: (place: Place) => unknown,
  ): Promise<Answer | undefined> {
    const id = this.#newId();
    const message = request.message(id);
    if (this.#isOver || message.length > MAX_MESSAGE_LENGTH) return undefined;
    const pending = new PendingAcquire(request, (place) => {
      showLife();
      return onPlace(place);
    });
    this.#acquires.set(id, pending);
    if (this.#isOpen) this.#send(message);
    const stopListening = onAbort(signal, () => this.#giveUp(id, pending, signal.reason));
    try {
      return await pending.ended;
    } finally {
      stopListening();
    }
  }

  /**
   * Sends a call about a hold, or about a permit that was granted here. `undefined` if it has to go another way.
   * Rejects with a `TransportError` if the connection breaks.
   */
  call(message: HeldMessage, { signal }: Attempt): Promise<Answer> | undefined {
    if (!this.#isOpen) return undefined;
    if ("permit" in message && !this.#permits.has(message.permit)) return undefined;
    const { id, answer } = this.#sendCall(message, true);
    const stopListening = onAbort(signal, () => {
      if (!this.#calls.delete(id)) return;
      answer.reject(signal.reason);
      this.#breakIfSilent(signal.reason);
    });
    answer.promise.then(stopListening, stopListening);
    return answer.promise;
  }

  /** Ends it. Acquires that wait on it end in a `TransportError`. */
  close(): void {
    this.#end(false);
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #send(message: string): void {
    this.#outbox.push(message);
    if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    if (this.#isOpen) for (const frame of framesOf(messages)) this.#socket?.send(frame);
  }

  #sendCall(message: HeldMessage, isAsked: boolean): { id: number; answer: Deferred<Answer> } {
    const id = this.#newId();
    const answer = new Deferred<Answer>();
    this.#calls.set(id, { message, isAsked, answer });
    const { op, ...members } = message;
    this.#send(JSON.stringify({ op, id, ...members }));
    return { id, answer };
  }

  /** Sends a call of the session itself. */
  #sendUnasked(message: HeldMessage): void {
    this.#expect(this.#sendCall(message, false).answer.promise);
  }

  /** Breaks the connection if something that nobody waits for isn't answered. */
  #expect(answer: Promise<unknown>): void {
    const timer = new Timer();
    timer.set(DEFAULT_OVERDUE_MS, () => this.#socket?.close());
    const stop = (): void => timer.clear();
    answer.then(stop, stop);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#hasOpened = true;
    // A permit that was granted on another connection lasts only a little longer.
    for (const permit of this.#permits.ids) this.#sendUnasked({ op: "extend", permit });
    for (const [id, { request }] of this.#acquires) this.#send(request.message(id));
    this.#rest();
  }

  #received(text: string): void {
    const frame = parseJson(text);
    try {
      for (const message of Array.isArray(frame) ? frame : [frame])
        this.#answered(membersOf(message));
    } catch (cause) {
      this.#end(true, new TransportError({ detail: "The session sent what can't be read", cause }));
      return;
    }
    this.#brokenAtMs = undefined;
    this.#failures = 0;
    this.#rest();
  }

  /** @throws {TypeError} If it is no answer to anything. */
  #answered(message: Received): void {
    const { id } = message;
    if (typeof id !== "number") throw new TypeError(`No id: ${JSON.stringify(message)}`);
    const call = this.#calls.get(id);
    const acquire = this.#acquires.get(id);
    const cancelled = this.#cancels.get(id);
    if (call) this.#callAnswered(id, call, message);
    else if (acquire) this.#acquireAnswered(id, acquire, message);
    else if (cancelled) this.#cancelAnswered(id, cancelled, message);
  }

  #acquireAnswered(id: number, acquire: PendingAcquire, message: Received): void {
    const { queued } = message;
    if (queued !== undefined) {
      acquire.placed(queued, (error) => this.#giveUp(id, acquire, error));
      return;
    }
    const answer = endingIn(message, this.#parts.bucket);
    if (!answer) return;
    this.#acquires.delete(id);
    this.#keepPermit(answer);
    acquire.settle(answer);
  }

  /** The first ending counts: an acquire that was granted in the meantime is granted. */
  #cancelAnswered(id: number, cancelled: Deferred<CancelOutcome>, message: Received): void {
    const answer = endingIn(message, this.#parts.bucket);
    if (!answer) return;
    this.#cancels.delete(id);
    this.#keepPermit(answer);
    const isGranted = "granted" in message;
    cancelled.resolve(isGranted ? { kind: "granted", grant: answer.body } : { kind: "cancelled" });
  }

  #keepPermit({ body }: Answer): void {
    const { grantedAtMs, permit } = membersOf(body);
    if (isPermit(permit) && typeof grantedAtMs === "number") {
      this.#permits.granted(permit, grantedAtMs);
    }
  }

  #callAnswered(
    id: number,
    { message, isAsked, answer: pending }: PendingCall,
    received: Received,
  ): void {
    const answer = callAnswerIn(received);
    if (!answer) return;
    this.#calls.delete(id);
    if ("permit" in message) {
      const { permit } = message;
      const isLost = membersOf(answer.body)["reason"] === "permit-lost";
      if (isLost || "released" in received) this.#permits.ended(permit);
      else if (isAsked && "extended" in received) this.#permits.extended(permit);
    }
    pending.resolve(answer);
  }

  /** The time of a permit is up, and its holder hasn't extended it. */
  #expired(permit: string): void {
    if (this.#isOpen) this.#sendUnasked({ op: "release", permit });
  }

  /** The caller of an acquire has cancelled, can't follow its place, or its attempt takes too long. */
  #giveUp(id: number, pending: PendingAcquire, reason: unknown): void {
    if (this.#acquires.get(id) !== pending) return;
    this.#acquires.delete(id);
    pending.fail(reason);
    if (this.#breakIfSilent(reason)) return;
    this.#rest();
    if (!this.#isOpen) return;
    const cancelled = new Deferred<CancelOutcome>();
    pending.request.cancelled = cancelled.promise;
    this.#cancels.set(id, cancelled);
    this.#send(JSON.stringify({ op: "cancel", id }));
    this.#expect(cancelled.promise);
  }

  /** An attempt without an answer for too long is a connection that doesn't work, whatever its pings say. */
  #breakIfSilent(reason: unknown): boolean {
    if (!(reason instanceof TransportError)) return false;
    this.#socket?.close();
    return true;
  }

  #closed(): void {
    this.#socket = undefined;
    this.#isOpen = false;
    this.#outbox = [];
    const fault = new TransportError({ detail: "The session broke off" });
    for (const { answer } of this.#calls.values()) answer.reject(fault);
    this.#calls.clear();
    for (const cancelled of this.#cancels.values()) cancelled.resolve({ kind: "unknown" });
    this.#cancels.clear();
    if (this.#isOver) return;
    if (!this.#hasOpened) {
      this.#end(true);
      return;
    }
    this.#resume();
  }

  #resume(): void {
    const { resumeForMs } = this.#parts;
    const nowMs = performance.now();
    this.#brokenAtMs ??= nowMs;
    const wastedMs = nowMs - this.#brokenAtMs;
    const fault = new TransportError({ detail: "The session broke off", wastedMs });
    for (const [id, pending] of this.#acquires) {
      // Its time is over: it is retried once more, and not by waiting here.
      if (pending.request.timeoutMs > wastedMs) continue;
      this.#acquires.delete(id);
      pending.fail(fault);
    }
    if (this.#acquires.size + this.#permits.size === 0) {
      this.#end(false);
      return;
    }
    this.#failures += 1;
    const pauseMs = backoffMs(BACKOFF, this.#failures, Math.random());
    if (wastedMs + pauseMs > resumeForMs) this.#end(true, fault);
    else this.#reopening.set(pauseMs, () => this.open());
  }

  #end(hasFailed: boolean, fault = new TransportError({ detail: "The session was closed" })): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reopening.clear();
    this.#idling.clear();
    const permits = this.#permits.ids;
    this.#permits.clear();
    for (const pending of this.#acquires.values()) {
      if (this.#hasOpened) pending.fail(fault);
      else pending.settle(undefined);
    }
    this.#acquires.clear();
    this.#socket?.close();
    this.#parts.onEnd({ hasFailed, permits });
  }

  /** Closes the session later, if nothing needs it. */
  #rest(): void {
    if (!this.#isIdle) return;
    this.#idleSinceMs = performance.now();
    if (this.#isIdling) return;
    this.#isIdling = true;
    this.#idleFor(IDLE_MS);
  }

  #idleFor(durationMs: number): void {
    this.#idling.set(durationMs, () => {
      const restMs = this.#idleSinceMs + IDLE_MS - performance.now();
      if (this.#isIdle && restMs > 0) {
        this.#idleFor(restMs);
        return;
      }
      this.#isIdling = false;
      if (this.#isIdle) this.#end(false);
    });
  }

  get #isIdle(): boolean {
    const { size } = this.#acquires;
    return size + this.#calls.size + this.#cancels.size + this.#permits.size === 0;
  }
}
