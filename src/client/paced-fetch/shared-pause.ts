/**
 * The pause of one limit of a bucket, shared by the paced fetches of one client. It is sent to Sluice, for
 * every caller everywhere, and kept here for the callers of this process until Sluice has it, or
 * for its whole duration if Sluice can't take it.
 *
 * A crowd of calls refused at the same time all report the same pause: one call informs Sluice, and
 * everything that arrives while it is in progress is merged into one more, with the later end and
 * the smaller number of tokens.
 *
 * All times here come from `performance.now()`: when a wall clock is set, no pause gets longer or
 * shorter. Nothing here waits on a timer or promise of another call without one of its own: in a
 * Worker, those die with the request that created them.
 */
import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";
import type { PauseFields } from "../../core/pause.ts";
import type { Client } from "../client.ts";

import { FIRST_LIMIT } from "../../core/limits/limit-name.ts";
import { sleep } from "../transport/abort.ts";
import { settledWithin } from "../transport/settled-within.ts";

/** Called with the reason why Sluice could not pause a bucket. */
export type PauseFailed = (
  error: unknown,
  pause: PauseFields & { readonly bucket: string },
) => void | Promise<void>;

/** The pause to apply to the bucket. */
export interface PauseRequest {
  readonly durationMs: number;
  /** Tokens the bucket keeps, at most. */
  readonly tokens: number;
  /** Sluice's clock (epoch milliseconds) minus `performance.now()`. */
  readonly aheadMs: number;
  /** Default: write to the console. */
  readonly onFailed?: PauseFailed | undefined;
}

/** Instants on the clock of `performance.now()`. */
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
 * For this long, a refusal that Sluice already knows is not sent again: within it, a whole crowd
 * gets its answers. After it, the pause may have been lifted, and is sent again.
 */
const CROWD_MS = 1_000;

/**
 * Answers state resets in whole seconds from now: in a later answer, the same reset may appear up
 * to a second later, and is not news.
 */
const MAX_ROUNDING_MS = 1_000;

/**
 * A bucket whose clock is ahead, by less than the difference that is ignored, releases its callers
 * up to this much earlier.
 */
const MAX_EARLY_MS = 1_000;

/**
 * A refusal that comes this long after a pause, or as long after it as the pause lasted, is
 * unrelated to it.
 */
const FORGOTTEN_AFTER_MS = 60_000;

/** A bucket that could not be paused is reported to the console at most once in this time. */
const REPEAT_MS = 60_000;

/** A call to Sluice that takes longer has died with the Worker request that started it. */
const MAX_SENDING_MS = 60_000;

/** One client's knowledge of the pause of one limit. */
export class SharedPause {
  readonly #client: Client;
  readonly #bucket: string;
  readonly #limit: string;
  #wanted: WantedPause | undefined = undefined;
  #sending: { readonly startMs: number; readonly done: Promise<void> } | undefined = undefined;
  /** The pause last sent to Sluice, accepted or not. */
  #sent: Pause | undefined = undefined;
  /** The pause for the API's last refusal. */
  #refusal: Pause | undefined = undefined;
  /** The last pause that left no tokens, whether Sluice or this process enforces it. */
  #standstill: Pause | undefined = undefined;
  #heldUntilMs = 0;
  #snapshot: BucketSnapshot | undefined = undefined;
  /** When the console was last informed that the bucket could not be paused. */
  #writtenAtMs = -Infinity;
  #calls = 0;

  /** @param limit Name of the limit; by default, the bucket's first. */
  constructor(client: Client, bucket: string, limit: string = FIRST_LIMIT) {
    this.#client = client;
    this.#bucket = bucket;
    this.#limit = limit;
  }

