/**
 * Which buckets of a client have a session, and which acquires go over it.
 *
 * A session costs Sluice a connection, and keeps its process alive. One acquire now and then is better off over HTTP;
 * many at once are not. So with `auto`, a bucket gets a session when several of its acquires are under way or follow
 * each other quickly, and until that is open everything goes over HTTP, except for what is beyond 64 at once. A session that fails says nothing about why,
 * so its bucket stays with HTTP for a while, which says it if it matters.
 */
import type { AcquireRequest } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";
import type { Connection } from "../transport/connection.ts";
import type { Attempt } from "../transport/retry.ts";

import { SESSION_SUBPROTOCOL } from "../../protocol/session-messages.ts";
import { pathOf } from "../path.ts";
import { giveUp } from "../transport/give-up.ts";
import { Session, type HeldMessage, type SessionEnd } from "./session.ts";
import { Traffic } from "./traffic.ts";

/**
 * How acquires are sent: as requests of their own, over a session as soon as a bucket is asked, or over one once it is
 * worth it.
 */
export type Transport = "auto" | "http" | "session";

export type { HeldMessage } from "./session.ts";

/** A bucket whose session failed has no other one for so long. */
const BACK_OFF_MS = 60_000;
/** The most sessions of a client: further buckets stay with HTTP. */
const MAX_SESSIONS = 100;
/**
 * The longest time that a session is resumed: over HTTP, its acquires come back one by one, so they keep their places
 * but not always their order. And of the time to retry, half at most, so that HTTP is tried as well.
 */
const MAX_RESUME_MS = 5_000;
const MAX_RESUME_SHARE = 0.5;

/** The sessions of one client. */
export class SessionPool {
  readonly #connection: Connection;
  readonly #isAuto: boolean;
  readonly #resumeForMs: number;
  readonly #sessions = new Map<string, Session>();
  readonly #traffic = new Traffic();
  /** Until when a bucket gets no session, as `performance.now()`; the earliest first. */
  readonly #backOffUntilMs = new Map<string, number>();
  #isClosed = false;

  private constructor(connection: Connection, isAuto: boolean, retryForMs: number) {
    this.#connection = connection;
    this.#isAuto = isAuto;
    this.#resumeForMs = Math.min(retryForMs * MAX_RESUME_SHARE, MAX_RESUME_MS);
  }

  /**
   * The sessions of a client; `undefined` if it has none.
   *
   * @param retryForMs See `ClientOptions`.
   * @throws {TypeError} If there must be sessions, and there is no WebSocket here.
   */
  static of(
    connection: Connection,
    transport: Transport,
    retryForMs: number,
  ): SessionPool | undefined {
    if (transport === "http") return undefined;
    const isAuto = transport === "auto";
    if (isAuto && !connection.keepsSockets) return undefined;
    if (!isAuto) connection.socketOpener("/", SESSION_SUBPROTOCOL);
    return new SessionPool(connection, isAuto, retryForMs);
  }

  /** An acquire of this bucket begins; `end` follows. */
  begin(bucket: string): void {
    if (!this.#isAuto) return;
    if (this.#traffic.begin(bucket, performance.now())) this.#open(bucket);
  }

  end(bucket: string): void {
    if (this.#isAuto) this.#traffic.end(bucket);
  }

  /**
   * The bucket has granted a permit over HTTP. On a session, a permit is lost soon after its connection, and over HTTP
   * it isn't, so with `auto`, such a bucket stays with HTTP.
   */
  permitted(bucket: string): void {
    if (this.#isAuto && !this.#sessions.has(bucket)) this.#backOff(bucket);
  }

  /**
   * Sends an attempt of an acquire over its bucket's session; see `Session.acquire`. `undefined`, at once or as the
   * result, if it has to go over HTTP.
   */
  acquire(
    request: AcquireRequest,
    attempt: Attempt,
    onPlace: (place: Place) => unknown,
  ): Promise<Answer | undefined> | undefined {
    const { bucket } = request;
    const session = this.#sessions.get(bucket);
    if (session?.isOpen) return session.acquire(request, attempt, onPlace);
    if (session && !session.isOpening) return undefined;
    if (this.#isAuto && !(session && this.#traffic.isCrowded(bucket))) return undefined;
    return (session ?? this.#open(bucket))?.acquire(request, attempt, onPlace);
  }

  /** Sends a call about a hold or a permit; see `Session.call`. */
  call(bucket: string, message: HeldMessage, attempt: Attempt): Promise<Answer> | undefined {
    return this.#sessions.get(bucket)?.call(message, attempt);
  }

  /** Ends all sessions. No other is opened. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#sessions.values()) session.close();
  }

  #open(bucket: string): Session | undefined {
    if (this.#isClosed || this.#sessions.has(bucket)) return undefined;
    if (this.#sessions.size >= MAX_SESSIONS || this.#isBackedOff(bucket)) return undefined;
    // URL parsing removes such a segment, even if it is percent-encoded.
    if (bucket === "." || bucket === "..") return undefined;
    const session = new Session({
      bucket,
      openSocket: this.#connection.socketOpener(`${pathOf(bucket)}/session`, SESSION_SUBPROTOCOL),
      resumeForMs: this.#resumeForMs,
      onEnd: (end): void => this.#ended(bucket, end),
    });
    this.#sessions.set(bucket, session);
    session.open();
    return session;
  }

  #ended(bucket: string, { hasFailed, permits }: SessionEnd): void {
    this.#sessions.delete(bucket);
    if (hasFailed) this.#backOff(bucket);
    // They would end with the session: extended over HTTP, they last for as long as their holders extend them.
    for (const id of permits) {
      const path = `${pathOf(bucket)}/permits/${id}`;
      void giveUp(this.#connection, { method: "PUT", path, headers: {} });
    }
  }

  #backOff(bucket: string): void {
    this.#backOffUntilMs.delete(bucket);
    this.#backOffUntilMs.set(bucket, performance.now() + BACK_OFF_MS);
    // Drops entries that have expired.
    for (const name of this.#backOffUntilMs.keys()) if (this.#isBackedOff(name)) break;
  }

  #isBackedOff(bucket: string): boolean {
    const untilMs = this.#backOffUntilMs.get(bucket) ?? -Infinity;
    if (untilMs > performance.now()) return true;
    this.#backOffUntilMs.delete(bucket);
    return false;
  }
}
