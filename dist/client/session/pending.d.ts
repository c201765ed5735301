/** What a session owes an answer: acquires, and calls about what they were granted. */
import type { AcquireRequest } from "../transport/acquire-request.ts";
import type { Answer, Place } from "../transport/answer.ts";
/** A message from Sluice, as JSON has it. */
export type Received = Readonly<Record<string, unknown>>;
/** An acquire on a session. */
export declare class PendingAcquire {
    #private;
    readonly request: AcquireRequest;
    /** @param onPlace Called with each place. Whatever it throws or rejects with goes to `onFailed` of `placed`. */
    constructor(request: AcquireRequest, onPlace: (place: Place) => unknown);
    /** Resolves with the answer as over HTTP; with `undefined` if the session could not be opened. */
    get ended(): Promise<Answer | undefined>;
    settle(answer: Answer | undefined): void;
    fail(error: unknown): void;
    /** @param onFailed Called if its caller can't follow its place, which gives it up. */
    placed(body: unknown, onFailed: (error: unknown) => void): void;
}
/** The answer over HTTP that the ending of an acquire stands for; `undefined` if the message is no ending. */
export declare function endingIn(message: Received, bucket: string): Answer | undefined;
/** The answer over HTTP that the answer to another call stands for; `undefined` if the message is no answer. */
export declare function callAnswerIn(message: Received): Answer | undefined;
