/** What the holder of a hold or a permit of a filter may do with it, and how that ends. */
import type { HoldAnswer, PermitAnswer, SettledHold } from "../core/holds/hold-call.ts";
import type { NamedTokens } from "../core/limits/cost.ts";
import type { GrantedHold, GrantedPermit } from "../core/outcome.ts";

import { throwFaults } from "../core/values.ts";

/**
 * Why a call about a hold did nothing:
 * - `unknown-hold`: there is no hold with this id. A hold is remembered for ten minutes after its end.
 * - `hold-settled`: it was settled with other numbers, at `settledAtMs`, or its time was up, at
 *   `expiredAtMs`, epoch milliseconds.
 */
export type HoldRefused =
  | { readonly ok: false; readonly reason: "unknown-hold" }
  | {
      readonly ok: false;
      readonly reason: "hold-settled";
      readonly settledAtMs?: number;
      readonly expiredAtMs?: number;
    };

/** The result of `settleHold` and `dropHold`. */
export type SettleOutcome = ({ readonly ok: true } & SettledHold) | HoldRefused;

/** The result of `spendHold` and `extendHold`: the hold as it is. */
export type HoldOutcome = ({ readonly ok: true } & GrantedHold) | HoldRefused;

/** The result of `extendPermit`. `permit-lost`: its time was up, or it was released. */
export type PermitOutcome =
  | ({ readonly ok: true } & GrantedPermit)
  | { readonly ok: false; readonly reason: "permit-lost" };

/**
 * Verbs for what a grant left open: its `hold`, if the call asked for one, and its `permit`, if the
 * filter's policy has `concurrency`. Both have the same id. `withHold` and `withPermit` call them as needed.
 */
export interface FilterHolds {
  /**
   * Ends a hold: so many tokens were used of each limit. A number is for holds that took the same of every
   * limit; in an object, limits that aren't named were used as reserved. Tokens that were reserved and not
   * used come back, unless ticks have replaced them already. Tokens beyond the reserved ones are taken
   * later, as the policy's `hold.debt` says. Settling again with the same numbers gives the same answer.
   *
   * @throws {RangeError} If the numbers can't be those of this hold.
   */
  settleHold(id: string, used: number | NamedTokens): SettleOutcome;
  /**
   * Spends at least so many tokens of a hold and keeps the rest. `settleHold` later states the total.
   *
   * @throws {RangeError} As for `settleHold`.
   */
  spendHold(id: string, atLeast: number | NamedTokens): HoldOutcome;
  /**
   * Moves the end of a hold to `extendMs` from now.
   *
   * @throws {RangeError} If `extendMs` isn't an integer from 1,000 to the policy's `hold.maxMs`.
   */
  extendHold(id: string, extendMs: number): HoldOutcome;
  /** Ends a hold of which nothing was used. */
  dropHold(id: string): SettleOutcome;
  /** Keeps a permit for another `concurrency.ttlMs` from now. */
  extendPermit(id: string): PermitOutcome;
  /** Gives a permit back. Does nothing if it has come back already. */
  releasePermit(id: string): void;
}

/** @throws {RangeError} If the call was wrong. */
export function settleOutcome(answer: HoldAnswer): SettleOutcome {
  return answer.kind === "settled" ? { ok: true, ...answer.settled } : holdRefused(answer);
}

/** @throws {RangeError} If the call was wrong. */
export function holdOutcome(answer: HoldAnswer): HoldOutcome {
  if (answer.kind !== "open") return holdRefused(answer);
  return { ok: true, id: answer.id, expiresAtMs: answer.expiresAtMs };
}

export function permitOutcome(answer: PermitAnswer): PermitOutcome {
  if (answer.kind === "permit-lost") return { ok: false, reason: answer.kind };
  return { ok: true, ...answer.permit };
}

/** @throws {RangeError} If the call was wrong. */
function holdRefused(answer: HoldAnswer): HoldRefused {
  if (answer.kind === "invalid") throwFaults(answer.errors);
  if (answer.kind !== "hold-settled") return { ok: false, reason: "unknown-hold" };
  const { kind: reason, ...atMs } = answer;
  return { ok: false, reason, ...atMs };
}
