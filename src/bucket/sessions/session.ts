/**
 * One session: the acquires that wait on it, and the messages that haven't been sent yet.
 *
 * Messages are collected while a turn lasts and leave together, in one frame. The runtime buffers what a socket can't
 * take yet, without a limit, so a reader that falls behind first gets no more places of followers, and then is closed:
 * its client comes back with its tickets.
 */
import type { AcquireAnswer } from "../../answers/acquire-answer.ts";
import type { Granted, Refused } from "../../answers/acquire-result.ts";
import type { MessageId, SessionAcquire, SessionMessage } from "../../protocol/session-messages.ts";
import type { HeldPlace } from "../../wire/held-place.ts";
import type { SocketCall } from "../../wire/socket-call.ts";
import type { FollowingRequest, Leave, OccupiedPlace } from "../held-request.ts";
import type { SavingSession } from "./place-saver.ts";
import type { SavedPlace } from "./saved-places.ts";
import type { SavedSession, SessionSocket } from "./session-socket.ts";

import {
  acquireResult,
  furtherMembers,
  rateLimitAfter,
  rateLimitOf,
} from "../../answers/acquire-result.ts";
import { problemMessage } from "../../answers/problem.ts";
import { rateLimitFields } from "../../protocol/rate-limit-fields.ts";
import { sessionCloseCodes } from "../../protocol/session-messages.ts";
import { queuedBody } from "../../wire/held-place.ts";

/** Bytes that a reader is behind by before it gets no more places, except the first of each acquire. */
const MAX_UNSENT_PLACES = 262_144;
/**
 * Bytes that a reader may be behind by: the places and the grants of ten thousand acquires. A client that sends so
 * many at once has read nothing by the time they are answered.
 */
const MAX_UNSENT = 4_194_304;

/** What happens to a session. */
export interface SessionEvents {
  /** There is the first message to send since the last `flush`. */
  hasMessages(session: Session): void;
  /** What would be saved of its places is another. @param by So many more of them wait. */
  placesChanged(session: Session, by: number): void;
}

/** One session of a bucket. */
export class Session implements SavingSession {
  readonly sessionId: string;
  readonly socket: SessionSocket;
  readonly call: SocketCall;
  readonly #events: SessionEvents;
  readonly #acquires = new Map<MessageId, SessionRequest>();
  #outbox: SessionMessage[] = [];
  #waiting = 0;

  constructor(
    socket: SessionSocket,
    { sessionId, call }: Pick<SavedSession, "sessionId" | "call">,
    events: SessionEvents,
  ) {
    this.sessionId = sessionId;
    this.socket = socket;
    this.call = call;
    this.#events = events;
  }

  /** The acquires that have no ending yet, in the order in which they came. */
  get acquires(): Iterable<SessionRequest> {
    return this.#acquires.values();
  }

  /** The acquire with this id that has no ending yet. */
  find(id: MessageId): SessionRequest | undefined {
    return this.#acquires.get(id);
  }

  /** An acquire is under way until it is answered or `end`s. */
  begin(acquire: SessionAcquire): SessionRequest {
    const request = new SessionRequest(this, acquire);
    this.#acquires.set(acquire.id, request);
    return request;
  }

  /** An acquire that waited when the object fell asleep waits on. */
  resume(place: SavedPlace): SessionRequest {
    const { id, ask, isFollowing, hasFields } = place;
    const acquire = { op: "acquire", id, ask, isFollowing, hasFields } as const;
    const request = new SessionRequest(this, acquire, true);
    this.#acquires.set(id, request);
    return request;
  }

  /** An acquire has its ending. */
  end(id: MessageId): void {
    const request = this.#acquires.get(id);
    this.#acquires.delete(id);
    if (request?.isWaiting === true) this.placesChanged(-1);
  }

  /** What would be saved of its places is another. @param by So many more of its acquires wait. */
  placesChanged(by: number): void {
    this.#waiting += by;
    this.#events.placesChanged(this, by);
  }

  /** All acquires are given up without an answer: their client asks again elsewhere. */
  abandon(): void {
    this.#acquires.clear();
  }

