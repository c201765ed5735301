/**
 * A grant whose hold and permit are kept while work goes on, and ended with it: the hold is settled, the
 * permit is given back.
 */
import type { GrantedHold, GrantedPermit } from "../core/outcome.ts";
import type { PermitLostError } from "./permit-lost-error.ts";
import type { TakenTokens, UsedTokens } from "./used-tokens.ts";

import { onAbort } from "../on-abort.ts";
import type { HolderClock } from "./holder-clock.ts";
import { KeptHold, type HoldVerbs } from "./kept-hold.ts";
import { KeptPermit, type PermitVerbs } from "./kept-permit.ts";
import { checkUsed } from "./used-tokens.ts";

/** What a limiter's grant may leave open. */
export interface OpenGrant extends TakenTokens {
  readonly grantedAtMs: number;
  readonly waitedMs: number;
  readonly hold?: GrantedHold;
  readonly permit?: GrantedPermit;
  /** Whether there was no bucket to take anything from. */
  readonly isUnmetered?: true;
}

/** How a grant is kept. */
export interface Keeping {
  readonly verbs: HoldVerbs & PermitVerbs;
  /** What it is kept by. Default: this machine's. */
  readonly clock?: HolderClock;
  /** When it was asked for, by that clock. */
  readonly askedAtMs: number;
  /** For how long a hold was asked for; `undefined` if none was. */
  readonly holdMs: number | undefined;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Called if the hold can't be settled or the permit not be given back. Must not throw. */
  readonly report: (error: unknown) => void;
}

/** Keeps what a grant left open until `end`. */
export class HeldGrant {
  readonly #grant: OpenGrant;
  readonly #hold: KeptHold | undefined;
  readonly #permit: KeptPermit | undefined;
  readonly #report: (error: unknown) => void;
  readonly #controller = new AbortController();
  readonly #stopListening: (() => void) | undefined;
  /** Resolves once the grant has ended. Never rejects. */
  readonly ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #isEnding = false;

  constructor(grant: OpenGrant, keeping: Keeping) {
    const { verbs, askedAtMs, holdMs, signal, report, clock } = keeping;
    const { hold, permit } = grant;
    const lose = (error: PermitLostError): void => this.#controller.abort(error);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#grant = grant;
    this.#report = report;
    this.#hold =
      hold && holdMs !== undefined ? new KeptHold(hold, verbs, holdMs, clock) : undefined;
    this.#permit = permit && new KeptPermit({ ...grant, permit }, verbs, askedAtMs, lose, clock);
    const leave = (): void => this.#controller.abort(signal?.reason);
    if (signal?.aborted) leave();
    this.#stopListening = signal && onAbort(signal, leave);
  }

  /** Aborts when the caller's signal does, and when the permit is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * So much was used so far. The last call counts; once the grant has ended, none does.
   *
   * @throws {RangeError} If the hold can't have been used so.
   * @throws {TypeError} If there is no hold.
   */
  used(tokens: UsedTokens): void {
    if (this.#grant.isUnmetered) return;
    if (!this.#hold) throw new TypeError("used needs a hold: ask for one with holdMs");
    this.#hold.use(checkUsed(tokens, this.#grant));
  }

  /** Settles the hold and gives the permit back; once, however often it is called. See `ended`. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    void this.#end();
  }

  async #end(): Promise<void> {
    this.#stopListening?.();
    const ends = await Promise.allSettled([this.#hold?.settle(), this.#permit?.release()]);
    for (const each of ends) if (each.status === "rejected") this.#report(each.reason);
    this.#resolveEnded();
  }
}
