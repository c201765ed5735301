/** A plain acquire that the object holds: its response is the answer. */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { ConnectedRequest, EndingSpan } from "./connected-request.ts";
import type { Leave } from "./held-request.ts";
/** The response to one acquire. A promise is made only if the request has to wait. */
export declare class HeldResponse implements ConnectedRequest {
    #private;
    get response(): Response | Promise<Response>;
    waits(leave: Leave, span: EndingSpan): void;
    answered(answer: AcquireAnswer): void;
    disconnected(): void;
    handleEvent(): void;
}
