/**
 * The rows that a bucket has on disk, by key, and which of them has the limiter's newest state.
 *
 * The object writes and reads them. The launcher of `npm run serve` reads them, too, from files that are closed.
 */
/** Key of the bucket's own row, a `BucketRecord`. */
export declare const STATE_KEY = "bucket";
/** Key of the secret that tickets are signed with. */
export declare const TICKET_SECRET_KEY = "ticket-secret";
/** Key of the callers that an operator has removed. */
export declare const REMOVED_CALLERS_KEY = "removed";
/** Prefix of the key of a row of keyed grants, whose slot follows. */
export declare const KEYED_GRANTS_PREFIX = "keyed:";
/** Prefix of the key of one keyed grant, as earlier versions have written it. */
export declare const GRANT_PREFIX = "grant:";
/** Prefix of the key of an open grant, a `StoredGrantRow`, whose slot follows. */
export declare const OPEN_GRANT_PREFIX = "open:";
/** Only in the directory. Prefix of the key of a `KnownOverride`, which the bucket's name follows. */
export declare const OVERRIDE_PREFIX = "override:";
/**
 * How long a grant with a key is kept: retries of one call arrive within seconds, those of a queued job within minutes.
 */
export declare const KEYED_GRANT_KEPT_MS = 600000;
/**
 * How much longer than its state says a bucket is kept that has other rows: grants with a key are good for ten minutes,
 * tickets until the last deadline of the callers that had them.
 */
export declare function keptLongerMs(hasOtherRows: boolean, maxWaitMs: number): number;
/** The limiter's state in the bucket's own row, and the number of that write. */
interface OwnRow<State> {
    readonly seq?: number;
    readonly limiter: State;
}
/** The limiter's state that was written last, and its number. */
export declare function newestState<State>({ seq, limiter }: OwnRow<State>, rows: Iterable<readonly [unknown, Partial<OwnRow<State>>]>): Required<OwnRow<State>>;
export {};
