/** A WebSocket by hand: the test says what happens on it, and sees what was sent. */
import type { ClientSocket } from "../../src/client/transport/live-socket.ts";

type OnEvent = Parameters<ClientSocket["addEventListener"]>[1];

export class FakeSocket implements ClientSocket {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sent: string[] = [];
  isClosed = false;
  readonly #listeners: [type: string, listener: OnEvent][] = [];

  constructor(url = "", protocols: readonly string[] = []) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: OnEvent): void {
    this.#listeners.push([type, listener]);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }

  emit(type: string, data?: unknown): void {
    for (const [of, listener] of this.#listeners) if (of === type) listener({ type, data });
  }
}
