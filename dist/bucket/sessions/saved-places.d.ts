/**
 * The places of one session as text, to be kept while their object sleeps: with the socket, which has room for
 * 16 KiB, or in a row of the storage.
 *
 * Waiters of a session mostly ask for the same, one after the other. So each place is a short row of what differs
 * from the one before: 8 characters with ids that count up, 12 with tickets, and a key's length more with keys. A
 * thousand places fit with their socket then, and a row is money: one that is written each second costs $2.60 a
 * month.
 *
 * The text is JSON: `[version, row, row, …]`, and in ASCII, as anything else would take two bytes a character. A
 * text that can't be read, such as one of a later version after a rollback, is not an error here: the session is
 * closed then, and its client comes back with its tickets.
 */
import type { Ask } from "../../core/ask.ts";
import type { Standing } from "../../core/queue/arrival-order.ts";
import type { MessageId } from "../../protocol/session-messages.ts";
import type { Arrival } from "../absent-callers.ts";
/** A place in the queue, as it is kept for its session. */
export interface SavedPlace {
    /** The client's name of the acquire. */
    readonly id: MessageId;
    readonly ask: Ask;
    readonly isFollowing: boolean;
    readonly hasFields: boolean;
    /** The timeout in force: that of `ask` or, if it has none, the policy's. */
    readonly timeoutMs: number;
    readonly arrival: Required<Arrival>;
    /** See `Standing`. */
    readonly behindLater?: Standing | undefined;
    /** Identifies the place in its ticket; absent if it has none. */
    readonly placeId?: string | undefined;
}
/** The places as text, in their order. */
export declare function encodePlaces(places: Iterable<SavedPlace>): string;
/** The places that a text lists; `undefined` if it can't be read. Takes any text. */
export declare function decodePlaces(text: string): readonly SavedPlace[] | undefined;
