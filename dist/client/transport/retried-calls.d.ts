/** All calls of a client but acquires: sent, retried if their connection breaks, and read. */
import type { Reason } from "../../protocol/reasons.ts";
import type { Call, Connection } from "./connection.ts";
import { type Answer } from "./answer.ts";
import { type Attempt } from "./retry.ts";
/** How a call is sent. */
interface SendOptions {
    readonly signal?: AbortSignal | undefined;
    /** Reasons that are answers like any other. Default: none, all are thrown. */
    readonly expected?: readonly Reason[];
    /** Sends an attempt by something other than HTTP. `undefined` if it has to go over HTTP. */
    readonly onSession?: (attempt: Attempt) => Promise<Answer> | undefined;
}
/** Time that an answer may take to arrive, including for Sluice to find its bucket again. */
export declare const ANSWER_MS = 10000;
/** Sends the calls of one client. */
export declare class RetriedCalls {
    #private;
    /** @param retryForMs See `ClientOptions`. */
    constructor(connection: Connection, retryForMs: number);
    /** @throws {SluiceError} If the answer is a problem, or Sluice can't be reached. */
    send(call: Call, { signal, expected, onSession }: SendOptions): Promise<Answer>;
}
export {};
