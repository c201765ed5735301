/** Reads the queue again when something has changed, and no more often than a person can follow. */

/** Least time between two readings, in milliseconds. */
const MIN_GAP_MS = 1_000;

/** Calls a function after changes: at once, or when the last call is a second ago and has ended. */
export class WaiterReader {
  readonly #read: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #isReading = false;
  #isStale = false;
  #isStopped = false;
  #readAtMs = -Infinity;

  /** @param read Never rejects. */
  constructor(read: () => Promise<void>) {
    this.#read = read;
  }

  /** Something has changed. */
  changed(): void {
    this.#isStale = true;
    if (this.#isReading || this.#timer !== undefined || this.#isStopped) return;
    const delayMs = Math.max(0, this.#readAtMs + MIN_GAP_MS - performance.now());
    this.#timer = setTimeout(() => void this.#readNow(), delayMs);
  }

  /** Nothing is read from now on. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #readNow(): Promise<void> {
    this.#timer = undefined;
    this.#readAtMs = performance.now();
    this.#isStale = false;
    this.#isReading = true;
    await this.#read();
    this.#isReading = false;
    if (this.#isStale) this.changed();
  }
}
