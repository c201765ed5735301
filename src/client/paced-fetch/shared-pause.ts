/**
 * The pause of one bucket, as the paced fetches of one client know it: told to Sluice for every caller
 * everywhere, and kept here for the callers of this process until Sluice has it, or for all of it where Sluice
 * can't have it.
 *
 * A crowd that is refused at once is told the same by everybody: one call tells Sluice, and what comes
 * while it is under way goes into one more, with the later end and the fewer tokens of all of it.
 *
 * Everything here is measured on the clock of `performance.now()`, which nobody sets: a wall clock that jumps
 * makes no pause longer or shorter. Nothing here waits for a timer or a promise of another call's without one
 * of its own: in a Worker, those end with the request that made them.
 */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { Client, PauseFields } from "../client.ts";

import { sleep } from "../transport/abort.ts";
import { settledWithin } from "../transport/settled-within.ts";

/** Told why Sluice could not pause a bucket. */
export type PauseFailed = (
  error: unknown,
  pause: PauseFields & { readonly bucket: string },
) => void | Promise<void>;

/** What the bucket is to do. */
export interface PauseRequest {
  readonly durationMs: number;
  /** Most tokens that the bucket keeps. */
  readonly tokens: number;
  /** What Sluice's clock shows, epoch milliseconds, less what `performance.now()` does. */
  readonly aheadMs: number;
  /** Default: the console. */
  readonly onFailed?: PauseFailed | undefined;
}

/** Instants are `performance.now()`. */
interface Pause {
  readonly startMs: number;
  readonly endMs: number;
  readonly tokens: number;
}

interface WantedPause extends Omit<Pause, "startMs"> {
  readonly aheadMs: number;
  readonly onFailed: ReadonlySet<PauseFailed | undefined>;
}

/**
 * For so long nobody tells Sluice again of a refusal that it has been told of: all of a crowd are answered
 * within it. After it, the pause may have been lifted, and is told anew.
 */
const CROWD_MS = 1_000;

/**
 * The resets of answers are whole seconds from then: the same reset looks up to a second later in a later
 * answer, and is no news.
 */
const MAX_ROUNDING_MS = 1_000;

/** A bucket whose clock is ahead by less than what is taken for none lets its callers go that much earlier. */
const MAX_EARLY_MS = 1_000;

/** A refusal that comes so long after a pause, or as long after it as it lasted, has nothing to do with it. */
const FORGOTTEN_AFTER_MS = 60_000;

/** A call to Sluice that takes longer died with the request of a Worker that began it. */
const MAX_TELLING_MS = 60_000;

/** What is known of the pause of one bucket, by one client. */
export class SharedPause {
  readonly #client: Client;
  readonly #bucket: string;
  #wanted: WantedPause | undefined = undefined;
  #telling: { readonly startMs: number; readonly done: Promise<void> } | undefined = undefined;
  /** What Sluice was told last, whether it took it or not. */
  #told: Pause | undefined = undefined;
  /** What the API wanted with its last refusal. */
  #refusal: Pause | undefined = undefined;
  /** The last pause in which no token counts, whoever holds the callers back. */
  #standstill: Pause | undefined = undefined;
  #heldUntilMs = 0;
  #snapshot: BucketSnapshot | undefined = undefined;
  #hasWarned = false;
  #calls = 0;

