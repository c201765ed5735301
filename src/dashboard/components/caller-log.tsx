/** Settled callers, latest first. */
import type { VNode } from "preact";

import type { BucketView, Caller, FeedGap } from "../bucket-view.ts";

import { showCount, showDuration, showTime, showWait } from "../format.ts";
import { latestRows, numbersOf, type CallerRow } from "../log-rows.ts";

/** Number of rows that fit beside the charts. */
const SHOWN = 16;

/** A table, so that screen readers can read it in order. */
export function CallerLog({ view }: { readonly view: BucketView }): VNode {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Table of recent callers">
      <table class="log">
        <thead>
          <tr>
            <th scope="col">
              <abbr title="Number of the caller, as in the timeline">No.</abbr>
            </th>
            <th scope="col">Time</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">
              Waited
            </th>
            <th scope="col" class="number">
              <abbr title="Time since the previous grant">Gap</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {latestRows(view, SHOWN).map((row) =>
            "callers" in row ? (
              <Settled key={row.callers[0].key} row={row} />
            ) : (
              <Unseen key={row.toAtMs} gap={row} />
            ),
          )}
        </tbody>
      </table>
      {view.omitted > 0 && (
        <p class="note">{showCount(view.omitted)} more arrived too fast to list.</p>
      )}
    </div>
  );
}

function Settled({ row }: { readonly row: CallerRow }): VNode {
  const { callers, settledAtMs, sinceLastMs } = row;
  const [caller] = callers;
  const isUnknown = callers.some(({ isWaitUnknown }) => isWaitUnknown);
  const waits = callers.map((each) => (each.settledAtMs ?? settledAtMs) - each.askedAtMs);
  return (
    <tr class={caller.state} data-caller={caller.number}>
      <td class="numbers">{numbersOf(callers)}</td>
      <td>
        <Time atMs={settledAtMs} />
      </td>
      <td>
        <Outcome caller={caller} count={callers.length} />
      </td>
      <td class="number">{isUnknown ? "" : showWait(Math.max(...waits))}</td>
      <td class="number">{sinceLastMs === undefined ? "" : `+${showWait(sinceLastMs)}`}</td>
    </tr>
  );
}

/** What isn't known of callers, because there was no connection. */
function Unseen({ gap }: { readonly gap: FeedGap }): VNode {
  const { fromAtMs, toAtMs } = gap;
  const counts = (["granted", "refused", "cancelled"] as const)
    .filter((kind) => gap[kind] > 0)
    .map((kind) => `${showCount(gap[kind])} ${kind}`);
  return (
    <tr class="unknown">
      <td />
      <td>
        <Time atMs={toAtMs} />
      </td>
      <td colSpan={3} class="wrap">
        Not connected for {showDuration(toAtMs - fromAtMs)}
        {counts.length > 0 && `; meanwhile ${counts.join(", ")}`}
      </td>
    </tr>
  );
}

function Time({ atMs }: { readonly atMs: number }): VNode {
  return <time dateTime={new Date(atMs).toISOString()}>{showTime(atMs)}</time>;
}

interface OutcomeProps {
  readonly caller: Caller;
  /** How many had it. */
  readonly count: number;
}

function Outcome({ caller, count }: OutcomeProps): VNode {
  const { state, tokens, limits = {}, reason, label } = caller;
  const named = Object.entries(limits).map(([name, each]) => `${name} ${showCount(each)}`);
  if (state === "waiting") return <span>waiting</span>;
  return (
    <span class={`outcome ${state}`}>
      {count > 1 && `${showCount(count)} × `}
      {state}
      {tokens !== 1 && ` ${showCount(tokens)}`}
      {named.length > 0 && <span class="limits"> {named.join(", ")}</span>}
      {reason !== undefined && <span class="reason"> {reason}</span>}
      {label !== undefined && <span class="limits label"> {label}</span>}
    </span>
  );
}
