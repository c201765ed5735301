/**
 * The client side of an event stream: parses the bytes as a browser's `EventSource` does. It takes a
 * `Response`, so it also runs inside workerd.
 */

/** An event as a client receives it. */
export interface ServerEvent {
  readonly event: string;
  /** Parsed: all of Sluice's data is JSON. */
  readonly data: unknown;
  readonly id?: string;
}

/** The events of one response, as they arrive. */
export class EventReader {
  readonly events: ServerEvent[] = [];
  /** Resolves at the end of the stream; rejects if it breaks off. */
  readonly done: Promise<void>;
  #heartbeats = 0;
  #incomplete = "";
  #lastByteAtMs = performance.now();
  #longestSilenceMs = 0;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #onNews: () => void = () => undefined;

  /** @throws {Error} If the response isn't an event stream. */
  constructor(response: Response) {
    const type = response.headers.get("Content-Type");
    if (response.status !== 200 || type !== "text/event-stream" || !response.body) {
      throw new Error(`Not an event stream: ${response.status} ${type}`);
    }
    this.#reader = response.body.getReader();
    this.done = this.#read();
    this.done.catch(() => undefined);
  }

  /** How many comments have arrived so far. */
  get heartbeats(): number {
    return this.#heartbeats;
  }

  /** The longest time without a byte, from the head of the response until now. */
  get longestSilenceMs(): number {
    return Math.max(this.#longestSilenceMs, performance.now() - this.#lastByteAtMs);
  }

  /** The last event so far. */
  get last(): ServerEvent | undefined {
    return this.events.at(-1);
  }

  /** The events in short: `3 in 2100` (position and ETA), `granted after 2100`, `refused: timeout`. */
  get lines(): string[] {
    return this.events.map(({ event, data }) => {
      const body = data as Record<string, unknown>;
      if (event === "queued") return `${String(body["position"])} in ${String(body["etaMs"])}`;
      if (event === "granted") return `granted after ${String(body["waitedMs"])}`;
      return `${event}: ${String(body["reason"])}`;
    });
  }

  /** Resolves when `count` events have arrived; rejects if the stream ends before. */
  async until(count: number): Promise<void> {
    while (this.events.length < count) {
      const news = new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
      const hasEnded = await Promise.race([news, this.done.then(() => true)]);
      if (hasEnded === true && this.events.length < count) {
        throw new Error(`Only ${this.events.length} events: ${this.lines.join(", ")}`);
      }
    }
  }

  /** Cancels the stream, as a client that leaves does. */
  async leave(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      this.#longestSilenceMs = this.longestSilenceMs;
      this.#lastByteAtMs = performance.now();
      if (done) return;
      this.#take(decoder.decode(value, { stream: true }));
    }
  }

  #take(text: string): void {
    const blocks = (this.#incomplete + text).split("\n\n");
    this.#incomplete = blocks.pop() ?? "";
    for (const block of blocks) this.#takeBlock(block);
    this.#onNews();
  }

  #takeBlock(block: string): void {
    if (block === ":") {
      this.#heartbeats += 1;
      return;
    }
    const fields = new Map(
      block.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
    const id = fields.get("id");
    const event = {
      event: fields.get("event") ?? "message",
      data: JSON.parse(fields.get("data") ?? "null") as unknown,
    };
    this.events.push(id === undefined ? event : { ...event, id });
  }
}
