/** Reads the answers to calls about holds and permits. */
import type { HoldOutcome, PermitOutcome, SettleOutcome } from "../../core/holds/hold-outcome.ts";
import type { Answer } from "../transport/answer.ts";
/** @throws {SluiceError} If it is no such answer. */
export declare function settleOutcomeIn(answer: Answer): SettleOutcome;
/** @throws {SluiceError} If it is no such answer. */
export declare function holdOutcomeIn(answer: Answer): HoldOutcome;
/** @throws {SluiceError} If it is no such answer. */
export declare function permitOutcomeIn({ status, body }: Answer): PermitOutcome;
