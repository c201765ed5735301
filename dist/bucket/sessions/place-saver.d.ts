/**
 * Saves the places of sessions, so that their object may leave memory while they wait, and finds them again when it
 * wakes.
 *
 * They are kept with each socket (its attachment), which costs nothing and lives exactly as long as the session. What
 * has no room there is in a row of the storage, and the attachment says so.
 *
 * **What is saved is true.** An attachment that lists places which have been granted since would have them granted
 * again. So the first change of a session's places clears it at once, which takes 2 µs, and places are saved again
 * when nothing has changed for a moment. A busy bucket saves nothing, and one that is about to sleep saves once.
 *
 * **What isn't saved keeps the object in memory**: a timer is pending until all is saved, and the runtime waits for
 * timers. So does a disk that takes no writes: the places stay here, and saving is tried again.
 */
import type { Clock } from "../clock.ts";
import type { SavedPlace } from "./saved-places.ts";
import type { SavedSession, SessionSocket } from "./session-socket.ts";
/** Where places are kept that have no room with their socket, by session. */
export interface PlaceRows {
    /** The sessions that have a row. */
    list(): Iterable<string>;
    read(sessionId: string): string | undefined;
    /** @throws If it can't be written, or is too large. */
    write(sessionId: string, places: string): void;
    delete(sessionId: string): void;
}
/** A session as far as it is saved. */
export interface SavingSession {
    readonly sessionId: string;
    readonly socket: Pick<SessionSocket, "saved">;
    /** All its places in the queue, in any order. */
    places(): Iterable<SavedPlace>;
}
/** Saves the places of all sessions of one bucket. */
export declare class PlaceSaver {
    #private;
    constructor(clock: Clock, rows: PlaceRows);
    /** The places that an earlier instance has saved for a session; `undefined` if they can't be read. */
    restored({ sessionId, places }: SavedSession): readonly SavedPlace[] | undefined;
    /** The session has a place more, or one less. To be called in the turn in which that happens. */
    changed(session: SavingSession): void;
    /** The session is over. If it has a row, that is deleted with the next save. */
    closed(session: SavingSession): void;
}
