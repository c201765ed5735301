import { errorOf, problemIn } from "./answer.js";
import { retry, SluiceUnreachableError } from "./retry.js";
import { unavailableError } from "./transport-error.js";
/** Time that an answer may take to arrive, including for Sluice to find its bucket again. */
export const ANSWER_MS = 10_000;
/** Sends the calls of one client. */
export class RetriedCalls {
    #connection;
    #retryForMs;
    /** @param retryForMs See `ClientOptions`. */
    constructor(connection, retryForMs) {
        this.#connection = connection;
        this.#retryForMs = retryForMs;
    }
    /** @throws {SluiceError} If the answer is a problem, or Sluice can't be reached. */
    async send(call, { signal, expected = [], onSession }) {
        const policy = {
            signal,
            retryForMs: this.#retryForMs,
            untilMs: Infinity,
            attemptMs: () => ANSWER_MS,
        };
        const ask = async (attempt) => {
            const answer = await (onSession?.(attempt) ?? this.#overHttp(call, attempt));
            const problem = problemIn(answer);
            if (problem && !expected.includes(problem.reason))
                throw errorOf(problem);
            return answer;
        };
        try {
            return await retry(ask, policy);
        }
        catch (error) {
            throw error instanceof SluiceUnreachableError ? unavailableError(error.fault) : error;
        }
    }
    async #overHttp(call, { signal }) {
        return this.#connection.read(await this.#connection.send(call, signal));
    }
}
