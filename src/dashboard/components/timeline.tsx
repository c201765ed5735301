/**
 * Draws the timeline: a bar for each caller's wait and a disc for its grant, on the grid of the
 * bucket's ticks. Expected grants are hollow, at their known times; the present moves across.
 *
 * Every bar is drawn twice, as future and as past, and the past is clipped at the present: so each
 * frame changes only one rectangle and one line, without rendering.
 */
import { Fragment, type VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { BucketView } from "../bucket-view.ts";

import { showCallers, showCount, showInterval, showDuration, showWait } from "../format.ts";
import {
  labelsOf,
  layoutTimeline,
  type TimelineLayout,
  type TimelineRow,
} from "../timeline-layout.ts";
import { useWidth } from "./use-width.ts";

/** Sizes in pixels. */
const ROW = 24;
const TOP = 26;
const BOTTOM = 24;
const LEFT = 34;
/**
 * Space beside the last disc: for a time, and for the number of tokens if it may be more than one.
 */
const RIGHT = 74;
const TOKENS_RIGHT = 46;
const RADIUS = 5.5;
const BAR = 6;
/** Minimum distance between two grid lines, and between two labels above them. */
const LINE_SPACE = 14;
const LABEL_SPACE = 80;
/** How often the present moves under `prefers-reduced-motion`, in milliseconds. */
const CALM_STEP_MS = 1_000;

interface TimelineProps {
  readonly view: BucketView;
  /** Whether the feed is connected: without it, the present is unknown. */
  readonly isLive: boolean;
}

/** The drawing, with a text alternative; the table of callers lists each of them as well. */
export function Timeline({ view, isLive }: TimelineProps): VNode {
  const [frame, width] = useWidth<HTMLDivElement>();
  const right = RIGHT + (view.snapshot.policy.capacity > 1 ? TOKENS_RIGHT : 0);
  const plotWidth = Math.max(1, width - LEFT - right);
  const layout = width > 0 ? layoutTimeline(view, plotWidth / LINE_SPACE) : undefined;
  return (
    <figure class="timeline">
      <div ref={frame} class="frame">
        {layout && <Picture {...{ layout, width, plotWidth, view, isLive }} />}
      </div>
      {layout && (
        <figcaption>
          <Legend />
          <span>
            {layout.waitingBeyond > 0 && `${showCallers(layout.waitingBeyond)} more in the queue. `}
            {lineMeaning(layout)}
          </span>
        </figcaption>
      )}
    </figure>
  );
}

interface PictureProps {
  readonly layout: TimelineLayout;
  readonly width: number;
  /** Width of the part that is to scale. */
  readonly plotWidth: number;
  readonly view: BucketView;
  readonly isLive: boolean;
}

function Picture({ layout, width, plotWidth, view, isLive }: PictureProps): VNode {
  const { fromAtMs, toAtMs, lines, boundaries, rows } = layout;
  const height = TOP + rows.length * ROW + BOTTOM;
  const scale = plotWidth / (toAtMs - fromAtMs);
  const x = (atMs: number): number => LEFT + Math.max(0, atMs - fromAtMs) * scale;
  const isMoving = isLive && rows.some(({ caller }) => caller.state === "waiting");
  const nowX = (): number => {
    const nowMs = Math.max(view.atMs, Date.now() + view.clockOffsetMs);
    return Math.min(x(nowMs), LEFT + plotWidth);
  };
  const past = useRef<SVGRectElement>(null);
  const present = useRef<SVGGElement>(null);
  usePresent(isMoving, () => {
    past.current?.setAttribute("width", String(nowX()));
    present.current?.setAttribute("transform", `translate(${nowX()})`);
  });
  const labels = labelsOf(layout, LABEL_SPACE / scale);
  const labelled = new Set(labels.map(({ atMs }) => atMs));
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={descriptionOf(layout)}
      data-from-at-ms={fromAtMs}
    >
      <clipPath id="past">
        <rect ref={past} x="0" y="0" width={isMoving ? nowX() : width} height={height} />
      </clipPath>
      {lines.map((atMs) => (
        <line
          key={atMs}
          class={labelled.has(atMs) ? "tick main" : "tick"}
          x1={x(atMs)}
          x2={x(atMs)}
          y1={TOP - 6}
          y2={height - BOTTOM}
        />
      ))}
      {labels.map(({ atMs, sinceMs, isOfLine }) => (
        <Fragment key={atMs}>
          {!isOfLine && (
            <line class="tick main" x1={x(atMs)} x2={x(atMs)} y1={TOP - 9} y2={TOP - 4} />
          )}
          <text class="tick-label" x={x(atMs)} y={TOP - 12}>
            {showDuration(sinceMs)}
          </text>
        </Fragment>
      ))}
      {boundaries.map(({ name, atMs }) => (
        <line
          key={`${name} ${atMs}`}
          class="boundary"
          x1={x(atMs)}
          x2={x(atMs)}
          y1={TOP - 6}
          y2={height - BOTTOM}
        />
      ))}
      {isMoving && (
        <g ref={present} class="present" transform={`translate(${nowX()})`}>
          <line y1={TOP - 6} y2={height - BOTTOM + 4} />
          <text y={height - BOTTOM + 14}>now</text>
        </g>
      )}
      {rows.map((row, index) => (
        <Row key={row.caller.key} row={row} y={TOP + (index + 0.5) * ROW} x={x} />
      ))}
    </svg>
  );
}

