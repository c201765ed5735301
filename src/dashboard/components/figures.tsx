/** The bucket in numbers, and its tokens as what they are: things to be had. */
import type { VNode } from "preact";

import type { BucketView } from "../bucket-view.ts";

import { hasStarted, nextTickAfter, tokensAt } from "../forecast.ts";
import { showCallers, showCount, showTokens } from "../format.ts";
import { useNow } from "./use-now.ts";

/** So many tokens are drawn one by one. */
const MOST_DROPS = 24;
/** Ticks that come faster are not looked at one by one, in milliseconds. */
const FASTEST_LOOK_MS = 200;

/** Tokens now, who waits, and the counts since the start. */
export function Figures({ view }: { readonly view: BucketView }): VNode {
  const { snapshot, clockOffsetMs } = view;
  const { policy, waiters, queuedTokens } = snapshot;
  const now = useNow((pageNowMs) => {
    const nowMs = Math.max(view.atMs, pageNowMs + clockOffsetMs);
    // A full bucket changes when somebody asks; a queue, when the feed says so.
    if (waiters > 0 || !hasStarted(snapshot)) return undefined;
    if (tokensAt(snapshot, nowMs) >= policy.capacity) return undefined;
    return Math.max(FASTEST_LOOK_MS, nextTickAfter(snapshot, nowMs) - nowMs);
  }, view);
  const tokens = Math.max(0, tokensAt(snapshot, Math.max(view.atMs, now + clockOffsetMs)));
  return (
    <section class="card figures" aria-label="The bucket now">
      <dl>
        <div class="figure tokens">
          <dt>Tokens</dt>
          <dd>
            <strong>{showCount(tokens)}</strong>
            <span class="of"> of {showCount(policy.capacity)}</span>
          </dd>
        </div>
        <div class="figure waiting">
          <dt>Waiting</dt>
          <dd>
            <strong>{showCount(waiters)}</strong>
            {waiters > 0 && <span class="of"> for {showTokens(queuedTokens)}</span>}
          </dd>
        </div>
        {snapshot.leasedTokens !== undefined && (
          <div class="figure">
            <dt>On lease</dt>
            <dd>
              <strong>{showCount(snapshot.leasedTokens)}</strong>
            </dd>
          </div>
        )}
      </dl>
      <Drops tokens={tokens} capacity={policy.capacity} />
      <p class="totals">
        Since the start: <b>{showCount(snapshot.granted)}</b> granted,{" "}
        <b>{showCount(snapshot.refused)}</b> refused, <b>{showCallers(snapshot.cancelled)}</b> gone
      </p>
    </section>
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
  if (capacity > MOST_DROPS) {
    return <progress class="level" max={capacity} value={tokens} aria-label="Tokens in the bucket" />;
  }
  return (
    <div class="drops" aria-hidden="true">
      {Array.from({ length: capacity }, (_, index) => (
        <span key={index} class={index < tokens ? "drop full" : "drop"} />
      ))}
    </div>
  );
}
