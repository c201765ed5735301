/**
 * Somebody else's API, for samples that call `https://api.example.com`: says what it was asked, and what a
 * model would say that it has used. It takes five requests a second, and refuses more as real ones do. The first
 * query of `/graphql` is throttled, which its body says. A chat completion may be streamed.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

const REQUESTS_A_SECOND = 5;

const THROTTLED = {
  errors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }],
  extensions: {
    cost: {
      requestedQueryCost: 52,
      throttleStatus: { maximumAvailable: 1_000, currentlyAvailable: 2, restoreRate: 50 },
    },
  },
};
const QUERIED = { data: { shop: { name: "Example" } } };

/** A streamed chat completion with its usage. */
const STREAMED = [
  { choices: [{ delta: { content: "Because " } }], usage: null },
  { choices: [{ delta: { content: "of Rayleigh." } }], usage: null },
  { choices: [], usage: { prompt_tokens: 14, completion_tokens: 6, total_tokens: 20 } },
];

/** The API, listening on a free port of 127.0.0.1. */
export class Upstream implements AsyncDisposable {
  readonly #server: Server;
  #second = 0;
  #taken = 0;
  #queries = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  /** Where it is reached, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = request.method === "POST" ? await json(request).catch(() => ({})) : {};
    const second = Math.floor(Date.now() / 1_000);
    if (second !== this.#second) this.#taken = 0;
    this.#second = second;
    this.#taken += 1;
    if (this.#taken > REQUESTS_A_SECOND) {
      response.writeHead(429, { "Retry-After": "1" }).end();
      return;
    }
    if (request.url === "/graphql") {
      this.#queries += 1;
      const body = this.#queries === 1 ? THROTTLED : QUERIED;
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
      return;
    }
    if (typeof asked === "object" && asked !== null && "stream" in asked && asked.stream) {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      for (const event of STREAMED) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end("data: [DONE]\n\n");
      return;
    }
    const usage = { input_tokens: 120, output_tokens: 380 };
    const body = { method: request.method, path: request.url, usage };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }
}