  /** How long the callers of this process still have to wait here, in milliseconds. */
  heldMs(): number {
    return Math.max(0, Math.ceil(this.#heldUntilMs - performance.now()));
  }

  /**
   * Resolves when the callers of this process no longer have to wait here: when Sluice has the
   * pause, or when it is over. Rejects with the signal's reason if `signal` aborts first.
   */
  async released(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const heldMs = this.heldMs();
      if (heldMs === 0) return;
      await (this.#sending
        ? settledWithin(this.#sending.done, heldMs, signal)
        : sleep(heldMs, signal));
    }
  }

  /**
   * Whether a token requested at `askedAtMs` predates a pause that isn't over, and so doesn't
   * count.
   */
  hasBegunSince(askedAtMs: number): boolean {
    const { startMs, endMs } = this.#standstill ?? { startMs: 0, endMs: 0 };
    return startMs > askedAtMs && endMs > performance.now();
  }

  /** Registers a call that may read and report the pause, until `leave`. */
  join(): void {
    this.#calls += 1;
  }

  leave(): void {
    this.#calls -= 1;
  }

  /** Whether there is no state left to keep. */
  isOver(): boolean {
    if (this.#calls > 0 || this.#sending) return false;
    const nowMs = performance.now();
    const isForgotten = !this.#refusal || forgottenAtMs(this.#refusal) <= nowMs;
    if (!isForgotten || this.#writtenAtMs + REPEAT_MS > nowMs) return false;
    return this.#heldUntilMs <= nowMs && (this.#sent?.endMs ?? 0) <= nowMs;
  }

  /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
  get maxWaitMs(): number | undefined {
    return this.#snapshot?.policy.maxWaitMs;
  }

  /**
   * How long to pause if the API asks for `wantedMs` in answer to a request sent at `sentAtMs`: at
   * least twice the last pause, if the request was sent after that pause and nothing has got
   * through since.
   */
  lengthOf(wantedMs: number, sentAtMs: number): number {
    const last = this.#refusal;
    if (!last || !isAfter(sentAtMs, last) || sentAtMs >= forgottenAtMs(last)) return wantedMs;
    return Math.max(wantedMs, 2 * (last.endMs - last.startMs));
  }

  /** Records that the API accepted a request sent at `sentAtMs`. */
  gotThrough(sentAtMs: number): void {
    if (this.#refusal && isAfter(sentAtMs, this.#refusal)) this.#refusal = undefined;
  }

  /**
   * Records that the API has refused and must not be called for this long. The callers of this
   * process are held at once, and released into the bucket's queue once Sluice has the pause.
   * Resolves when it has, or when its failure was reported; never rejects.
   */
  refuse(request: PauseRequest): Promise<void> {
    const pause = pauseOf(request);
    const sent = this.#sent;
    const isNews = !sent || sent.startMs <= pause.startMs - CROWD_MS || !covers(sent, pause, 0);
    if (!isNews) return this.#sending?.done ?? Promise.resolve();
    this.#refusal = pause;
    return this.#begin(pause, request);
  }

  /**
   * Records that the API accepts no more than `request.tokens` for this long. Resolves as `refuse`
   * does. With 0 tokens, the callers of this process are held; with more, if Sluice can't take the
   * pause, requests beyond them will be refused by the API.
   */
  lower(request: PauseRequest): Promise<void> {
    const pause = pauseOf(request);
    const roundingMs = Math.min(MAX_ROUNDING_MS, request.durationMs / 2);
    const isNews = !this.#sent || !covers(this.#sent, pause, roundingMs);
    if (!isNews) return this.#sending?.done ?? Promise.resolve();
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
    if (!this.#sending || this.#sending.startMs <= startMs - MAX_SENDING_MS) {
      this.#sending = { startMs, done: this.#sendAll() };
    }
    return this.#sending.done;
  }

  async #sendAll(): Promise<void> {
    while (this.#wanted) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      const { endMs, tokens, aheadMs } = wanted;
      const untilMs = Math.round(endMs + aheadMs);
      const limits = this.#limit === FIRST_LIMIT ? undefined : [this.#limit];
      const pause = { untilMs, tokens, ...(limits && { limits }) };
      try {
        this.#snapshot = await this.#client.pause(this.#bucket, pause);
        if (this.#heldUntilMs <= endMs) this.#heldUntilMs = 0;
      } catch (error) {
        void this.#report(error, pause, wanted.onFailed);
      }
      this.#sent = { startMs: performance.now(), endMs, tokens };
    }
    this.#sending = undefined;
  }

  async #report(
    error: unknown,
    pause: PauseFields,
    onFailed: WantedPause["onFailed"],
  ): Promise<void> {
    const bucket = this.#bucket;
    if (lacksRight(error) || onFailed.has(undefined)) this.#write(error);
    for (const report of onFailed) {
      try {
        await report?.(error, { ...pause, bucket });
      } catch (fault) {
        console.error(fault);
      }
    }
  }

  /** Says once a minute that the bucket could not be paused, however many calls the API refuses. */
  #write(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#writtenAtMs < REPEAT_MS) return;
    this.#writtenAtMs = nowMs;
    const what = `Cannot pause bucket "${this.#bucket}"`;
    if (lacksRight(error)) {
      console.warn(
        `${what} for other processes; callers in this one wait. ` +
          `Give the client an API key with the right "pause" on it (${String(error)})`,
      );
    } else console.error(`${what}; callers in this process wait: ${String(error)}`);
  }
}

function pauseOf({ durationMs, tokens }: PauseRequest): Pause {
  const startMs = performance.now();
  return { startMs, endMs: startMs + durationMs, tokens };
}

/** Whether the pause `sent` implies `other`, up to `roundingMs`. */
function covers(sent: Pause, other: Pause, roundingMs: number): boolean {
  return sent.endMs >= other.endMs - roundingMs && sent.tokens <= other.tokens;
}

/** Whether a request sent at `sentAtMs` was sent after the pause was over, by Sluice's clock. */
function isAfter(sentAtMs: number, { startMs, endMs }: Pause): boolean {
  return sentAtMs > startMs && sentAtMs >= endMs - MAX_EARLY_MS;
}

function forgottenAtMs({ startMs, endMs }: Pause): number {
  return endMs + Math.max(endMs - startMs, FORGOTTEN_AFTER_MS);
}

/** Matched by its properties: over RPC it isn't an instance of this package's class. */
function lacksRight(error: unknown): boolean {
  const { status, reason } = (error ?? {}) as {
    readonly status?: unknown;
    readonly reason?: unknown;
  };
  return status === 401 || status === 403 || reason === "unauthorized";
}