  constructor(client: Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /** For how long the callers of this process have to hold back by themselves, milliseconds. */
  heldMs(): number {
    return Math.max(0, Math.ceil(this.#heldUntilMs - performance.now()));
  }

  /**
   * Resolves when the callers of this process need not hold back any more: when Sluice has the pause, or
   * when it is over. Rejects with the signal's reason where `signal` aborts before.
   */
  async released(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const heldMs = this.heldMs();
      if (heldMs === 0) return;
      await (this.#telling
        ? settledWithin(this.#telling.done, heldMs, signal)
        : sleep(heldMs, signal));
    }
  }

  /** Whether a token that was asked for then is from before a pause that isn't over, and doesn't count. */
  hasBegunSince(askedAtMs: number): boolean {
    const { startMs, endMs } = this.#standstill ?? { startMs: 0, endMs: 0 };
    return startMs > askedAtMs && endMs > performance.now();
  }

  /** A call has begun that may ask for it and tell of it, until `leave`. */
  join(): void {
    this.#calls += 1;
  }

  leave(): void {
    this.#calls -= 1;
  }

  /** Whether there is nothing here to be kept. */
  isOver(): boolean {
    if (this.#calls > 0 || this.#telling) return false;
    const nowMs = performance.now();
    const isForgotten = !this.#refusal || forgottenAtMs(this.#refusal) <= nowMs;
    return isForgotten && this.#heldUntilMs <= nowMs && (this.#told?.endMs ?? 0) <= nowMs;
  }

  /** Longest that somebody may wait in the bucket, as Sluice last said. */
  get maxWaitMs(): number | undefined {
    return this.#snapshot?.policy.maxWaitMs;
  }

  /**
   * How long to pause where the API wants `wantedMs` of a request that was sent then: twice as long as last
   * time, at least, if it was sent when the last pause was over, and nothing has got through since.
   */
  lengthOf(wantedMs: number, sentAtMs: number): number {
    const last = this.#refusal;
    if (!last || !isAfter(sentAtMs, last) || sentAtMs >= forgottenAtMs(last)) return wantedMs;
    return Math.max(wantedMs, 2 * (last.endMs - last.startMs));
  }

  /** The API took a request that was sent then. */
  gotThrough(sentAtMs: number): void {
    if (this.#refusal && isAfter(sentAtMs, this.#refusal)) this.#refusal = undefined;
  }

  /**
   * The API has refused: nobody is to ask for so long. Callers of this process are held from now on, and let
   * go into the bucket's queue once Sluice has the pause. Resolves when it does, or when it was reported that
   * it does not; never rejects.
   */
  refuse(request: PauseRequest): Promise<void> {
    const pause = pauseOf(request);
    const told = this.#told;
    const isNews = !told || told.startMs <= pause.startMs - CROWD_MS || !covers(told, pause, 0);
    if (!isNews) return this.#telling?.done ?? Promise.resolve();
    this.#refusal = pause;
    return this.#begin(pause, request);
  }

  /**
   * The API will take no more than `request.tokens` for so long. Resolves as `refuse` does. Callers of this
   * process are held where it is none; where it is some and Sluice can't have it, whoever asks too much will be
   * refused.
   */
  lower(request: PauseRequest): Promise<void> {
    const pause = pauseOf(request);
    const roundingMs = Math.min(MAX_ROUNDING_MS, request.durationMs / 2);
    const isNews = !this.#told || !covers(this.#told, pause, roundingMs);
    if (!isNews) return this.#telling?.done ?? Promise.resolve();
    return this.#begin(pause, request);
  }

  #begin(pause: Pause, { aheadMs, onFailed }: PauseRequest): Promise<void> {
    const { startMs, endMs, tokens } = pause;
    if (tokens === 0) {
      const lastEndMs = this.#standstill?.endMs ?? 0;
      this.#standstill = { startMs, endMs: Math.max(endMs, lastEndMs), tokens };
      this.#heldUntilMs = Math.max(this.#heldUntilMs, endMs);
    }
    const wanted = this.#wanted;
    this.#wanted = {
      endMs: Math.max(endMs, wanted?.endMs ?? 0),
      tokens: Math.min(tokens, wanted?.tokens ?? Infinity),
      aheadMs,
      onFailed: new Set([...(wanted?.onFailed ?? []), onFailed]),
    };
    if (!this.#telling || this.#telling.startMs <= startMs - MAX_TELLING_MS) {
      this.#telling = { startMs, done: this.#tellAll() };
    }
    return this.#telling.done;
  }

  async #tellAll(): Promise<void> {
    while (this.#wanted) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      const { endMs, tokens, aheadMs } = wanted;
      const pause = { untilMs: Math.round(endMs + aheadMs), tokens };
      try {
        this.#snapshot = await this.#client.pause(this.#bucket, pause);
        if (this.#heldUntilMs <= endMs) this.#heldUntilMs = 0;
      } catch (error) {
        void this.#report(error, pause, wanted.onFailed);
      }
      this.#told = { startMs: performance.now(), endMs, tokens };
    }
    this.#telling = undefined;
  }

  async #report(
    error: unknown,
    pause: PauseFields,
    onFailed: WantedPause["onFailed"],
  ): Promise<void> {
    const bucket = this.#bucket;
    const isForbidden = lacksRight(error);
    if (isForbidden && !this.#hasWarned) {
      this.#hasWarned = true;
      console.warn(
        `Cannot pause bucket "${bucket}" for other processes; callers in this one hold back by ` +
          `themselves. Give the client a token with the right "pause" on it (${String(error)})`,
      );
    }
    for (const report of onFailed) {
      try {
        if (report) await report(error, { ...pause, bucket });
        else if (!isForbidden) {
          console.error(`Cannot pause bucket "${bucket}"; callers here hold back:`, error);
        }
      } catch (fault) {
        console.error(fault);
      }
    }
  }
}

function pauseOf({ durationMs, tokens }: PauseRequest): Pause {
  const startMs = performance.now();
  return { startMs, endMs: startMs + durationMs, tokens };
}

/** Whether what was told makes the other come true, but for `roundingMs`. */
function covers(told: Pause, other: Pause, roundingMs: number): boolean {
  return told.endMs >= other.endMs - roundingMs && told.tokens <= other.tokens;
}

/** Whether a request that was sent then was sent when the pause was over, as Sluice may see it. */
function isAfter(sentAtMs: number, { startMs, endMs }: Pause): boolean {
  return sentAtMs > startMs && sentAtMs >= endMs - MAX_EARLY_MS;
}

function forgottenAtMs({ startMs, endMs }: Pause): number {
  return endMs + Math.max(endMs - startMs, FORGOTTEN_AFTER_MS);
}

/** Matched by its members: over RPC, it is not of a class of ours. */
function lacksRight(error: unknown): boolean {
  const { status, reason } = (error ?? {}) as {
    readonly status?: unknown;
    readonly reason?: unknown;
  };
  return status === 401 || status === 403 || reason === "unauthorized";
}
