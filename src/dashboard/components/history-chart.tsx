/** The last hour of a bucket, as far as it was busy: what it granted and refused, who waited, and how long. */
import type { VNode } from "preact";

import type { BucketHistory } from "../../protocol/bucket-history.ts";

import { clockMarks, countAxis, durationAxis, rateAxis } from "../axis.ts";
import { showCallers, showEstimate, showRate } from "../format.ts";
import { highestOf, historyLines, type HistoryLines } from "../history-lines.ts";
import { ChartLegend, LineChart, type ChartLine } from "./line-chart.tsx";
import { Section } from "./section.tsx";
import { useWidth } from "./use-width.ts";

/** Lines of the grid at most; those along the time are at least so many pixels apart. */
const MAX_LINES = 5;
const TIME_SPACE = 64;

/** Two charts over the same time; nothing while nothing is known. */
export function HistoryChart({ history }: { readonly history: BucketHistory }): VNode | null {
  const lines = historyLines(history);
  if (!lines) return null;
  return (
    <Section id="history" title="Last hour" isWide>
      <div class="columns charts">
        <RateChart lines={lines} />
        <WaitChart lines={lines} />
      </div>
    </Section>
  );
}

function RateChart({ lines }: { readonly lines: HistoryLines }): VNode {
  const [frame, width] = useWidth<HTMLDivElement>();
  const { fromAtMs, toAtMs, granted, refused, waiters } = lines;
  const rates: ChartLine[] = [
    { name: "granted", kind: "tokens", points: granted },
    { name: "refused", kind: "refusals", points: refused },
  ];
  const waiting: ChartLine = { name: "callers waiting", kind: "waiters", points: waiters };
  const label = `Over the last hour: granted and refused a second, and callers waiting; at the end ${showRate(lastOf(granted))} granted, ${showRate(lastOf(refused))} refused, and ${showCallers(lastOf(waiters))} waiting`;
  return (
    <figure>
      <div ref={frame} class="frame">
        {width > 0 && (
          <LineChart
            {...{ label, width, fromAtMs, toAtMs }}
            marks={clockMarks(fromAtMs, toAtMs, width / TIME_SPACE)}
            main={{
              unit: "acquires a second",
              kind: "rates",
              axis: rateAxis(highestOf(granted, refused), MAX_LINES),
              lines: rates,
            }}
            other={{
              unit: "callers waiting",
              kind: "waiters",
              axis: countAxis(highestOf(waiters), MAX_LINES),
              lines: [waiting],
            }}
          />
        )}
      </div>
      <ChartLegend lines={[...rates, waiting]} />
    </figure>
  );
}

function WaitChart({ lines }: { readonly lines: HistoryLines }): VNode {
  const [frame, width] = useWidth<HTMLDivElement>();
  const { fromAtMs, toAtMs, p50, p95 } = lines;
  const waits: ChartLine[] = [
    { name: "half waited at most (p50)", kind: "p50", points: p50 },
    { name: "95 % waited at most (p95)", kind: "p95", points: p95 },
  ];
  const [half, most] = [p50.at(-1)?.[1], p95.at(-1)?.[1]];
  const atEnd =
    half === undefined || most === undefined
      ? "at the end nobody was granted"
      : `at the end half of them waited at most ${showEstimate(half)}, and 95 % at most ${showEstimate(most)}`;
  const label = `Waits of callers that were granted over the last hour, estimated; ${atEnd}`;
  return (
    <figure>
      <div ref={frame} class="frame">
        {width > 0 && (
          <LineChart
            {...{ label, width, fromAtMs, toAtMs }}
            marks={clockMarks(fromAtMs, toAtMs, width / TIME_SPACE)}
            main={{
              unit: "wait (estimate)",
              kind: "rates",
              axis: durationAxis(highestOf(p50, p95), MAX_LINES),
              lines: waits,
            }}
          />
        )}
      </div>
      <ChartLegend lines={waits} />
    </figure>
  );
}

function lastOf(points: HistoryLines["granted"]): number {
  return points.at(-1)?.[1] ?? 0;
}
