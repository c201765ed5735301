/**
 * A streamed acquire that the object holds: if it has to wait, its response is a stream of lines with its
 * places and finally the answer (see acquire-lines.ts). If the object is reset, the lines break off.
 */
import type { AcquireAnswer } from "../answers/acquire-answer.ts";
import type { HeldPlace } from "../wire/held-place.ts";
import type { ConnectedRequest, EndingSpan } from "./connected-request.ts";
import type { FollowingRequest, Leave } from "./held-request.ts";
/** The part of the object's storage that is used. */
export interface SyncedStorage {
    /** Resolves once everything written so far is on disk. */
    sync(): Promise<void>;
}
/** The response to one streamed acquire. */
export declare class HeldStream implements ConnectedRequest, FollowingRequest {
    #private;
    constructor(storage: SyncedStorage);
    get response(): Response;
    waits(leave: Leave, span: EndingSpan): void;
    answered(answer: AcquireAnswer): void;
    moved(place: HeldPlace): void;
    disconnected(reason: unknown): void;
    handleEvent({ target }: Event): void;
}
