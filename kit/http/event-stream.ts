/** A client's side of an event stream: what a browser's `EventSource` makes of the bytes. */

/** An event as a client sees it. */
export interface ServerEvent {
  readonly event: string;
  /** Parsed: all data of Sluice is JSON. */
  readonly data: unknown;
  readonly id?: string;
}

/** The events of one response, as they come. */
export class EventReader {
  readonly events: ServerEvent[] = [];
  /** Resolves at the end of the stream; rejects where it breaks off. */
  readonly done: Promise<void>;
  #heartbeats = 0;
  #begun = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #onNews: () => void = () => undefined;

  /** @throws {Error} Where the response is no event stream. */
  constructor(response: Response) {
    const type = response.headers.get("Content-Type");
    if (response.status !== 200 || type !== "text/event-stream" || !response.body) {
      throw new Error(`No event stream: ${response.status} ${type}`);
    }
    this.#reader = response.body.getReader();
    this.done = this.#read();
    this.done.catch(() => undefined);
  }

  /** Comments that have come so far. */
  get heartbeats(): number {
    return this.#heartbeats;
  }

  /** The last event, once the stream is over. */
  get last(): ServerEvent | undefined {
    return this.events.at(-1);
  }

  /** Events but the last in short, and what the last came to: `3 in 2100`, `granted after 2100`. */
  get lines(): string[] {
    return this.events.map(({ event, data }) => {
      const body = data as Record<string, unknown>;
      if (event === "queued") return `${String(body["position"])} in ${String(body["etaMs"])}`;
      if (event === "granted") return `granted after ${String(body["waitedMs"])}`;
      return `${event}: ${String(body["reason"])}`;
    });
  }

  /** Resolves when so many events are here; rejects where the stream ends before. */
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

  /** The client goes away. */
  async leave(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.#take(decoder.decode(value, { stream: true }));
    }
  }

  #take(text: string): void {
    const blocks = (this.#begun + text).split("\n\n");
    this.#begun = blocks.pop() ?? "";
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
