/**
 * An acquire whose caller follows its place in the queue: a stream of `queued` events, and finally the plain
 * answer as an event.
 *
 * The stream belongs to the Worker and not to the object, so that it survives when the object is reset. The
 * heartbeat is here for the same reason, and so that a thousand followers cost their object nothing while
 * nothing happens.
 */
import type { HeldPlace } from "../../wire/held-place.ts";
import type { LimitFields, PlaceFollower } from "../../wire/acquire-lines.ts";

import { limitFieldsOf } from "../../wire/acquire-lines.ts";
import { isSamePlace, queuedBody } from "../../wire/held-place.ts";
import { eventStreamResponse, eventText, HEARTBEAT, lastEventText } from "./event-stream.ts";
import { LatestStream } from "../../wire/latest-stream.ts";

/**
 * A heartbeat is sent after this long without an event. Behind a proxy, only a write that fails shows that a
 * client has left, and the first write after that may still go into a buffer: two heartbeats, and the way,
 * have to fit into a second.
 */
const HEARTBEAT_MS = 400;

/** Asks the bucket; settles with the plain answer. If the caller leaves, the follower's signal aborts. */
type Ask = (follower: PlaceFollower) => Response | Promise<Response>;

/** The plain answer if asking rejects. */
type Failed = (error: unknown) => Response;

/** The response to an acquire. Its head is sent immediately; whatever `ask` results in is an event. */
export function streamedAcquire(ask: Ask, failed: Failed): Response {
  const stream = new AcquireStream(new AbortController());
  void stream.follow(() => ask(stream), failed);
  return stream.response;
}

/**
 * The plain answer, if it arrives before the request has a place in the queue; otherwise a stream, with an
 * event `fields` before the last one: the `RateLimit` fields that the plain answer would have. Rejects as
 * `ask` does while there is no place.
 */
export function streamedIfQueued(ask: Ask, failed: Failed): Promise<Response> {
  const leaving = new AbortController();
  const { signal } = leaving;
  return new Promise((resolve, reject) => {
    let stream: AcquireStream | undefined;
    const moved = (place: HeldPlace): void => {
      if (!stream) {
        stream = new AcquireStream(leaving);
        void stream.follow(() => answer, failed, limitFieldsOf);
        resolve(stream.response);
      }
      stream.moved(place);
    };
    const answer = Promise.resolve(ask({ moved, signal }));
    // Does nothing if the stream is the response.
    answer.then(resolve, reject);
  });
}

/** One stream of events, which also follows the request's place. */
class AcquireStream implements PlaceFollower {
  readonly signal: AbortSignal;
  readonly response: Response;
  readonly #events: LatestStream;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #last: HeldPlace | undefined = undefined;

  /** @param leaving Aborted when the reader disconnects. */
  constructor(leaving: AbortController) {
    this.signal = leaving.signal;
    this.#events = new LatestStream((reason) => leaving.abort(reason));
    this.response = eventStreamResponse(this.#events.readable);
    this.#restart();
    this.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  readonly moved = (place: HeldPlace): void => {
    if (isSamePlace(this.#last, place)) return;
    this.#last = place;
    this.#events.put(eventText("queued", JSON.stringify(queuedBody(place))));
    this.#restart();
  };

  /** Ends the stream with the outcome. @param fieldsOf What an event `fields` says about the plain answer. */
  async follow(
    answered: () => Response | Promise<Response>,
    failed: Failed,
    fieldsOf?: (answer: Response) => LimitFields,
  ): Promise<void> {
    let answer;
    try {
      answer = await answered();
    } catch (error) {
      answer = failed(error);
    }
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    const fields = fieldsOf ? eventText("fields", JSON.stringify(fieldsOf(answer))) : "";
    const name = answer.ok ? "granted" : "refused";
    const body = await answer.text();
    // In a stream, the end of the line belongs to the event.
    this.#events.end(fields + lastEventText(name, body.trimEnd()));
  }

  #restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#events.hasUnread) this.#events.put(HEARTBEAT);
      this.#restart();
    }, HEARTBEAT_MS);
  }
}
