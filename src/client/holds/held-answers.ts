/** Reads the answers to calls about holds and permits. */
import type {
  HoldOutcome,
  HoldRefused,
  PermitOutcome,
  SettleOutcome,
} from "../../core/holds/hold-outcome.ts";
import type { NamedTokens } from "../../core/limits/cost.ts";
import type { Answer } from "../transport/answer.ts";

import { membersOf } from "../../core/is-record.ts";
import { isHold, isPermit, unexpectedAnswer } from "../transport/answer.ts";

/** @throws {SluiceError} If it is no such answer. */
export function settleOutcomeIn(answer: Answer): SettleOutcome {
  const { status, body } = answer;
  const { id, used, returned, owed, settledAtMs } = membersOf(body);
  if (
    typeof id === "string" &&
    isTokens(used) &&
    isTokens(returned) &&
    isTokens(owed) &&
    typeof settledAtMs === "number"
  ) {
    return { ok: true, id, used, returned, owed, settledAtMs };
  }
  return holdRefusedIn(answer) ?? fail(status, body);
}

/** @throws {SluiceError} If it is no such answer. */
export function holdOutcomeIn(answer: Answer): HoldOutcome {
  const { status, body } = answer;
  if (isHold(body)) return { ok: true, id: body.id, expiresAtMs: body.expiresAtMs };
  return holdRefusedIn(answer) ?? fail(status, body);
}

/** @throws {SluiceError} If it is no such answer. */
export function permitOutcomeIn({ status, body }: Answer): PermitOutcome {
  if (isPermit(body)) {
    return { ok: true, id: body.id, fence: body.fence, expiresAtMs: body.expiresAtMs };
  }
  const { reason } = membersOf(body);
  return reason === "permit-lost" ? { ok: false, reason } : fail(status, body);
}

function holdRefusedIn({ body }: Answer): HoldRefused | undefined {
  const { reason, settledAtMs, expiredAtMs } = membersOf(body);
  if (reason === "unknown-hold") return { ok: false, reason };
  if (reason !== "hold-settled") return undefined;
  return {
    ok: false,
    reason,
    ...(typeof settledAtMs === "number" && { settledAtMs }),
    ...(typeof expiredAtMs === "number" && { expiredAtMs }),
  };
}

function isTokens(value: unknown): value is NamedTokens {
  return Object.values(membersOf(value)).every((count) => typeof count === "number");
}

function fail(status: number, body: unknown): never {
  throw unexpectedAnswer(status, body);
}
