/** Settled callers, latest first. */
import type { VNode } from "preact";

import type { BucketView, Caller } from "../bucket-view.ts";

import { showCount, showWait, showTime } from "../format.ts";

/** Number of rows that fit beside the charts. */
const SHOWN = 16;

/** A table, so that screen readers can read it in order. */
export function CallerLog({ view }: { readonly view: BucketView }): VNode {
  const rows = latest(view);
  if (rows.length === 0) {
    return <p class="empty">No callers since this page was opened.</p>;
  }
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Table of recent callers">
      <table class="log">
        <thead>
          <tr>
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
          {rows.map(({ caller, settledAtMs, sinceLastMs }) => (
            <tr key={caller.key} class={caller.state} data-caller={caller.id}>
              <td>
                <time dateTime={new Date(settledAtMs).toISOString()}>{showTime(settledAtMs)}</time>
              </td>
              <td>
                <Outcome caller={caller} />
              </td>
              <td class="number">{showWait(settledAtMs - caller.askedAtMs)}</td>
              <td class="number">{sinceLastMs === undefined ? "" : `+${showWait(sinceLastMs)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {view.omitted > 0 && (
        <p class="note">{showCount(view.omitted)} more arrived too fast to list.</p>
      )}
    </div>
  );
}

function Outcome({ caller }: { readonly caller: Caller }): VNode {
  const { state, tokens, limits = {}, reason } = caller;
  const named = Object.entries(limits).map(([name, count]) => `${name} ${showCount(count)}`);
  if (state === "waiting") return <span>waiting</span>;
  return (
    <span class={`outcome ${state}`}>
      {state}
      {tokens !== 1 && ` ${showCount(tokens)}`}
      {named.length > 0 && <span class="limits"> {named.join(", ")}</span>}
      {reason !== undefined && <span class="reason"> {reason}</span>}
    </span>
  );
}

interface LogRow {
  readonly caller: Caller;
  readonly settledAtMs: number;
  /** Milliseconds since the previous grant. */
  readonly sinceLastMs: number | undefined;
}

function latest({ callers, settled }: BucketView): LogRow[] {
  const byKey = new Map(callers.map((caller) => [caller.key, caller]));
  const rows: LogRow[] = [];
  let lastGrantAtMs: number | undefined;
  for (const key of settled) {
    const caller = byKey.get(key);
    const settledAtMs = caller?.settledAtMs;
    if (!caller || settledAtMs === undefined) continue;
    const isGrant = caller.state === "granted";
    const sinceLastMs =
      isGrant && lastGrantAtMs !== undefined ? settledAtMs - lastGrantAtMs : undefined;
    rows.push({ caller, settledAtMs, sinceLastMs });
    if (isGrant) lastGrantAtMs = settledAtMs;
  }
  return rows.slice(-SHOWN).toReversed();
}
