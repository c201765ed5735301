/** A session inside the runtime of the tests: its client's end of the WebSocket, and all that has come. */
import { exports } from "cloudflare:workers";

import type { MessageId, SessionMessage } from "../../src/protocol/session-messages.ts";

import { SESSION_SUBPROTOCOL } from "../../src/protocol/session-messages.ts";
import { described } from "./described.ts";

/** One session. Each frame is checked against the OpenAPI description. */
export class EdgeSession {
  readonly socket: WebSocket;
  /** The messages of each frame, in order. */
  readonly frames: (readonly SessionMessage[])[] = [];
  /** Frames that aren't JSON, such as `pong`. */
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined = undefined;
  readonly #onNews: (() => void)[] = [];
  #ids = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#notify();
    });
    socket.accept();
  }

  /** Opens a session over the Worker. */
  static async open(bucket: string): Promise<EdgeSession> {
    const url = `https://sluice.test/buckets/${encodeURIComponent(bucket)}/session`;
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": SESSION_SUBPROTOCOL };
    const response = await exports.default.fetch(new Request(url, { headers }));
    await described.check("GET", url, response);
    if (!response.webSocket) throw new Error(`Not a session: ${await response.text()}`);
    return new EdgeSession(response.webSocket);
  }

  get messages(): SessionMessage[] {
    return this.frames.flat();
  }

  /** Sends messages in one frame: one as it is, several as an array. */
  send(...messages: readonly object[]): void {
    this.socket.send(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  /** Acquires under an id of its own. Resolves with the body of the ending; `signal` cancels it. */
  async acquire(members: object, signal?: AbortSignal): Promise<Response> {
    const id = `own-${(this.#ids += 1)}`;
    signal?.addEventListener("abort", () => this.send({ op: "cancel", id }));
    this.send({ op: "acquire", id, ...members });
    const ending = await this.ending(id);
    if ("granted" in ending) return Response.json(ending.granted);
    if ("refused" in ending) return Response.json(ending.refused);
    throw new Error("It was cancelled");
  }

  /** How the acquire `id` ends. Rejects if the session ends first. */
  async ending(id: MessageId): Promise<SessionMessage> {
    for (;;) {
      const found = this.messages.find((message) => {
        return (
          message.id === id &&
          ("granted" in message || "refused" in message || "cancelled" in message)
        );
      });
      if (found) return found;
      if (this.closed) throw new Error(`The session has ended: ${JSON.stringify(this.closed)}`);
      await new Promise<void>((resolve) => this.#onNews.push(resolve));
    }
  }

  #received(text: string): void {
    const isJson = text.startsWith("{") || text.startsWith("[");
    if (isJson) {
      described.checkFrame("session", text);
      this.frames.push([JSON.parse(text) as SessionMessage | SessionMessage[]].flat());
    } else this.texts.push(text);
    this.#notify();
  }

  #notify(): void {
    for (const resolve of this.#onNews.splice(0)) resolve();
  }
}
