/** A client of an event stream on a connection of its own, with which it can leave in any way. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";

import { EventReader } from "./event-stream.ts";

/** One streamed request that has been answered. */
export class StreamedRequest {
  readonly reader: EventReader;
  readonly #response: IncomingMessage;
  #lastByteAtMs = performance.now();
  #longestSilenceMs = 0;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.on("data", () => this.#noteBytes());
    response.on("end", () => this.#noteBytes());
    const headers = { "Content-Type": response.headers["content-type"] ?? "" };
    const body = Readable.toWeb(response) as ReadableStream<Uint8Array>;
    this.reader = new EventReader(
      new Response(body, { status: response.statusCode ?? 0, headers }),
    );
  }

  /** Sends `GET path`, and resolves when the head of the answer is here. */
  static async open(
    url: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<StreamedRequest> {
    const outgoing = httpRequest(new URL(path, url), {
      agent: false,
      headers: { Accept: "text/event-stream", ...headers },
    });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    // A client that leaves has nobody to tell.
    outgoing.on("error", () => undefined);
    response.on("error", () => undefined);
    return new StreamedRequest(response);
  }

  /** The longest time without a byte, from the head of the answer to now. */
  get longestSilenceMs(): number {
    return Math.max(this.#longestSilenceMs, performance.now() - this.#lastByteAtMs);
  }

  /** Breaks off with a reset (RST). */
  reset(): void {
    this.#response.socket.resetAndDestroy();
  }

  /** Closes the connection (FIN), as most clients do, also those that are killed. */
  close(): void {
    this.#response.socket.destroy();
  }

  #noteBytes(): void {
    const nowMs = performance.now();
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastByteAtMs);
    this.#lastByteAtMs = nowMs;
  }
}
