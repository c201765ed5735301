/** A TCP relay that can break or go silent like a network, and be pointed at another server. */
import { connect, createServer, type Server, type Socket } from "node:net";

/** Relays the connections to its port. */
export class Relay implements AsyncDisposable {
  /** The port that new connections are relayed to. */
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  /** Connections to break within what comes next. */
  #torn = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.target = target;
    server.on("connection", (near) => {
      const far = connect(this.target, "127.0.0.1");
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** Listens on a free port of this machine. */
  static async open(target: number): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Relay(server, target);
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("The relay is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Open connections on both sides: two for each client. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Stops relaying without closing anything: to each side, the other seems silent. */
  silence(): void {
    this.#isSilent = true;
  }

  /**
   * Of what comes next on a connection, relays only the first part, and then breaks it: somewhere within a frame, more
   * often than not. So for each connection that is open.
   */
  cutWithinNext(): void {
    this.#torn = new Set(this.#sockets);
  }

  /** Breaks all connections, and relays new ones again. */
  cut(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (bytes) => {
      if (this.#torn.delete(from)) {
        to.write(bytes.subarray(0, bytes.length >> 1), () => from.destroy());
      } else if (!this.#isSilent) to.write(bytes);
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      this.#torn.delete(from);
      to.destroy();
    });
  }
}
