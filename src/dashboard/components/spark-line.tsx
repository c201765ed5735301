/** A small line without axes, for a table: how a figure went. */
import type { VNode } from "preact";

/** Sizes in pixels. */
const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;
/** Windows that fill the width. */
const FULL = 30;

interface SparkLineProps {
  /** Oldest first; the last is at the right edge. */
  readonly values: readonly number[];
  /** What the height stands for at least, so that a small figure looks small beside a large one. */
  readonly minScale: number;
  /** What it shows, in words. */
  readonly label: string;
  /** Class that gives it its colour. */
  readonly kind: string;
}

/** The line, from 0 to its highest value. */
export function SparkLine({ values, minScale, label, kind }: SparkLineProps): VNode {
  const max = Math.max(1, minScale, ...values);
  const step = (WIDTH - 2 * EDGE) / (FULL - 1);
  const points = values.map((value, index) => {
    const x = WIDTH - EDGE - (values.length - 1 - index) * step;
    const y = HEIGHT - EDGE - (value / max) * (HEIGHT - 2 * EDGE);
    return [x, y] as const;
  });
  const line = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  const [first, last] = [points[0], points.at(-1)];
  return (
    <svg
      class={`spark ${kind}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      {first && last && (
        <>
          <path class="area" d={`M${line}V${HEIGHT}H${first[0].toFixed(1)}Z`} />
          <path d={`M${line}`} />
          <circle cx={last[0]} cy={last[1]} r={EDGE} />
        </>
      )}
    </svg>
  );
}
