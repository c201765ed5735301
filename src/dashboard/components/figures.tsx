/** The bucket in numbers, and its tokens as what they are: things to be had. */
import type { VNode } from "preact";

import { tokensAt, untilChangeMs } from "../../client/watch/forecast.ts";
import { showCount, showTokens } from "../format.ts";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";

/** So many tokens are drawn one by one. */
const MAX_DROPS = 24;
/** Ticks that come faster are not looked at one by one, in milliseconds. */
const FASTEST_LOOK_MS = 200;

/** Tokens now, or when the feed was lost, who waits, and the counts since the start. */
export function Figures(heard: HeardView): VNode {
  const { snapshot } = heard.view;
  const { policy, waiters, queuedTokens } = snapshot;
  const nowMs = useBucketNow(heard, (atMs) => {
    const changeMs = untilChangeMs(snapshot, atMs);
    return changeMs === undefined ? undefined : Math.max(FASTEST_LOOK_MS, changeMs);
  });
  const tokens = Math.max(0, tokensAt(snapshot, nowMs));
  return (
    <section
      class="card figures"
      aria-label={heard.lostAtMs === undefined ? "The bucket now" : "The bucket before"}
    >
      <dl>
        <Figure name="Tokens" kind="tokens" note={`of ${showCount(policy.capacity)}`}>
          {showCount(tokens)}
        </Figure>
        <Figure
          name="Waiting"
          kind={waiters > 0 ? "waiting" : "none"}
          note={waiters === 0 ? "" : `for ${showTokens(queuedTokens)}`}
        >
          {showCount(waiters)}
        </Figure>
        {snapshot.leasedTokens !== undefined && (
          <Figure name="On lease">{showCount(snapshot.leasedTokens)}</Figure>
        )}
      </dl>
      <Drops tokens={tokens} capacity={policy.capacity} />
      <dl class="totals">
        <Figure name="Granted">{showCount(snapshot.granted)}</Figure>
        <Figure name="Refused">{showCount(snapshot.refused)}</Figure>
        <Figure name="Cancelled">{showCount(snapshot.cancelled)}</Figure>
      </dl>
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly kind?: "tokens" | "waiting" | "none";
  /** What else is to be said of the number. */
  readonly note?: string;
  readonly children: string;
}

function Figure({ name, kind, note = "", children }: FigureProps): VNode {
  return (
    <div class={kind ? `figure ${kind}` : "figure"}>
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong>
        {note !== "" && " "}
        {note !== "" && <span class="of">{note}</span>}
      </dd>
    </div>
  );
}

/** The tokens, one by one as far as they are few. */
function Drops({
  tokens,
  capacity,
}: {
  readonly tokens: number;
  readonly capacity: number;
}): VNode {
  if (capacity > MAX_DROPS) {
    return (
      <progress class="level" max={capacity} value={tokens} aria-label="Tokens in the bucket" />
    );
  }
  return (
    <div class="drops" aria-hidden="true">
      {Array.from({ length: capacity }, (_, index) => (
        <span key={index} class={index < tokens ? "drop full" : "drop"} />
      ))}
    </div>
  );
}
