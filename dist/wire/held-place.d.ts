import type { QueuedBody } from "../protocol/acquire-bodies.ts";
/** The position of a held request in the queue, as the object reports it. */
export interface HeldPlace extends QueuedBody {
    /** When it will be granted as things stand, epoch milliseconds by the object's clock. */
    readonly grantAtMs: number;
}
/** What a caller hears of its place. */
export declare function queuedBody({ position, etaMs, estimate, ticket }: HeldPlace): QueuedBody;
/** Whether a caller that knows the first place learns nothing from the second, as after it was requeued. */
export declare function isSamePlace(known: HeldPlace | undefined, place: HeldPlace): boolean;
