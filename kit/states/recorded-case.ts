/**
 * A bucket as a version of Sluice left it on the disk, and all that this version answered and wrote from there
 * on. A later version reads the same state, gets the same calls at the same instants, and must do the same
 * (see test/bucket/states/). Nothing here imports what it describes: these files outlive the types.
 */

/** What a durable object's disk holds. */
export interface StoredState {
  /** The bucket's record, in the format of the version that wrote it. */
  readonly record?: unknown;
  /** Epoch milliseconds. */
  readonly alarmAtMs?: number;
  /** The grants of calls with an idempotency key, as earlier versions stored each under its key. */
  readonly keyedGrants: Readonly<Record<string, unknown>>;
  /** The same as they are stored now, many in a row, under slots. */
  readonly keyedRows?: Readonly<Record<string, unknown>>;
  /** Open grants as they are stored under their slots, since format 6. */
  readonly openGrants?: Readonly<Record<string, unknown>>;
}

/** A limit, complete: the fields of a token bucket, or those of a calendar. */
interface RecordedLimit {
  readonly capacity: number;
  readonly initialTokens: number;
  readonly refillTokens?: number;
  readonly refillIntervalMs?: number;
  readonly every?: string;
  readonly timeZone?: string;
  readonly at?: string;
  readonly on?: string | number;
}

/** A policy, complete, and the pattern it is configured under. */
export interface ConfiguredPolicy extends RecordedLimit {
  readonly name: string;
  readonly queueLimit: number;
  readonly maxWaitMs: number;
  readonly lease?: { readonly maxTokens: number; readonly ttlMs: number };
  /** Since format 6. */
  readonly hold?: { readonly maxMs: number; readonly debt: string };
  /** Since format 6. */
  readonly concurrency?: { readonly max: number; readonly ttlMs: number; readonly graceMs: number };
  /** Further limits, since format 5. */
  readonly limits?: Readonly<Record<string, RecordedLimit>>;
}

/** What has become of a lease, as an isolate reports it. */
export interface ReportedUse {
  readonly startedAtMs: number;
  readonly untilMs: number;
  readonly used: number;
  readonly returned: number;
}

/** Everything that happens to a bucket from outside. */
export type Call =
  | {
      readonly call: "acquire";
      /** The name under which `lines` report what becomes of it. */
      readonly as: string;
      readonly tokens: number;
      /** Tokens of single limits. */
      readonly limits?: Readonly<Record<string, number>>;
      readonly timeoutMs?: number;
      readonly holdMs?: number;
      readonly key?: string;
      /** It is notified of its place. */
      readonly follows?: true;
      /** It was lost with an earlier instance. */
      readonly requeued?: { readonly arrivedAtMs: number; readonly elapsedMs: number };
      readonly returned?: { readonly uses: readonly ReportedUse[]; readonly granted: number };
    }
  /** What the holder of a hold says. */
  | {
      readonly call: "hold";
      readonly id: string;
      readonly used?: number | Readonly<Record<string, number>>;
      readonly atLeast?: number | Readonly<Record<string, number>>;
      readonly extendMs?: number;
    }
  /** The same of a hold of which nothing was used, and of permits. */
  | { readonly call: "drop" | "extend" | "release"; readonly id: string }
  /** The connection of an acquire breaks. */
  | { readonly call: "leave"; readonly as: string }
  | { readonly call: "cancel"; readonly key: string }
  | { readonly call: "inspect" }
  | { readonly call: "stats" }
  | { readonly call: "change"; readonly changes: Readonly<Record<string, unknown>> }
  | {
      readonly call: "pause";
      readonly untilMs: number;
      readonly tokens: number;
      /** The limits to pause; absent for the first. */
      readonly limits?: readonly string[];
    }
  | { readonly call: "resume"; readonly limits?: readonly string[] }
  | {
      readonly call: "lend";
      readonly wanted: number;
      readonly uses: readonly ReportedUse[];
      readonly granted: number;
    }
  | { readonly call: "reset" }
  /**
   * The instance ends without a word, and a new one starts `downMs` later by the disk; all held requests are
   * lost. Meanwhile the policy may have been configured anew, and the clock set back.
   */
  | {
      readonly call: "restart";
      readonly downMs: number;
      readonly configured?: ConfiguredPolicy;
      readonly setBackMs?: number;
    };

/** A call, and what came of everything since the last one. */
export type RecordedStep = Call & {
  /** How long after the last step, in milliseconds. */
  readonly afterMs: number;
  /** In order. Instants are milliseconds since the case's `atMs`. */
  readonly lines: readonly string[];
};

/** A state on disk, and what followed. */
export interface RecordedCase {
  /** What is special about it. */
  readonly name: string;
  /** When the instance that reads the state starts, epoch milliseconds. */
  readonly atMs: number;
  readonly configured: ConfiguredPolicy;
  readonly stored: StoredState;
  readonly steps: readonly RecordedStep[];
}

/** The contents of a file of states. */
export interface RecordedStates {
  /** The format of every record in it, or the newest. */
  readonly format: number;
  readonly cases: readonly RecordedCase[];
}

/** How a line that tells of a write begins; all others tell of answers. */
export const WRITE_MARK = "> ";
