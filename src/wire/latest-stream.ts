/**
 * A stream of text for a reader that may be slow, or may never read: what it has not read yet is not
 * queued but replaced by what is put next. So however long the reader stands still, no more is kept for
 * it than one piece and the last one.
 *
 * Nothing is made before the reader asks, and each piece is handed over as a whole.
 */

/** Pieces of text, of which the reader always gets the latest. */
export class LatestStream {
  readonly readable: ReadableStream<Uint8Array>;
  #unread = "";
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined = undefined;
  /** Answers the reader, while it asks. */
  #answer: (() => void) | undefined = undefined;

  /** @param onCancel Called when the reader goes away before the end. */
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

  /** Whether there is something, an end included, that the reader has not asked for yet. */
  get hasUnread(): boolean {
    return this.#unread !== "" || this.#hasEnded || this.#failure !== undefined;
  }

  /** In place of what has not been read. Does nothing once the stream has ended. */
  put(piece: string): void {
    if (this.#hasEnded || this.#failure) return;
    this.#unread = piece;
    this.#wakeReader();
  }

  /** The last piece, behind what has not been read; then the stream ends. */
  end(piece: string): void {
    if (this.#hasEnded || this.#failure) return;
    this.#unread += piece;
    this.#hasEnded = true;
    this.#wakeReader();
  }

  /** Breaks the stream off. */
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
