/**
 * Tokens and queue over the last minute, or as far back as the page knows. It ends at the present:
 * it is redrawn as long as it contains a change, and then only when the bucket changes.
 */
import type { VNode } from "preact";

import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";

import { LEVEL_SPAN_MS, levelsUntil } from "../bucket-view.ts";
import { policyLimits, tokensAt, untilChangeMs } from "../../client/watch/forecast.ts";
import { showBriefCount, showCallers, showTokens } from "../format.ts";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";
import { useWidth } from "./use-width.ts";

/** Height in pixels. */
const HEIGHT = 180;
/** Shortest time span of the chart, for a page that was just opened, in milliseconds. */
const MIN_SPAN_MS = 10_000;
/** Redraw interval while nothing happens, in milliseconds. */
const REDRAW_MS = 1_000;

/** Distances between grid lines, for whole tokens up to the largest bucket. */
const STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power));

/** A visual rendering of the figures. */
export function LevelChart(heard: HeardView): VNode {
  const { view } = heard;
  const [frame, width] = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | undefined>(undefined);
  const nowMs = useBucketNow(heard, (atMs) => {
    const lastChangeAtMs = levelsUntil(view, atMs).at(-1)?.atMs ?? 0;
    if (lastChangeAtMs > atMs - LEVEL_SPAN_MS) return REDRAW_MS;
    return untilChangeMs(view.snapshot, atMs);
  });
  const drawn = { ...heard, nowMs };
  const last = useRef(drawn);
  last.current = drawn;

  useEffect(() => {
    if (!frame.current || width === 0) return undefined;
    const endName = (): string => (last.current.lostAtMs === undefined ? "now" : "lost");
    const made = new uPlot(optionsFor(width, endName), dataOf(last.current), frame.current);
    chart.current = made;
    const schemes = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => made.redraw(false, true);
    schemes.addEventListener("change", redraw);
    return (): void => {
      schemes.removeEventListener("change", redraw);
      made.destroy();
    };
  }, [width]);

  useEffect(() => chart.current?.setData(dataOf(last.current)), [view, nowMs, heard.lostAtMs]);

  const { waiters, policy } = view.snapshot;
  const [[firstName]] = policyLimits(policy);
  const tokens = tokensAt(view.snapshot, nowMs);
  return (
    <figure class="level-chart">
      <div
        ref={frame}
        class="frame"
        role="img"
        aria-label={`Tokens and waiting callers over the last minute; currently ${showTokens(tokens)} and ${showCallers(waiters)}`}
      />
      <figcaption class="legend">
        <span>
          <i class="line tokens" />
          {policy.limits ? `tokens of ${firstName}` : "tokens"}
        </span>
        <span>
          <i class="line queue" />
          callers waiting
        </span>
      </figcaption>
    </figure>
  );
}

/** The chart's series: seconds before the end, tokens, waiters. */
function dataOf({ view, nowMs }: HeardView & { readonly nowMs: number }): uPlot.AlignedData {
  const levels = levelsUntil(view, nowMs);
  const last = levels.at(-1);
  const all = last ? [...levels, { ...last, atMs: nowMs }] : levels;
  return [
    all.map(({ atMs }) => Math.max(-LEVEL_SPAN_MS, atMs - nowMs) / 1_000),
    all.map(({ tokens }) => tokens),
    all.map(({ waiters }) => waiters),
  ];
}

/** @param endName Label of the end of the time axis. */
function optionsFor(width: number, endName: () => string): uPlot.Options {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const line = (property: string): uPlot.Series => ({
    stroke: () => colour(property),
    width: 2,
    points: { show: false },
    ...(stepped && { paths: stepped }),
  });
  const axis: uPlot.Axis = {
    stroke: () => colour("--muted"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 18, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false, range: (_, first) => [Math.min(first, -MIN_SPAN_MS / 1_000), 0] },
      y: { range: (_, __, max) => [0, Math.max(2, Math.ceil(max * 1.1))] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_, seconds) => seconds.map((each) => (each === 0 ? endName() : `−${-each} s`)),
      },
      {
        ...axis,
        size: 44,
        incrs: STEPS.flat(),
        values: (_, counts) => counts.map(showBriefCount),
      },
    ],
    series: [{}, { ...line("--granted"), fill: () => colour("--granted-soft") }, line("--waiting")],
  };
}

function colour(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}
