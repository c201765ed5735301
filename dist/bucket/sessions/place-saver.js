import { CoalescingTimer } from "../coalescing-timer.js";
import { decodePlaces, encodePlaces } from "./saved-places.js";
/** How long nothing must have changed: far longer than a turn, and far shorter than the runtime waits itself, 10 s. */
const QUIET_MS = 100;
/** After a failure. */
const RETRY_MS = 5_000;
/**
 * What an attachment takes at most once it is serialized, in bytes. As text in JSON it is about as long; the
 * difference is a few bytes for each object in it.
 */
const MAX_ATTACHMENT_BYTES = 16_384;
const MAX_ATTACHMENT_LENGTH = MAX_ATTACHMENT_BYTES - 256;
/** In place of the places: they are in a row. No text of places is like this. */
const IN_ROW = "row";
/** Saves the places of all sessions of one bucket. */
export class PlaceSaver {
    #clock;
    #rows;
    #timer;
    #unsaved = new Set();
    /** Sessions whose places are in their row. */
    #inRow = new Set();
    /** Rows that may be on the disk and that nobody needs; `undefined` before the disk has been asked. */
    #needless = undefined;
    #changedAtMs = 0;
    constructor(clock, rows) {
        this.#clock = clock;
        this.#rows = rows;
        this.#timer = new CoalescingTimer(clock, () => this.#quietFor());
    }
    /** The places that an earlier instance has saved for a session; `undefined` if they can't be read. */
    restored({ sessionId, places }) {
        if (places === undefined)
            return [];
        if (places !== IN_ROW)
            return decodePlaces(places);
        this.#inRow.add(sessionId);
        return decodePlaces(this.#rows.read(sessionId) ?? "");
    }
    /** The session has a place more, or one less. To be called in the turn in which that happens. */
    changed(session) {
        this.#changedAtMs = this.#clock.now();
        this.#timer.set(QUIET_MS);
        if (this.#unsaved.has(session))
            return;
        this.#unsaved.add(session);
        this.#moveOutOfRow(session.sessionId);
        const { saved } = session.socket;
        if (saved?.places === undefined)
            return;
        const { places: _, ...others } = saved;
        session.socket.saved = others;
    }
    /** The session is over. If it has a row, that is deleted with the next save. */
    closed(session) {
        this.#unsaved.delete(session);
        this.#moveOutOfRow(session.sessionId);
    }
    #moveOutOfRow(sessionId) {
        if (this.#inRow.delete(sessionId))
            this.#needless?.add(sessionId);
    }
    #quietFor() {
        const quietMs = this.#clock.now() - this.#changedAtMs;
        // Below 0 if the clock has been set back, which must not put it off.
        if (quietMs >= 0 && quietMs < QUIET_MS) {
            this.#timer.set(QUIET_MS - quietMs);
            return;
        }
        try {
            for (const session of this.#unsaved)
                this.#save(session);
            this.#deleteNeedless();
        }
        catch {
            this.#timer.set(RETRY_MS);
        }
    }
    #save(session) {
        const { sessionId, socket } = session;
        const { saved } = socket;
        const places = encodePlaces(session.places());
        if (saved && places !== NO_PLACES)
            socket.saved = this.#fitting(saved, places);
        this.#unsaved.delete(session);
        if (socket.saved?.places === IN_ROW)
            this.#inRow.add(sessionId);
    }
    /** Puts `places` into the attachment or, if there is no room, into the row. */
    #fitting(saved, places) {
        const whole = { ...saved, places };
        if (JSON.stringify(whole).length <= MAX_ATTACHMENT_LENGTH)
            return whole;
        this.#rows.write(saved.sessionId, places);
        return { ...saved, places: IN_ROW };
    }
    /** Also those of sessions that ended with an earlier instance. */
    #deleteNeedless() {
        this.#needless ??= new Set(this.#rows.list());
        for (const sessionId of this.#needless) {
            if (!this.#inRow.has(sessionId))
                this.#rows.delete(sessionId);
            this.#needless.delete(sessionId);
        }
    }
}
const NO_PLACES = encodePlaces([]);
