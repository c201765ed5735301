/** The results of the verbs of holds and permits, as a filter, a client and a bound Worker get them. */
import type { GrantedHold, GrantedPermit } from "../outcome.ts";
import type { HoldAnswer, PermitAnswer, SettledHold } from "./hold-call.ts";
/**
 * Why a call about a hold did nothing:
 * - `unknown-hold`: there is no hold with this id. A hold is remembered for ten minutes after its end.
 * - `hold-settled`: it was settled with other numbers, at `settledAtMs`, or its time was up, at
 *   `expiredAtMs`, epoch milliseconds.
 */
export type HoldRefused = {
    readonly ok: false;
    readonly reason: "unknown-hold";
} | {
    readonly ok: false;
    readonly reason: "hold-settled";
    readonly settledAtMs?: number;
    readonly expiredAtMs?: number;
};
/** The result of `settleHold` and `dropHold`. */
export type SettleOutcome = ({
    readonly ok: true;
} & SettledHold) | HoldRefused;
/** The result of `spendHold` and `extendHold`: the hold as it is. */
export type HoldOutcome = ({
    readonly ok: true;
} & GrantedHold) | HoldRefused;
/** The result of `extendPermit`. `permit-lost`: its time was up, or it was released. */
export type PermitOutcome = ({
    readonly ok: true;
} & GrantedPermit) | {
    readonly ok: false;
    readonly reason: "permit-lost";
};
/** @throws {RangeError} If the call was wrong. */
export declare function settleOutcome(answer: HoldAnswer): SettleOutcome;
/** @throws {RangeError} If the call was wrong. */
export declare function holdOutcome(answer: HoldAnswer): HoldOutcome;
export declare function permitOutcome(answer: PermitAnswer): PermitOutcome;
