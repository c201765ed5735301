/**
 * Grants that can be asked for again: the memory behind `Idempotency-Key`.
 *
 * A caller whose connection broke can't know whether its tokens were taken. If it sent a key, it retries with
 * the same key and gets the same grant. So a grant with a key is written together with its key, in the turn
 * that makes it, and is on disk before the caller hears of it: a grant that was answered, or only written, is
 * found again after a crash. A grant that was neither has not been made, and the same key gets a new one.
 * Refusals are not kept: they took nothing, so asking again is right.
 *
 * What is kept is bounded in time and in number; beyond that the oldest grants are forgotten. They are forgotten
 * in order, so a grant dated by a clock that ran ahead also keeps those behind it, up to the limit in number.
 *
 * **On the disk** all grants of a turn are one row of text, in a slot. A slot is written again once all grants of
 * its row are forgotten, and never deleted, so there are as many rows as there have ever been at a time, and a
 * grant costs no delete. **In memory** there are these texts, and for each key its slot. A row is only read when one
 * of its keys comes again: hardly any does, and ten thousand grants as objects would cost a busy session more time in
 * garbage collection than all else that it does for a key. Versions before this one wrote a row for each grant, under its key. Such rows are read,
 * and count, and are deleted when their grants are forgotten. Those versions don't read slots: after a rollback
 * a bucket has forgotten the keys of the last ten minutes, and a retry that falls into it is granted again.
 */
import type { Ask } from "../core/ask.ts";
import type { Grant } from "../core/outcome.ts";
/** What a caller asks for besides its key and its ticket. With the same key, or ticket, it must be the same. */
export type Asked = Omit<Ask, "idempotencyKey" | "ticket">;
/** A grant and what was asked for. */
export interface KeyedGrant {
    readonly asked: Asked;
    readonly grant: Grant;
}
/** A grant and its key. */
type KeyedEntry = readonly [key: string, keyed: KeyedGrant];
/** Where grants are written. */
export interface KeyedGrantStore {
    /** Rows by slot, in any order. */
    list(): Iterable<readonly [number, string]>;
    put(slot: number, row: string): void;
    /** What earlier versions have written: a row for each grant, under its key. */
    readonly earlier: {
        /** In any order. */
        list(): Iterable<KeyedEntry>;
        delete(key: string): void;
    };
}
/** What a call itself asks for, without the policy's defaults. */
export declare function askedIn({ tokens, limits, timeoutMs, holdMs }: Asked): Asked;
/** Whether two requests ask for the same. */
export declare function isSameAsked(one: Asked, other: Asked): boolean;
/** The keyed grants of one bucket. */
export declare class IdempotencyStore {
    #private;
    constructor(store: KeyedGrantStore);
    /** The grant that was made for `key`, while it is kept. */
    find(key: string, nowMs: number): KeyedGrant | undefined;
    /** Writes all grants of a turn, in one row unless they are very many, and forgets what is too old or too much. */
    keep(grants: readonly KeyedEntry[], nowMs: number): void;
    /** All storage has been deleted, and the grants with it. */
    forgetAll(): void;
}
/** The grants in a row. */
export declare function entriesOf(text: string): readonly KeyedEntry[];
export {};
