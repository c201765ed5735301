/** What a session owes an answer: acquires, and calls about what they were granted. */
import type { AcquireRequest } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";

import { isRecord, membersOf } from "../../core/is-record.ts";
import { reasonFields } from "../../protocol/reasons.ts";
import { placeIn, rateLimitIn, unexpectedAnswer } from "../transport/answer.ts";
import { Deferred } from "../transport/deferred.ts";

/** A message from Sluice, as JSON has it. */
export type Received = Readonly<Record<string, unknown>>;

/** Status of a successful handshake, for an error about what came after it. */
const SWITCHING_PROTOCOLS = 101;
const OK = 200;
const NO_CONTENT = 204;

/** An acquire on a session. */
export class PendingAcquire {
  readonly request: AcquireRequest;
  readonly #onPlace: (place: Place) => unknown;
  readonly #ended = new Deferred<Answer | undefined>();

  /** @param onPlace Called with each place. Whatever it throws or rejects with goes to `onFailed` of `placed`. */
  constructor(request: AcquireRequest, onPlace: (place: Place) => unknown) {
    this.request = request;
    this.#onPlace = onPlace;
  }

  /** Resolves with the answer as over HTTP; with `undefined` if the session could not be opened. */
  get ended(): Promise<Answer | undefined> {
    return this.#ended.promise;
  }

  settle(answer: Answer | undefined): void {
    this.#ended.resolve(answer);
  }

  fail(error: unknown): void {
    this.#ended.reject(error);
  }

  /** @param onFailed Called if its caller can't follow its place, which gives it up. */
  placed(body: unknown, onFailed: (error: unknown) => void): void {
    try {
      const shown = this.#onPlace(placeIn(SWITCHING_PROTOCOLS, body));
      if (shown instanceof Promise) shown.catch(onFailed);
    } catch (error) {
      onFailed(error);
    }
  }
}

/** The answer over HTTP that the ending of an acquire stands for; `undefined` if the message is no ending. */
export function endingIn(message: Received, bucket: string): Answer | undefined {
  const { granted, refused, cancelled, fields } = message;
  const rateLimit = fields === undefined ? undefined : rateLimitIn(fields);
  if (isRecord(granted)) return { status: OK, body: { bucket, ...granted }, rateLimit };
  if (isRecord(refused)) return { ...refusalIn(refused), rateLimit };
  if (!isRecord(cancelled)) return undefined;
  const reason = "cancelled";
  const { status } = reasonFields[reason];
  return { status, body: { status, reason, detail: "This request was cancelled" }, rateLimit };
}

/** The answer over HTTP that the answer to another call stands for; `undefined` if the message is no answer. */
export function callAnswerIn(message: Received): Answer | undefined {
  const { settled, extended, released, refused } = message;
  if (isRecord(settled)) return { status: OK, body: settled };
  if (isRecord(extended)) return { status: OK, body: extended };
  if (isRecord(released)) return { status: NO_CONTENT, body: "" };
  return isRecord(refused) ? refusalIn(refused) : undefined;
}

function refusalIn(body: Received): Answer {
  const { status } = membersOf(body);
  if (typeof status !== "number") throw unexpectedAnswer(SWITCHING_PROTOCOLS, body);
  return { status, body };
}
