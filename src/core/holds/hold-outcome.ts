/** The results of the verbs of holds and permits, as a filter, a client and a bound Worker get them. */
import type { GrantedHold, GrantedPermit } from "../outcome.ts";
import type { HoldAnswer, PermitAnswer, SettledHold } from "./hold-call.ts";

import { throwFaults } from "../values.ts";

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
