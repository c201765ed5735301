/**
 * What an answer means to the caller: a value, a refusal, an error, or a fault of the way.
 *
 * Sluice says what it means in a problem document. Whatever has no such document, and says by its status
 * that something in between failed or is busy, is no answer of Sluice, and worth another attempt.
 */
import type { FieldFault } from "../../core/policy.ts";
import type { GrantBody } from "../../protocol/acquire-bodies.ts";
import type { Reason } from "../../protocol/reasons.ts";
import type { RateLimitState } from "../../protocol/rate-limit-fields.ts";

import { showValue } from "../../core/policy.ts";
import { TransportError } from "./retry.ts";
import { readRateLimitState } from "../fields/rate-limit-state.ts";
import { SluiceError } from "../sluice-error.ts";

const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;
/** Below 500, and not of the request's making: it took too long, came too early, or is one of too many. */
const RETRYABLE_STATUSES = new Set([408, 425, 429]);

type Members = Readonly<Record<string, unknown>>;

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  /** The parsed body; the text itself where it is no JSON. */
  readonly body: unknown;
  /** What the field says, where it says a number of seconds. */
  readonly retryAfterMs?: number | undefined;
  /** What its `RateLimit` fields say, where it has them. */
  readonly rateLimit?: RateLimitState | undefined;
}

/** Reads a response to its end. Rejects where it breaks off. */
export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = await response.text();
  const retryAfter = headers.get("Retry-After") ?? "";
  const retryAfterMs = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
  return { status, body: parseJson(text), retryAfterMs, rateLimit: readRateLimitState(headers) };
}

/** `text` as JSON; itself where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The members of a JSON object; none where it is anything else. */
export function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A problem document, as far as a client has a use for it. */
export interface Problem {
  readonly status: number | undefined;
  readonly reason: Reason;
  readonly detail: string;
  readonly errors: readonly FieldFault[] | undefined;
  readonly retryAfterMs: number | undefined;
  readonly violatedPolicies: readonly string[] | undefined;
}

/**
 * The problem that an answer describes; `undefined` where it is none.
 *
 * @throws {TransportError} Where it says, or its status does, that asking again may help.
 * @throws {SluiceError} Where it is a refusal that is not Sluice's.
 */
export function problemIn({ status, body, retryAfterMs }: Answer): Problem | undefined {
  const problem = readProblem(body);
  if (problem) {
    const isTransient = problem.reason === "unavailable" || problem.reason === "internal-error";
    if (isTransient) throw new TransportError(problem);
    return problem;
  }
  if (status < CLIENT_ERROR) return undefined;
  if (status >= SERVER_ERROR || RETRYABLE_STATUSES.has(status)) {
    throw new TransportError({ detail: `Answered ${status}`, status, retryAfterMs });
  }
  throw unexpectedAnswer(status, body);
}

/** The error of a call that is wrong or not allowed. */
export function errorOf({ reason, detail, status, errors }: Problem): SluiceError {
  return new SluiceError({ reason, detail, status, errors });
}

function readProblem(body: unknown): Problem | undefined {
  const members = membersOf(body);
  const { status, reason, detail, errors, retryAfterMs } = members;
  const violated = members["violated-policies"];
  if (!isReason(reason)) return undefined;
  return {
    status: typeof status === "number" ? status : undefined,
    reason,
    detail: typeof detail === "string" ? detail : reason,
    errors: Array.isArray(errors) ? errors.filter(isFieldFault) : undefined,
    retryAfterMs: isDuration(retryAfterMs) ? retryAfterMs : undefined,
    violatedPolicies: Array.isArray(violated) ? violated.map(String) : undefined,
  };
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

/** Any text: a reason that this client does not know is of a later Sluice, and told as it is. */
function isReason(value: unknown): value is Reason {
  return typeof value === "string";
}

function isFieldFault(value: unknown): value is FieldFault {
  const { field, message } = membersOf(value);
  return typeof field === "string" && typeof message === "string";
}

/**
 * The grant that a body is.
 *
 * @throws {SluiceError} Where it is none.
 */
export function grantIn(status: number, body: unknown): GrantBody {
  const { bucket, tokens, remaining, waitedMs, grantedAtMs } = membersOf(body);
  if (
    typeof bucket === "string" &&
    typeof tokens === "number" &&
    typeof remaining === "number" &&
    typeof waitedMs === "number" &&
    typeof grantedAtMs === "number"
  ) {
    return { bucket, tokens, remaining, waitedMs, grantedAtMs };
  }
  throw unexpectedAnswer(status, body);
}

/** What answered is no Sluice, or one of another time. */
export function unexpectedAnswer(status: number, body: unknown): SluiceError {
  const detail = `The answer is not one of Sluice: ${status} ${showValue(body)}`;
  return new SluiceError({ reason: "unexpected-answer", detail, status });
}
