/**
 * Tokens and queue over the last minute, or as far back as the page knows. It ends at the present:
 * it is redrawn as long as it contains a change, and then only when the bucket changes.
 */
import type { VNode } from "preact";

import { agoMarks, countAxis } from "../axis.ts";
import { LEVEL_SPAN_MS, levelsUntil } from "../bucket-view.ts";
import { policyLimits, tokensAt, untilChangeMs } from "../../client/watch/forecast.ts";
import { showCallers, showTokens } from "../format.ts";
import { LineChart, type ChartLine } from "./line-chart.tsx";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";
import { useWidth } from "./use-width.ts";

/** Shortest time span of the chart, for a page that was just opened, in milliseconds. */
const MIN_SPAN_MS = 10_000;
/** Redraw interval while nothing happens, in milliseconds. */
const REDRAW_MS = 1_000;
/** Lines of the grid at most; those along the time are at least so many pixels apart. */
const MAX_LINES = 5;
const TIME_SPACE = 64;

/** A visual rendering of the figures. */
export function LevelChart(heard: HeardView): VNode {
  const { view, lostAtMs } = heard;
  const [frame, width] = useWidth<HTMLDivElement>();
  const nowMs = useBucketNow(heard, (atMs) => {
    const lastChangeAtMs = levelsUntil(view, atMs).at(-1)?.atMs ?? 0;
    if (lastChangeAtMs > atMs - LEVEL_SPAN_MS) return REDRAW_MS;
    return untilChangeMs(view.snapshot, atMs);
  });
  const { waiters, policy } = view.snapshot;
  const [[firstName]] = policyLimits(policy);
  const known = levelsUntil(view, nowMs);
  const last = known.at(-1);
  const levels = last ? [...known, { ...last, atMs: nowMs }] : known;
  const firstAtMs = levels[0]?.atMs ?? nowMs;
  const fromAtMs = Math.max(nowMs - LEVEL_SPAN_MS, Math.min(firstAtMs, nowMs - MIN_SPAN_MS));
  const line = (kind: "tokens" | "waiters", name: string): ChartLine => ({
    name,
    kind,
    points: levels.map((level) => [level.atMs, level[kind]]),
    isStepped: true,
    isFilled: kind === "tokens",
  });
  const maxOf = (kind: "tokens" | "waiters"): number => {
    return Math.max(0, ...levels.map((level) => level[kind]));
  };
  const tokens = policy.limits ? `tokens of ${firstName}` : "tokens";
  const now = `${showTokens(tokensAt(view.snapshot, nowMs))} and ${showCallers(waiters)}`;
  return (
    <figure class="level-chart">
      <div ref={frame} class="frame">
        {width > 0 && (
          <LineChart
            label={`Tokens and waiting callers over the last minute; currently ${now}`}
            width={width}
            fromAtMs={fromAtMs}
            toAtMs={nowMs}
            marks={agoMarks(
              fromAtMs,
              nowMs,
              width / TIME_SPACE,
              lostAtMs === undefined ? "now" : "lost",
            )}
            main={{
              unit: tokens,
              kind: "tokens",
              axis: countAxis(maxOf("tokens"), MAX_LINES),
              lines: [line("tokens", tokens)],
            }}
            other={{
              unit: "callers waiting",
              kind: "waiters",
              axis: countAxis(maxOf("waiters"), MAX_LINES),
              lines: [line("waiters", "callers waiting")],
            }}
          />
        )}
      </div>
    </figure>
  );
}
