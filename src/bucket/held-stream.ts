/**
 * A streamed acquire that the object holds: if it has to wait, its response is a stream of lines with its
 * places and finally the answer (see acquire-lines.ts). If the object is reset, the lines break off.
 */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { HeldPlace } from "../wire/held-place.ts";
import type { ConnectedRequest, EndingSpan } from "./connected-request.ts";
import type { FollowingRequest, Leave } from "./held-request.ts";

import { acquireResponse } from "../answers/acquire-response.ts";
import { linesResponse, outcomeLine, placeLine } from "../wire/acquire-lines.ts";
import { LatestStream } from "../wire/latest-stream.ts";

/** The part of the object's storage that is used. */
export interface SyncedStorage {
  /** Resolves once everything written so far is on disk. */
  sync(): Promise<void>;
}

/** The response to one streamed acquire. */
export class HeldStream implements ConnectedRequest, FollowingRequest {
  readonly #storage: SyncedStorage;
  #response: Response | undefined = undefined;
  #lines: LatestStream | undefined = undefined;
  #leave: Leave | undefined = undefined;
  #span: EndingSpan | undefined = undefined;

  constructor(storage: SyncedStorage) {
    this.#storage = storage;
  }

  get response(): Response {
    return (this.#response ??= linesResponse(this.#opened().readable));
  }

  waits(leave: Leave, span: EndingSpan): void {
    this.#leave = leave;
    this.#span = span;
  }

  answered(answer: AcquireAnswer): void {
    if (this.#lines) void this.#end(this.#lines, answer);
    else this.#response = acquireResponse(answer);
    this.#span?.settled(answer);
  }

  moved(place: HeldPlace): void {
    void this.#put(this.#opened(), place);
  }

  disconnected(reason: unknown): void {
    this.#leave?.();
    this.#span?.cancelled();
    this.#opened().fail(reason);
  }

  handleEvent({ target }: Event): void {
    this.disconnected(target instanceof AbortSignal ? target.reason : undefined);
  }

  #opened(): LatestStream {
    return (this.#lines ??= new LatestStream((reason) => this.disconnected(reason)));
  }

  /** Waits until the grants that moved this place are on disk: a crash before that would move it back. */
  async #put(lines: LatestStream, place: HeldPlace): Promise<void> {
    try {
      await this.#storage.sync();
      lines.put(placeLine(place));
    } catch (error) {
      lines.fail(error);
    }
  }

  async #end(lines: LatestStream, answer: AcquireAnswer): Promise<void> {
    try {
      const line = await outcomeLine(acquireResponse(answer));
      // The runtime holds a response's head back until its state is on disk, but not the lines after it.
      await this.#storage.sync();
      lines.end(line);
    } catch (error) {
      lines.fail(error);
    }
  }
}
