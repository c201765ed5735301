/**
 * What a pause says, checked. The bucket itself is in token-bucket.ts; here is what anybody may ask of it:
 * how long, and how few tokens.
 */
import type { FieldFault } from "./policy.ts";

import { integerFault, isIntegerWithin, showValue } from "./policy.ts";

/** Lowest and highest legal value of what a pause says, both inclusive. */
export const pauseRanges = {
  /**
   * How far its end lies ahead, in milliseconds: up to a day, as long as the longest interval between two
   * ticks. Whoever needs more can pause the bucket again.
   */
  aheadMs: { max: 86_400_000 },
  /** Tokens that the bucket keeps: up to the largest capacity. More than are there is as good as all. */
  tokens: { min: 0, max: 1_000_000_000 },
} as const;

/** Until when a bucket is paused, and what it keeps. */
export interface Pause {
  /** Ticks up to and including this instant bring nothing, epoch milliseconds. */
  readonly untilMs: number;
  /** Most tokens that the bucket keeps. */
  readonly tokens: number;
}

/** A pause, or every fault of what should have been one. */
export type PauseCheck =
  | { readonly ok: true; readonly pause: Pause }
  | { readonly ok: false; readonly faults: readonly FieldFault[] };

const FIELDS = ["untilMs", "tokens"];

/**
 * Reads `{ untilMs, tokens }` of unknown origin: `untilMs` from 0 to a day after `nowMs`, `tokens` from 0
 * to the largest capacity there is, by default 0. An instant that is over is none of its business.
 */
export function checkPause(fields: Readonly<Record<string, unknown>>, nowMs: number): PauseCheck {
  const { untilMs, tokens = 0 } = fields;
  const faults: FieldFault[] = [];
  const untilLimits = { min: 0, max: nowMs + pauseRanges.aheadMs.max };
  if (untilMs === undefined) {
    faults.push({ field: "untilMs", message: "untilMs is missing" });
  } else if (isIntegerWithin(untilMs, { min: untilLimits.max + 1, max: Infinity })) {
    const limit = `${pauseRanges.aheadMs.max} ms ahead, ${untilLimits.max}`;
    const message = `untilMs must be at most ${limit}: got ${showValue(untilMs)}`;
    faults.push({ field: "untilMs", message });
  } else if (!isIntegerWithin(untilMs, untilLimits)) {
    faults.push(integerFault("untilMs", untilMs, untilLimits));
  }
  if (!isIntegerWithin(tokens, pauseRanges.tokens)) {
    faults.push(integerFault("tokens", tokens, pauseRanges.tokens));
  }
  for (const field of Object.keys(fields)) {
    if (FIELDS.includes(field)) continue;
    faults.push({ field, message: `${showValue(field)} is not one of ${FIELDS.join(", ")}` });
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, pause: { untilMs: Number(untilMs), tokens: Number(tokens) } };
}
