/**
 * A WebSocket to a service binding. No address leads there, so it is opened by a request for an upgrade, and works for
 * as long as the request, or in the Durable Object, in which it was opened.
 */
import type { ClientSocket } from "./live-socket.ts";

type OnEvent = Parameters<ClientSocket["addEventListener"]>[1];

/** A service binding, as far as it is needed here. */
interface Service {
  fetch(request: Request): Response | Promise<Response>;
}

/** The WebSocket of a response in a Worker. */
interface AcceptedSocket extends ClientSocket {
  accept(): void;
}

/** Opens at once, like a platform's WebSocket. */
export class BoundSocket implements ClientSocket {
  readonly #listeners: [type: string, listener: OnEvent][] = [];
  #socket: AcceptedSocket | undefined = undefined;
  #isClosed = false;

  constructor(service: Service, url: string, protocols: readonly string[]) {
    void this.#open(service, url, protocols);
  }

  addEventListener(type: string, listener: OnEvent): void {
    this.#listeners.push([type, listener]);
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  async #open(service: Service, url: string, protocols: readonly string[]): Promise<void> {
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
    try {
      const response = await service.fetch(new Request(url, { headers }));
      const { webSocket: socket } = response as { webSocket?: AcceptedSocket | null };
      if (!socket) throw new TypeError(`No upgrade: status ${response.status}`);
      this.#socket = socket;
      for (const [type, listener] of this.#listeners) socket.addEventListener(type, listener);
      socket.accept();
      if (this.#isClosed) socket.close();
      this.#emit("open");
    } catch {
      // As everywhere, a WebSocket doesn't say why it was refused.
      this.#emit("close");
    }
  }

  #emit(type: string): void {
    for (const [of, listener] of this.#listeners) if (of === type) listener({ type });
  }
}
