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

import { CoalescingTimer } from "../coalescing-timer.ts";
import { decodePlaces, encodePlaces } from "./saved-places.ts";

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
export class PlaceSaver {
  readonly #clock: Clock;
  readonly #rows: PlaceRows;
  readonly #timer: CoalescingTimer;
  readonly #unsaved = new Set<SavingSession>();
  /** Sessions whose places are in their row. */
  readonly #inRow = new Set<string>();
  /** Rows that may be on the disk and that nobody needs; `undefined` before the disk has been asked. */
  #needless: Set<string> | undefined = undefined;
  #changedAtMs = 0;

  constructor(clock: Clock, rows: PlaceRows) {
    this.#clock = clock;
    this.#rows = rows;
    this.#timer = new CoalescingTimer(clock, () => this.#quietFor());
  }

  /** The places that an earlier instance has saved for a session; `undefined` if they can't be read. */
  restored({ sessionId, places }: SavedSession): readonly SavedPlace[] | undefined {
    if (places === undefined) return [];
    if (places !== IN_ROW) return decodePlaces(places);
    this.#inRow.add(sessionId);
    return decodePlaces(this.#rows.read(sessionId) ?? "");
  }

  /** The session has a place more, or one less. To be called in the turn in which that happens. */
  changed(session: SavingSession): void {
    this.#changedAtMs = this.#clock.now();
    this.#timer.set(QUIET_MS);
    if (this.#unsaved.has(session)) return;
    this.#unsaved.add(session);
    this.#moveOutOfRow(session.sessionId);
    const { saved } = session.socket;
    if (saved?.places === undefined) return;
    const { places: _, ...others } = saved;
    session.socket.saved = others;
  }

  /** The session is over. If it has a row, that is deleted with the next save. */
  closed(session: SavingSession): void {
    this.#unsaved.delete(session);
    this.#moveOutOfRow(session.sessionId);
  }

  #moveOutOfRow(sessionId: string): void {
    if (this.#inRow.delete(sessionId)) this.#needless?.add(sessionId);
  }

  #quietFor(): void {
    const quietMs = this.#clock.now() - this.#changedAtMs;
    // Below 0 if the clock has been set back, which must not put it off.
    if (quietMs >= 0 && quietMs < QUIET_MS) {
      this.#timer.set(QUIET_MS - quietMs);
      return;
    }
    try {
      for (const session of this.#unsaved) this.#save(session);
      this.#deleteNeedless();
    } catch {
      this.#timer.set(RETRY_MS);
    }
  }

  #save(session: SavingSession): void {
    const { sessionId, socket } = session;
    const { saved } = socket;
    const places = encodePlaces(session.places());
    if (saved && places !== NO_PLACES) socket.saved = this.#fitting(saved, places);
    this.#unsaved.delete(session);
    if (socket.saved?.places === IN_ROW) this.#inRow.add(sessionId);
  }

  /** Puts `places` into the attachment or, if there is no room, into the row. */
  #fitting(saved: SavedSession, places: string): SavedSession {
    const whole = { ...saved, places };
    if (JSON.stringify(whole).length <= MAX_ATTACHMENT_LENGTH) return whole;
    this.#rows.write(saved.sessionId, places);
    return { ...saved, places: IN_ROW };
  }

  /** Also those of sessions that ended with an earlier instance. */
  #deleteNeedless(): void {
    this.#needless ??= new Set(this.#rows.list());
    for (const sessionId of this.#needless) {
      if (!this.#inRow.has(sessionId)) this.#rows.delete(sessionId);
      this.#needless.delete(sessionId);
    }
  }
}

const NO_PLACES = encodePlaces([]);
