/** The busy buckets, one in a row. */
import type { VNode } from "preact";

import type { BusyBucket, BusySort } from "../../protocol/busy-bucket.ts";
import type { BusyNews } from "../busy-feed.ts";

import { urlOfBucket } from "../address.ts";
import { ageIfOld, trendOf } from "../busy-list.ts";
import { showComing, showCount, showDuration, showEstimate, showRate } from "../format.ts";
import { SparkLine } from "./spark-line.tsx";

/** What a column can be sorted by has a name here; what it shows is in `Row`. */
const columns: readonly (readonly [title: string, sort: BusySort])[] = [
  ["Bucket", "name"],
  ["Waiting", "waiters"],
  ["Granted/s", "granted"],
  ["Refused/s", "refused"],
];

/** What the trend is of, by what the list is sorted by; and the class of its colour. */
const trends: Readonly<Record<BusySort, readonly [name: string, kind: string]>> = {
  waiters: ["waiting", "waiters"],
  name: ["waiting", "waiters"],
  granted: ["granted", "tokens"],
  refused: ["refused", "refusals"],
};

/** A trend has its own scale, but for those that stay below this share of the highest in the list. */
const MIN_SHARE = 0.1;

interface BusyTableProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  readonly news: BusyNews;
  readonly sort: BusySort;
  readonly onSort: (sort: BusySort) => void;
}

/** A table, sorted by the buttons in its head. It names its roles, since narrow screens lay it out as a grid. */
export function BusyTable({ base, news, sort, onSort }: BusyTableProps): VNode {
  const { buckets, atMs } = news;
  const mostWaiters = Math.max(1, ...buckets.map(({ waiters }) => waiters));
  const [trend] = trends[sort];
  const minScale = Math.max(0, ...buckets.flatMap((each) => trendOf(each, sort))) * MIN_SHARE;
  return (
    <table class="busy" role="table">
      <caption class="unseen">Busy buckets, sorted by the column that is pressed</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(([title, by]) => (
            <th
              key={by}
              scope="col"
              role="columnheader"
              class={by}
              aria-sort={directionOf(by, sort)}
            >
              <button type="button" onClick={() => onSort(by)}>
                {title}
                <span aria-hidden="true">{by === sort && (by === "name" ? " ↑" : " ↓")}</span>
              </button>
            </th>
          ))}
          <th scope="col" role="columnheader" class="wide-only">
            <abbr title="95 % of the last waits were at most so long (estimate)">p95 wait</abbr>
          </th>
          <th scope="col" role="columnheader" class="wide-only">
            Tokens
          </th>
          <th scope="col" role="columnheader" class="trend">
            Trend: {trend}
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {buckets.map((bucket) => (
          <Row
            key={bucket.bucket}
            {...{ base, bucket, sort, mostWaiters, minScale }}
            nowMs={atMs}
          />
        ))}
      </tbody>
    </table>
  );
}

function directionOf(by: BusySort, sort: BusySort): "ascending" | "descending" | "none" {
  if (by !== sort) return "none";
  return by === "name" ? "ascending" : "descending";
}

interface RowProps {
  readonly base: string;
  readonly bucket: BusyBucket;
  readonly sort: BusySort;
  readonly mostWaiters: number;
  readonly minScale: number;
  /** By the clock of Sluice. */
  readonly nowMs: number;
}

function Row({ base, bucket, sort, mostWaiters, minScale, nowMs }: RowProps): VNode {
  const { bucket: name, waiters, grantedPerS, refusedPerS, waitP95Ms, tokens, capacity } = bucket;
  const ageMs = ageIfOld(bucket, nowMs);
  const values = trendOf(bucket, sort);
  const [trend, kind] = trends[sort];
  const wait = waitP95Ms > 0 ? showEstimate(waitP95Ms) : "–";
  const level = `${showCount(tokens)} of ${showCount(capacity)}`;
  return (
    <tr role="row" class={ageMs === undefined ? undefined : "old"} data-bucket={name}>
      <th scope="row" role="rowheader" class="name">
        <a href={urlOfBucket(base, name)}>{name}</a>
        <Notes bucket={bucket} ageMs={ageMs} nowMs={nowMs} />
        <p class="narrow-only">
          {waitP95Ms > 0 && `p95 wait ${wait}, `}
          {level} tokens
        </p>
      </th>
      <td role="cell" class={waiters > 0 ? "waiters some" : "waiters"}>
        {showCount(waiters)}
        <span class="share" aria-hidden="true">
          <span style={{ width: `${(waiters / mostWaiters) * 100}%` }} />
        </span>
      </td>
      <td role="cell" class="granted">
        {showRate(grantedPerS)}
      </td>
      <td role="cell" class={refusedPerS > 0 ? "refused some" : "refused"}>
        {showRate(refusedPerS)}
      </td>
      <td role="cell" class="wide-only">
        {wait}
      </td>
      <td role="cell" class="wide-only">
        {level}
      </td>
      <td role="cell" class="trend">
        <SparkLine {...{ values, minScale, kind }} label={trendWords(values, trend)} />
      </td>
    </tr>
  );
}

interface NotesProps {
  readonly bucket: BusyBucket;
  readonly ageMs: number | undefined;
  readonly nowMs: number;
}

/** The policy, and what is out of the ordinary. */
function Notes({ bucket, ageMs, nowMs }: NotesProps): VNode {
  const { policyName, isOverridden, pausedUntilMs } = bucket;
  const isPaused = pausedUntilMs !== undefined && pausedUntilMs > nowMs;
  return (
    <p class="notes">
      <span>policy {policyName}</span>
      {isOverridden && <span class="mark">overridden</span>}
      {isPaused && <span class="mark">paused until {showComing(pausedUntilMs, nowMs)}</span>}
      {ageMs !== undefined && (
        <span class="mark">as of {showDuration(Math.round(ageMs / 1_000) * 1_000)} ago</span>
      )}
    </p>
  );
}

function trendWords(values: readonly number[], trend: string): string {
  const last = values.at(-1);
  if (last === undefined) return "No reports yet";
  return `${trend}: from ${showCount(values[0] ?? 0)} to ${showCount(last)}, at most ${showCount(Math.max(...values))}`;
}
