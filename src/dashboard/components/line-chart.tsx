/**
 * Draws lines over time. Lines of different units have an axis each, on the left and on the right, in the colour of
 * the line; the lines of the grid are those of the left one.
 */
import type { VNode } from "preact";

import type { Axis, AxisMark } from "../axis.ts";

/** Sizes in pixels. */
const HEIGHT = 190;
const TOP = 26;
const BOTTOM = 22;
/** Of the font, at most; and what stands between a label and the plot. */
const CHARACTER = 7;
const GAP = 8;

/** A point, as time and value; `undefined` is where the line is broken. */
type ChartPoint = readonly [atMs: number, value: number] | undefined;

/** A line. */
export interface ChartLine {
  /** As it is called in the legend. */
  readonly name: string;
  /** Class that gives it its colour. */
  readonly kind: string;
  /** Oldest first. */
  readonly points: readonly ChartPoint[];
  /** Whether a value holds until the next point. */
  readonly isStepped?: boolean;
  /** Whether the area below it is filled. */
  readonly isFilled?: boolean;
}

/** Lines that share a unit, and their axis. */
interface ChartSide {
  /** The unit, above the axis. */
  readonly unit: string;
  /** Class that gives the axis its colour: that of its line if it has one alone. */
  readonly kind: string;
  readonly axis: Axis;
  readonly lines: readonly ChartLine[];
}

interface LineChartProps {
  /** What is drawn, in words. */
  readonly label: string;
  /** Width in pixels. */
  readonly width: number;
  readonly fromAtMs: number;
  readonly toAtMs: number;
  /** Along the time. */
  readonly marks: readonly AxisMark[];
  /** On the left side; the lines of the grid are at its marks. */
  readonly main: ChartSide;
  /** On the right side. */
  readonly other?: ChartSide;
}

/** A drawing, with words for who can't see it. */
export function LineChart(props: LineChartProps): VNode {
  const { label, width, fromAtMs, toAtMs, marks, main, other } = props;
  const plot = {
    start: widthOf(main.axis),
    end: width - (other ? widthOf(other.axis) : GAP * 2),
    top: TOP,
    bottom: HEIGHT - BOTTOM,
  };
  const perMs = (plot.end - plot.start) / (toAtMs - fromAtMs);
  const x = (atMs: number): number => plot.start + (Math.max(fromAtMs, atMs) - fromAtMs) * perMs;
  const yOf = ({ axis }: ChartSide) => {
    return (value: number): number => plot.bottom - (value / axis.max) * (plot.bottom - plot.top);
  };
  return (
    <svg
      class="line-chart"
      viewBox={`0 0 ${width} ${HEIGHT}`}
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      {main.axis.marks.map(({ value }) => (
        <path key={value} class="grid" d={`M${plot.start} ${yOf(main)(value)}H${plot.end}`} />
      ))}
      {marks.map(({ value, label: text }) => (
        <g key={text}>
          <path class="grid" d={`M${x(value)} ${plot.top}V${plot.bottom}`} />
          <text class="time" x={x(value)} y={HEIGHT - BOTTOM / 2 + 2}>
            {text}
          </text>
        </g>
      ))}
      <SideAxis side={main} x={plot.start - GAP} y={yOf(main)} className="main" />
      {other && <SideAxis side={other} x={plot.end + GAP} y={yOf(other)} className="other" />}
      {[main, ...(other ? [other] : [])].flatMap((side) =>
        side.lines.map((line) => (
          <Path key={line.kind} line={line} x={x} y={yOf(side)} floor={plot.bottom} />
        )),
      )}
    </svg>
  );
}

/** The lines by name, for a chart in which one axis has several. */
export function ChartLegend({ lines }: { readonly lines: readonly ChartLine[] }): VNode {
  return (
    <figcaption class="legend">
      {lines.map(({ name, kind }) => (
        <span key={kind}>
          <i class={`line ${kind}`} />
          {name}
        </span>
      ))}
    </figcaption>
  );
}

interface SideAxisProps {
  readonly side: ChartSide;
  readonly x: number;
  readonly y: (value: number) => number;
  readonly className: "main" | "other";
}

function SideAxis({ side, x, y, className }: SideAxisProps): VNode {
  return (
    <g class={`axis ${className} ${side.kind}`}>
      {side.axis.marks.map(({ value, label }) => (
        <text key={value} class="amount" x={x} y={y(value)} data-value={value}>
          {label}
        </text>
      ))}
      <text class="unit" x={x} y={TOP / 2 - 4}>
        {side.unit}
      </text>
    </g>
  );
}

interface PathProps {
  readonly line: ChartLine;
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
  /** Where 0 is. */
  readonly floor: number;
}

function Path({ line, x, y, floor }: PathProps): VNode {
  const parts = unbroken(line.points);
  const drawn = parts.map((points) =>
    points
      .map(([atMs, value], index) => {
        // A point between two gaps is a dot.
        if (index === 0) return `M${x(atMs)} ${y(value)}${points.length === 1 ? "h0" : ""}`;
        return line.isStepped ? `H${x(atMs)}V${y(value)}` : `L${x(atMs)} ${y(value)}`;
      })
      .join(""),
  );
  const filled = parts.map((points, index) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? `${drawn[index]}V${floor}H${x(first[0])}Z` : "";
  });
  return (
    <g class={`line ${line.kind}`}>
      {line.isFilled && <path class="area" d={filled.join("")} />}
      <path d={drawn.join("")} />
    </g>
  );
}

/** The parts between breaks. */
function unbroken(points: readonly ChartPoint[]): NonNullable<ChartPoint>[][] {
  const parts: NonNullable<ChartPoint>[][] = [[]];
  for (const point of points) {
    if (point) parts.at(-1)?.push(point);
    else parts.push([]);
  }
  return parts;
}

/** Of the widest label. */
function widthOf({ marks }: Axis): number {
  return GAP + CHARACTER * Math.max(3, ...marks.map(({ label }) => label.length));
}