  /** How many of its acquires wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The places of those that wait. */
  *places(): IterableIterator<SavedPlace> {
    for (const { saved } of this.#acquires.values()) if (saved) yield saved;
  }

  /** Sends a message, in one frame with all others of the turn. */
  send(message: SessionMessage): void {
    if (this.#outbox.push(message) === 1) this.#events.hasMessages(this);
  }

  /** Answers a message with a refusal. */
  refuse(id: MessageId | null, refused: Refused, fields?: Readonly<Record<string, string>>): void {
    const { reason, details } = refused;
    this.send({ id, refused: problemMessage(reason, details), ...(fields && { fields }) });
  }

  /** Whether the reader is so far behind that another place of a follower would only add to it. */
  get isBehind(): boolean {
    return this.socket.unsentBytes > MAX_UNSENT_PLACES;
  }

  /** Sends what there is. Returns `false` if the reader is too far behind: its session is closed. */
  flush(): boolean {
    const messages = this.#outbox;
    this.#outbox = [];
    if (this.socket.unsentBytes > MAX_UNSENT) {
      const reason = `Over ${MAX_UNSENT} bytes not read`;
      this.socket.close(sessionCloseCodes.tooSlow, reason);
      return false;
    }
    this.socket.send(JSON.stringify(messages.length === 1 ? messages[0] : messages));
    return true;
  }
}

/** One acquire of a session, as the host sees it. */
export class SessionRequest implements FollowingRequest {
  readonly acquire: SessionAcquire;
  readonly wantsFirstPlaceOnly: boolean;
  /** Takes it out of the queue, if it waits. */
  leave: Leave | undefined = undefined;
  readonly sessionId: string;
  readonly #session: Session;
  /** Its place in the queue, once it waits. */
  #place: OccupiedPlace | undefined = undefined;
  #isQueued: boolean;

  /** @param isQueued Whether its first place has been reported already. */
  constructor(session: Session, acquire: SessionAcquire, isQueued = false) {
    this.#session = session;
    this.sessionId = session.sessionId;
    this.acquire = acquire;
    this.wantsFirstPlaceOnly = !acquire.isFollowing;
    this.#isQueued = isQueued;
  }

  /** Whether it has a place in the queue, or had one until the turn that is under way. */
  get isWaiting(): boolean {
    return this.#place !== undefined;
  }

  /** Its place, as it is to be saved; `undefined` if it has none. */
  get saved(): SavedPlace | undefined {
    const { waiter, timeoutMs, placeId } = this.#place ?? {};
    if (timeoutMs === undefined || waiter?.arrivalNumber === undefined) return undefined;
    const { id, ask, isFollowing, hasFields } = this.acquire;
    const { queuedAtMs, deadlineAtMs, arrivalNumber, behindLater } = waiter;
    const arrival = { queuedAtMs, deadlineAtMs, arrivalNumber };
    return { id, ask, isFollowing, hasFields, timeoutMs, arrival, behindLater, placeId };
  }

  joined(place: OccupiedPlace): void {
    this.#place = place;
    this.#session.placesChanged(1);
  }

  answered(answer: AcquireAnswer): void {
    const { id } = this.acquire;
    if (this.#session.find(id) !== this) return;
    this.#session.end(id);
    const result = acquireResult(answer, "ticket");
    if (result.kind === "granted") this.#granted(result);
    else if (result.reason === "cancelled") this.#session.send({ id, cancelled: {} });
    else this.#refused(result);
  }

  moved(place: HeldPlace): void {
    if (this.#isQueued && this.#session.isBehind) return;
    // Its place has a ticket now.
    if (!this.#isQueued) this.#session.placesChanged(0);
    this.#isQueued = true;
    this.#session.send({ id: this.acquire.id, queued: queuedBody(place) });
  }

  #granted(result: Granted): void {
    const { id, hasFields } = this.acquire;
    const { grant } = result;
    const { tokens, remaining, waitedMs, grantedAtMs } = grant;
    const numbers = { tokens, remaining, waitedMs, grantedAtMs };
    const further = furtherMembers(grant);
    const granted = further ? { ...numbers, ...further } : numbers;
    if (hasFields) {
      this.#session.send({ id, granted, fields: rateLimitFields(rateLimitAfter(result)) });
    } else this.#session.send({ id, granted });
  }

  #refused(refused: Refused): void {
    const { id, hasFields } = this.acquire;
    const { bucket } = refused;
    const fields =
      hasFields && bucket ? rateLimitFields(rateLimitOf(bucket, bucket.view.tokens)) : undefined;
    this.#session.refuse(id, refused, fields);
  }
}
