/** Somebody else's API, with a rate limit of its own: so many requests in each window of time. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** What it lets through, and what it says of it. */
export interface LimitedApiOptions {
  readonly limit: number;
  /** Windows of a whole number of seconds: what is said of them is. */
  readonly windowMs: number;
  /** Whether answers say how many requests are left. Default: false. */
  readonly saysWhatIsLeft?: boolean;
}

/** One request, as it came. */
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

  /** Of the requests so far, those with this status. */
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
    const { limit, windowMs, saysWhatIsLeft } = this.#options;
    if (atMs >= this.#windowStartMs + windowMs) {
      this.#windowStartMs = atMs;
      this.#taken = 0;
    }
    const status = this.#taken < limit ? 200 : 429;
    if (status === 200) this.#taken += 1;
    const untilMs = this.#windowStartMs + windowMs - atMs;
    const seconds = String(Math.ceil(untilMs / 1_000));
    if (status === 429) response.setHeader("Retry-After", seconds);
    if (saysWhatIsLeft) {
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
