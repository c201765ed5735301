/**
 * The pause of one bucket, as a paced fetch knows it: told to Sluice for every caller everywhere, and kept
 * here for the callers of this process until Sluice has it, or for all of it where Sluice cannot have it.
 *
 * A crowd that is refused at once is told the same by everybody: one call tells Sluice, and what comes
 * while it is under way goes into one more, with the later end and the fewer tokens of all of it.
 */
import type { BucketSnapshot } from "../protocol.ts";
import type { Client, PauseFields } from "./client.ts";

import { pause as sleep } from "./abort.ts";
import { settledWithin } from "./settled-within.ts";

/** What the bucket is to do. */
export interface PauseWish {
  /** By this machine's clock, epoch milliseconds. */
  readonly untilAtMs: number;
  /** Most tokens that the bucket keeps. */
  readonly tokens: number;
  /** By how much Sluice's clock is ahead of this machine's. */
  readonly skewMs: number;
}

/** What Sluice was told. */
interface ToldPause extends PauseWish {
  readonly toldAtMs: number;
}

/** Told why Sluice could not pause a bucket. */
export type PauseFailed = (
  error: unknown,
  pause: PauseFields & { readonly bucket: string },
) => void | Promise<void>;

/**
 * For so long nobody tells Sluice again of a refusal that it knows of: all of a crowd are answered within
 * it. After it, the pause may have been lifted, and is told anew.
 */
const CROWD_MS = 1_000;

/**
 * The resets of answers are whole seconds from then: the same reset looks up to a second later in a later
 * answer, and is no news.
 */
const MAX_ROUNDING_MS = 1_000;

/** What is known of the pause of one bucket, by one client. */
export class SharedPause {
  readonly #client: Client;
  readonly #bucket: string;
  readonly #onFailed: PauseFailed;
  #wanted: PauseWish | undefined = undefined;
  #telling: Promise<void> | undefined = undefined;
  #told: ToldPause | undefined = undefined;
  #snapshot: BucketSnapshot | undefined = undefined;
  #heldUntilAtMs = 0;
  #calls = 0;

  constructor(client: Client, bucket: string, onFailed: PauseFailed) {
    this.#client = client;
    this.#bucket = bucket;
    this.#onFailed = onFailed;
  }

  /** For how long the callers of this process have to hold back by themselves, milliseconds. */
  heldMs(nowMs: number): number {
    return Math.max(0, this.#heldUntilAtMs - nowMs);
  }

  /**
   * Resolves when the callers of this process need not hold back any more: when Sluice has the pause, or
   * when it is over. Rejects with the signal's reason where `signal` aborts before.
   */
  async released(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const heldMs = this.heldMs(Date.now());
      if (heldMs === 0) return;
      await (this.#telling ? settledWithin(this.#telling, heldMs, signal) : sleep(heldMs, signal));
    }
  }

  /** A call has begun that may ask for it and tell of it, until `leave`. */
  join(): void {
    this.#calls += 1;
  }

  leave(): void {
    this.#calls -= 1;
  }

  /** Whether there is nothing here to be kept. */
  isOver(nowMs: number): boolean {
    if (this.#calls > 0 || this.#telling) return false;
    return this.heldMs(nowMs) === 0 && (this.#told?.untilAtMs ?? 0) <= nowMs;
  }

  /** Longest that somebody may wait in the bucket, as Sluice last said. */
  get maxWaitMs(): number | undefined {
    return this.#snapshot?.policy.maxWaitMs;
  }

  /**
   * The API has refused: nobody is to ask before `wish.untilAtMs`. Callers of this process are held from
   * now on, and let go into the bucket's queue once Sluice has the pause. Resolves when it does, or when
   * it was reported that it does not; never rejects.
   */
  refuse(wish: PauseWish, nowMs: number): Promise<void> {
    const told = this.#told;
    const isNews = !told || told.toldAtMs <= nowMs - CROWD_MS || !covers(told, wish, 0);
    if (!isNews) return this.#telling ?? Promise.resolve();
    this.#heldUntilAtMs = Math.max(this.#heldUntilAtMs, wish.untilAtMs);
    return this.#tell(wish);
  }

  /**
   * The API will take no more than `wish.tokens` before `wish.untilAtMs`. Resolves as `refuse` does. Where
   * Sluice cannot have it, nobody is held: whoever asks too much will be refused.
   */
  lower(wish: PauseWish, nowMs: number): Promise<void> {
    const told = this.#told;
    const roundingMs = Math.min(MAX_ROUNDING_MS, (wish.untilAtMs - nowMs) / 2);
    const isNews = !told || !covers(told, wish, roundingMs);
    return isNews ? this.#tell(wish) : (this.#telling ?? Promise.resolve());
  }

  #tell(wish: PauseWish): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = {
      untilAtMs: Math.max(wish.untilAtMs, wanted?.untilAtMs ?? 0),
      tokens: Math.min(wish.tokens, wanted?.tokens ?? Infinity),
      skewMs: wish.skewMs,
    };
    this.#telling ??= this.#tellAll();
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    while (this.#wanted) {
      const wish = this.#wanted;
      this.#wanted = undefined;
      const pause = { untilMs: wish.untilAtMs + wish.skewMs, tokens: wish.tokens };
      try {
        this.#snapshot = await this.#client.pause(this.#bucket, pause);
        this.#told = { ...wish, toldAtMs: Date.now() };
        if (this.#heldUntilAtMs <= wish.untilAtMs) this.#heldUntilAtMs = 0;
      } catch (error) {
        void this.#report(error, pause);
      }
    }
    this.#telling = undefined;
  }

  async #report(error: unknown, pause: PauseFields): Promise<void> {
    try {
      await this.#onFailed(error, { ...pause, bucket: this.#bucket });
    } catch (fault) {
      console.error(fault);
    }
  }
}

/** Whether what was told makes the wish come true, but for `roundingMs`. */
function covers(told: ToldPause, wish: PauseWish, roundingMs: number): boolean {
  return told.untilAtMs >= wish.untilAtMs - roundingMs && told.tokens <= wish.tokens;
}
