/**
 * A stream of text for a reader that may be slow, or may never read: what it has not read yet is not queued
 * but replaced by the next piece. However long the reader pauses, no more than one piece and the last one are
 * kept for it.
 *
 * Nothing is produced before the reader asks, and each piece is handed over whole.
 */

/** A stream whose reader always gets the latest piece of text. */
export class LatestStream {
  readonly readable: ReadableStream<Uint8Array>;
  #unread = "";
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined = undefined;
  /** Answers the reader's pending request, if there is one. */
  #answer: (() => void) | undefined = undefined;

  /** @param onCancel Called if the reader leaves before the end. */
  constructor(onCancel: (reason: unknown) => void) {
    const encoder = new TextEncoder();
    const source: UnderlyingSource<Uint8Array> = {
      pull: async (controller) => {
        if (!this.hasUnread) {
          await new Promise<void>((resolve) => {
            this.#answer = resolve;
          });
        }
        if (this.#failure) {
          controller.error(this.#failure.error);
          return;
        }
        const piece = this.#unread;
        this.#unread = "";
        if (piece !== "") controller.enqueue(encoder.encode(piece));
        if (this.#hasEnded) controller.close();
      },
      cancel: (reason) => {
        const isEarly = !this.#hasEnded && !this.#failure;
        this.#hasEnded = true;
        if (isEarly) onCancel(reason);
      },
    };
    this.readable = new ReadableStream(source, { highWaterMark: 0 });
  }

  /** Whether the reader has not yet read everything, including the end. */
  get hasUnread(): boolean {
    return this.#unread !== "" || this.#hasEnded || this.#failure !== undefined;
  }

  /** Replaces what has not been read. Does nothing once the stream has ended. */
  put(piece: string): void {
    if (this.#hasEnded || this.#failure) return;
    this.#unread = piece;
    this.#wakeReader();
  }

  /** Adds the last piece to what has not been read, and ends the stream. */
  end(piece: string): void {
    if (this.#hasEnded || this.#failure) return;
    this.#unread += piece;
    this.#hasEnded = true;
    this.#wakeReader();
  }

  /** Ends the stream with an error. */
  fail(error: unknown): void {
    if (this.#hasEnded || this.#failure) return;
    this.#failure = { error };
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#answer?.();
    this.#answer = undefined;
  }
}
