/** A third-party API with its own rate limit: a number of requests in each window of time. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** What the API allows, and what it reports about it. */
export interface LimitedApiOptions {
  readonly limit: number;
  /** Length of a window: whole seconds, because its headers are in seconds. */
  readonly windowMs: number;
  /** Whether answers report the remaining requests. Default: false. */
  readonly reportsRemaining?: boolean;
}

/** A request that the API received. */
export interface ApiRequest {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly path: string;
  readonly body: string;
  readonly status: number;
}

/** The API, listening on a free port of 127.0.0.1. */
export class LimitedApi implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  readonly #server: Server;
  readonly #options: LimitedApiOptions;
  #windowStartMs = 0;
  #taken = 0;

  private constructor(options: LimitedApiOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: LimitedApiOptions): Promise<LimitedApi> {
    const api = new LimitedApi(options);
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    return api;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  /** Number of requests so far that got this status. */
  count(status: number): number {
    return this.requests.filter((request) => request.status === status).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = Date.now();
    const { limit, windowMs, reportsRemaining } = this.#options;
    if (atMs >= this.#windowStartMs + windowMs) {
      this.#windowStartMs = atMs;
      this.#taken = 0;
    }
    const status = this.#taken < limit ? 200 : 429;
    if (status === 200) this.#taken += 1;
    const untilMs = this.#windowStartMs + windowMs - atMs;
    const seconds = String(Math.ceil(untilMs / 1_000));
    if (status === 429) response.setHeader("Retry-After", seconds);
    if (reportsRemaining) {
      response.setHeader("X-RateLimit-Remaining", limit - this.#taken);
      response.setHeader("X-RateLimit-Reset", seconds);
    }
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.requests.push({ atMs, path: request.url ?? "", body, status });
    response.statusCode = status;
    response.end(status === 200 ? "fine" : "too many");
  }
}
