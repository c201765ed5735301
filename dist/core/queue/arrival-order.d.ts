/**
 * The order of waiters, as it follows from their arrivals alone.
 *
 * Nearly everybody stands where its arrival says. Only a waiter that came back may stand behind one that
 * arrived later (guarded-place.ts), and it remembers the nearest such, which may have come back itself.
 * These steps, from the outermost, are a waiter's path. Paths in order are the queue: in one of the arrivals
 * 5, 9, 4, 2, 3 they are 5, 9, 9·4, 9·4·2 and 9·4·3. A waiter only ever joins in front of one that arrived
 * later, or at the end, so nobody's path changes, and it can be kept where nothing is known of the others.
 */
/** When a waiter first joined. */
interface Arrival {
    /** Epoch milliseconds; may have a fraction. */
    readonly queuedAtMs: number;
    /** Tells those of the same instant apart: lower is earlier. Without one, it is the latest. */
    readonly arrivalNumber?: number | undefined;
}
/** An arrival and where it stands. */
export interface Standing extends Arrival {
    /**
     * The nearest in front that arrived later, which may have left since; absent if nobody did. It may be this
     * arrival itself, if it left and has come back behind others that stood behind it.
     */
    readonly behindLater?: Standing | undefined;
}
/** Whether `one` first joined before `other` did. */
export declare function arrivedBefore(one: Arrival, other: Arrival): boolean;
/**
 * Negative if `one` is in front of `other` in their queue, positive if it is behind.
 *
 * @example
 * waiters.toSorted(compareStandings); // the queue
 */
export declare function compareStandings(one: Standing, other: Standing): number;
/** What `arrival` is behind if it joins behind `inFront`: see `Standing.behindLater`. */
export declare function laterThan(inFront: Standing | undefined, arrival: Arrival): Standing | undefined;
/** The latest arrival up to the one that stands at `standing`. */
export declare function latestUpTo(standing: Standing): Arrival;
export {};
