/** The bucket in numbers, and its tokens if it has one limit; several have gauges of their own. */
import type { VNode } from "preact";

import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";

import { boundaryWords } from "../../client/watch/calendar-words.ts";
import {
  nextTickAfter,
  policyLimits,
  tokensAt,
  untilChangeMs,
} from "../../client/watch/forecast.ts";
import { showCount, showCountdown, showTokens } from "../format.ts";
import { heldWords } from "./limit-gauges.tsx";
import { TokenLevel } from "./token-level.tsx";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";

/** Faster ticks are not followed individually, in milliseconds. */
const MIN_REFRESH_MS = 200;
/** How often the age of the oldest permit is shown anew, in milliseconds. */
const AGE_STEP_MS = 1_000;

/**
 * Tokens and waiters now, or when the feed was lost; below them the counts since the bucket was created, and its open
 * sessions. These are shown while there are none, too, so that nothing moves when one opens.
 */
export function Figures(heard: HeardView): VNode {
  const { snapshot } = heard.view;
  const { policy, waiters, queuedTokens } = snapshot;
  const isSingle = policy.limits === undefined;
  const [[firstName]] = policyLimits(policy);
  const nowMs = useBucketNow(heard, (atMs) => {
    const changeMs = untilChangeMs(snapshot, atMs) ?? Infinity;
    const stepMs = snapshot.permits?.oldestAtMs === undefined ? Infinity : AGE_STEP_MS;
    const delayMs = Math.max(MIN_REFRESH_MS, Math.min(changeMs, stepMs));
    return delayMs === Infinity ? undefined : delayMs;
  });
  const tokens = Math.max(0, tokensAt(snapshot, nowMs));
  return (
    <section
      class="card figures"
      aria-label={
        heard.lostAtMs === undefined ? "The bucket now" : "The bucket when the connection was lost"
      }
    >
      <dl>
        {isSingle && (
          <Figure
            name="Tokens"
            kind="tokens"
            note={`of ${showCount(policy.capacity)}${heldWords(snapshot, firstName)}`}
          >
            {showCount(tokens)}
          </Figure>
        )}
        <Figure
          name="Waiting"
          kind={waiters > 0 ? "waiting" : "none"}
          note={
            waiters === 0
              ? ""
              : `for ${showTokens(queuedTokens)}${isSingle ? "" : ` of ${firstName}`}`
          }
        >
          {showCount(waiters)}
        </Figure>
        {snapshot.permits && (
          <Figure
            name="Permits held"
            kind={snapshot.headLimit === "permits" ? "waiting" : "none"}
            note={permitsNote(snapshot.permits, nowMs)}
          >
            {showCount(snapshot.permits.held)}
          </Figure>
        )}
        {snapshot.leasedTokens !== undefined && (
          <Figure name="Leased">{showCount(snapshot.leasedTokens)}</Figure>
        )}
      </dl>
      {isSingle && (
        <TokenLevel tokens={tokens} capacity={policy.capacity} label="Tokens in the bucket" />
      )}
      {isSingle && policy.every !== undefined && (
        <p class="note">Full again {boundaryWords(nextTickAfter(snapshot, nowMs), policy)}</p>
      )}
      <dl class="totals">
        <Figure name="Granted">{showCount(snapshot.granted)}</Figure>
        <Figure name="Refused">{showCount(snapshot.refused)}</Figure>
        <Figure
          name="Cancelled"
          hint="Disconnected or cancelled while waiting; one that reconnects and takes its place again counts here, too"
        >
          {showCount(snapshot.cancelled)}
        </Figure>
        <Figure name="Sessions">{showCount(snapshot.sessions ?? 0)}</Figure>
      </dl>
    </section>
  );
}

/** A permit that is held for long may be one that nobody gives back. */
function permitsNote(
  { max, oldestAtMs }: NonNullable<BucketSnapshot["permits"]>,
  nowMs: number,
): string {
  const of = `of ${showCount(max)}`;
  return oldestAtMs === undefined
    ? of
    : `${of}, the oldest for ${showCountdown(nowMs - oldestAtMs)}`;
}

interface FigureProps {
  readonly name: string;
  readonly kind?: "tokens" | "waiting" | "none";
  /** What is counted, where the name doesn't say it all. */
  readonly hint?: string;
  /** A note beside the number. */
  readonly note?: string;
  readonly children: string;
}

function Figure({ name, kind, hint, note = "", children }: FigureProps): VNode {
  return (
    <div class={kind ? `figure ${kind}` : "figure"}>
      <dt>{hint === undefined ? name : <abbr title={hint}>{name}</abbr>}</dt>
      <dd>
        <strong>{children}</strong>
        {note !== "" && " "}
        {note !== "" && <span class="of">{note}</span>}
      </dd>
    </div>
  );
}
