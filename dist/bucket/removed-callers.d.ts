/**
 * Callers that an operator has removed from the queue. They can't come back: until the deadline of its acquire, a
 * request with a removed key, or with a ticket of a removed place, is refused.
 *
 * That must outlive the object, since after a crash all callers come back, so it is on the disk: one row, written with
 * each removal. Removals are rare and made one by one; keys come with every acquire. So the row is read once, the
 * first time that it matters, and a lookup takes one step. A caller without a key and without a ticket has nothing to
 * come back with, and there is nothing to note.
 */
/** A caller that was removed. */
export interface RemovedCaller {
    /** Its idempotency key; absent if it had none. */
    readonly key?: string;
    /** What its tickets call its place; absent if none was sent. */
    readonly placeId?: string;
    /** The deadline of its acquire, epoch milliseconds, inclusive. */
    readonly untilMs: number;
}
/** Where removed callers are written. */
export interface RemovedCallersStore {
    /** `undefined` before the first `write`, and after the disk has been erased. */
    read(): readonly RemovedCaller[] | undefined;
    write(callers: readonly RemovedCaller[]): void;
}
/** The removed callers of one bucket. */
export declare class RemovedCallers {
    #private;
    constructor(store: RemovedCallersStore);
    /** Whether a request with this key, or for this place, belongs to a caller that was removed. */
    has(key: string | undefined, placeId: string | undefined, nowMs: number): boolean;
    /** A caller has been removed. Throws if that can't be written; nothing is noted then. */
    note(removed: RemovedCaller, nowMs: number): void;
    /** All storage has been deleted. */
    forgetAll(): void;
}
