/** The results of callers that were sent together, in one sentence for a live region. Pure. */
import type { SluiceErrorReason } from "../client/sluice-error.ts";
import type { RefusalReason } from "../protocol/reasons.ts";

import { showCount, showDuration, showWait } from "./format.ts";

/** The result of one caller. */
export type AskOutcome =
  | { readonly kind: "granted"; readonly waitedMs: number }
  | {
      readonly kind: "refused";
      readonly reason: SluiceErrorReason | RefusalReason;
      readonly detail: string;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly message: string };

type Refused = Extract<AskOutcome, { kind: "refused" }>;

/** `3 granted, longest wait 2.001 s; 4 refused: the queue is full (retry in 5 s)`. */
export function summaryOf(outcomes: readonly AskOutcome[]): string {
  const granted = outcomes.filter((outcome) => outcome.kind === "granted");
  const longest = Math.max(0, ...granted.map(({ waitedMs }) => waitedMs));
  const cancelled = outcomes.filter(({ kind }) => kind === "cancelled").length;
  const refused = Map.groupBy(
    outcomes.filter((outcome) => outcome.kind === "refused"),
    ({ reason }) => reason,
  );
  const failed = outcomes.filter((outcome) => outcome.kind === "failed");
  const parts = [
    granted.length > 0 &&
      `${showCount(granted.length)} granted, ${longest === 0 ? "at once" : `longest wait ${showWait(longest)}`}`,
    cancelled > 0 && `${showCount(cancelled)} cancelled`,
    ...[...refused.values()].map(
      (each) => `${showCount(each.length)} refused: ${whyRefused(each)}`,
    ),
    failed.length > 0 && `${showCount(failed.length)} gave up: ${failed[0]?.message}`,
  ];
  return parts.filter((part) => part !== false).join("; ");
}

/** In words of the page where the service's have numbers of milliseconds. */
function whyRefused([first]: readonly Refused[]): string {
  if (first === undefined) return "";
  const { reason, detail, retryAfterMs } = first;
  const retry = retryAfterMs === undefined ? "" : ` (retry in ${showDuration(retryAfterMs)})`;
  if (reason === "timeout") return `the wait would be longer than allowed${retry}`;
  if (reason === "queue-full") return `the queue is full${retry}`;
  return detail;
}
