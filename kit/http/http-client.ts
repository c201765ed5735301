/** An HTTP client for loads: a fixed number of connections that are kept from request to request. */
import { Agent } from "node:http";

import { exchange, type Answer, type RequestOptions } from "./http-connection.ts";

/** Connections to one host. A request waits until one of them is free. */
export class HttpClient implements Disposable {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Sends the request. Rejects where the connection ends before the response has. */
  request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return exchange(new URL(path, this.#url), options, { agent: this.#agent });
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
