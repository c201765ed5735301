/**
 * A hold that is kept for as long as its work goes on: extended at half of its time, and settled at the
 * end with what was used so far.
 *
 * Nothing is lost with an extension that fails: at its end a hold counts as spent, and for ten minutes
 * after that, settling it still books what was used beyond it.
 */
import type { GrantedHold } from "../core/outcome.ts";
import type { UsedTokens } from "./used-tokens.ts";

import { realClock, type HolderClock } from "./holder-clock.ts";
import { Timer } from "./timer.ts";

/** The verbs of a limiter that keep and settle a hold. */
export interface HoldVerbs {
  readonly extendHold: (id: string, extendMs: number) => Ended | Promise<Ended>;
  readonly settleHold: (id: string, used: UsedTokens) => Ended | Promise<Ended>;
}

type Ended = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Pauses between attempts to settle, each of which the client retries by itself for some seconds. */
const SETTLE_PAUSES_MS = [1_000, 5_000, 25_000];
/** A limit that isn't named is used up as reserved. */
const AS_RESERVED: UsedTokens = {};

/** Keeps a hold until it is settled. */
export class KeptHold {
  readonly #id: string;
  readonly #verbs: HoldVerbs;
  readonly #holdMs: number;
  #used: UsedTokens | undefined = undefined;
  #isOver = false;
  readonly #clock: HolderClock;
  readonly #extension: Timer;

  /** @param holdMs For how long the hold was asked for. */
  constructor({ id }: GrantedHold, verbs: HoldVerbs, holdMs: number, clock = realClock) {
    this.#clock = clock;
    this.#extension = new Timer(clock);
    this.#id = id;
    this.#verbs = verbs;
    this.#holdMs = holdMs;
    this.#extendLater();
  }

  /** So much was used so far. The last call counts. */
  use(used: UsedTokens): void {
    this.#used = used;
  }

  /** Settles it: with what was used as far as that is known, otherwise as reserved. */
  async settle(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#extension.clear();
    const used = this.#used;
    const settled = await this.#settle(used ?? AS_RESERVED);
    // Without a number, the work may have settled it by itself.
    if (settled.ok || used === undefined) return;
    throw new Error(`Cannot settle a hold with ${JSON.stringify(used)}: ${settled.reason}`);
  }

  async #settle(used: UsedTokens): Promise<Ended> {
    for (const pauseMs of SETTLE_PAUSES_MS) {
      try {
        return await this.#verbs.settleHold(this.#id, used);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await new Promise((resolve) => {
          this.#clock.setTimer(() => resolve(undefined), pauseMs);
        });
      }
    }
    return this.#verbs.settleHold(this.#id, used);
  }

  #extendLater(): void {
    this.#extension.set(this.#holdMs / 2, () => void this.#extend());
  }

  async #extend(): Promise<void> {
    try {
      const extended = await this.#verbs.extendHold(this.#id, this.#holdMs);
      if (!extended.ok) return;
    } catch {
      // Tried again in time for the next half.
    }
    if (!this.#isOver) this.#extendLater();
  }
}

/** Whether the limiter could not be reached, so that a later attempt may do better. */
function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "reason" in error && error.reason === "unavailable";
}
