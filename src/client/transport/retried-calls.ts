/** All calls of a client but acquires: sent, retried if their connection breaks, and read. */
import type { Reason } from "../../protocol/reasons.ts";
import type { Call, Connection } from "./connection.ts";

import { errorOf, problemIn, type Answer } from "./answer.ts";
import { retry, SluiceUnreachableError, type Attempt, type RetryPolicy } from "./retry.ts";
import { unavailableError } from "./transport-error.ts";

/** How a call is sent. */
interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  /** Reasons that are answers like any other. Default: none, all are thrown. */
  readonly expected?: readonly Reason[];
  /** Sends an attempt by something other than HTTP. `undefined` if it has to go over HTTP. */
  readonly onSession?: (attempt: Attempt) => Promise<Answer> | undefined;
}

/** Default of `overdueMs`: Sluice may first have to find its bucket again. */
export const DEFAULT_OVERDUE_MS = 10_000;

/** Sends the calls of one client. */
export class RetriedCalls {
  readonly #connection: Connection;
  readonly #retryForMs: number;
  readonly #overdueMs: number;

  /** For `retryForMs` and `overdueMs` see `ClientOptions`. */
  constructor(connection: Connection, retryForMs: number, overdueMs: number = DEFAULT_OVERDUE_MS) {
    this.#connection = connection;
    this.#retryForMs = retryForMs;
    this.#overdueMs = overdueMs;
  }

  /** @throws {SluiceError} If the answer is a problem, or Sluice can't be reached. */
  async send(call: Call, { signal, expected = [], onSession }: SendOptions): Promise<Answer> {
    const policy: RetryPolicy = {
      signal,
      retryForMs: this.#retryForMs,
      untilMs: Infinity,
      attemptMs: () => this.#overdueMs,
    };
    const ask = async (attempt: Attempt): Promise<Answer> => {
      const answer = await (onSession?.(attempt) ?? this.#overHttp(call, attempt));
      const problem = problemIn(answer);
      if (problem && !expected.includes(problem.reason)) throw errorOf(problem);
      return answer;
    };
    try {
      return await retry(ask, policy);
    } catch (error) {
      throw error instanceof SluiceUnreachableError ? unavailableError(error.fault) : error;
    }
  }

  async #overHttp(call: Call, { signal }: Attempt): Promise<Answer> {
    return this.#connection.read(await this.#connection.send(call, signal));
  }
}