interface RowProps {
  readonly row: TimelineRow;
  readonly y: number;
  readonly x: (atMs: number) => number;
}

function Row({ row, y, x }: RowProps): VNode {
  const { caller, endAtMs } = row;
  const { state, askedAtMs, tokens, isWaitUnknown = false } = caller;
  const [from, to] = [x(askedAtMs), x(endAtMs)];
  const bar = { x: from, y: y - BAR / 2, width: Math.max(0, to - from), height: BAR, rx: BAR / 2 };
  return (
    <g class={`row ${state}`} data-caller={caller.number} data-state={state}>
      <text class="row-label" x={LEFT - 12} y={y}>
        {caller.number}
      </text>
      <rect class="bar" {...bar} />
      {state === "waiting" && <rect class="bar elapsed" {...bar} clip-path="url(#past)" />}
      <Mark state={state} x={to} y={y} atMs={endAtMs} />
      <text class="wait" x={to + RADIUS + 6} y={y}>
        {state === "waiting" || isWaitUnknown ? "" : showWait(endAtMs - askedAtMs)}
        {tokens > 1 && <tspan class="tokens"> ×{showCount(tokens)}</tspan>}
      </text>
    </g>
  );
}

interface MarkProps {
  readonly state: TimelineRow["caller"]["state"];
  readonly x: number;
  readonly y: number;
  readonly atMs: number;
}

/** Distinguished by shape, not by colour alone. */
function Mark({ state, x, y, atMs }: MarkProps): VNode {
  const attributes = { class: `mark ${state}`, "data-at-ms": atMs };
  switch (state) {
    case "granted":
    case "waiting":
      return <circle {...attributes} cx={x} cy={y} r={RADIUS} />;
    case "cancelled":
      return <path {...attributes} d={`M${x - 4} ${y - 4}l8 8M${x - 4} ${y + 4}l8 -8`} />;
    case "refused":
      return <path {...attributes} d={`M${x} ${y - 6}l6 6l-6 6l-6 -6z`} />;
    default:
      return state satisfies never;
  }
}

function Legend(): VNode {
  return (
    <span class="legend">
      {(["granted", "waiting", "cancelled", "refused"] as const).map((state) => (
        <span key={state}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <Mark state={state} x={8} y={8} atMs={0} />
          </svg>
          {state === "waiting" ? "expected grant" : state}
        </span>
      ))}
    </span>
  );
}

/**
 * Calls `move` while `isMoving`: on every frame, or once a second under `prefers-reduced-motion`.
 */
function usePresent(isMoving: boolean, move: () => void): void {
  const last = useRef(move);
  last.current = move;
  useEffect(() => {
    if (!isMoving) return undefined;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      const timer = setInterval(() => last.current(), CALM_STEP_MS);
      return (): void => clearInterval(timer);
    }
    // A hidden page gets no frames.
    let request = requestAnimationFrame(function next() {
      last.current();
      request = requestAnimationFrame(next);
    });
    return (): void => cancelAnimationFrame(request);
  }, [isMoving]);
}

function lineMeaning({ lineMs, ticksPerLine, boundaries }: TimelineLayout): string {
  if (ticksPerLine === undefined) {
    const names = [...new Set(boundaries.map(({ name }) => `“${name}”`))];
    const full = names.length > 0 ? ` Dashed: ${names.join(", ")} full again.` : "";
    return `One line every ${showInterval(lineMs)}.${full}`;
  }
  const every = showInterval(lineMs / ticksPerLine);
  if (ticksPerLine === 1) return `Each line is a tick: one every ${every}.`;
  return `Each line is ${showCount(ticksPerLine)} ticks; there is one every ${every}.`;
}

function descriptionOf({ rows }: TimelineLayout): string {
  const count = (state: string): number =>
    rows.filter(({ caller }) => caller.state === state).length;
  const parts = (["granted", "waiting", "cancelled", "refused"] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  return `Timeline of ${showCallers(rows.length)}: ${parts.join(", ")}`;
}
