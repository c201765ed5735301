/** The page at `/`: which buckets are busy. */
import type { VNode } from "preact";

import { useEffect, useState } from "preact/hooks";

import type { BusySort } from "../../protocol/busy-bucket.ts";
import type { BusyNews } from "../busy-feed.ts";

import { askInQuery, queryOf, sumsOf } from "../busy-list.ts";
import { showCount, showRate, showTime } from "../format.ts";
import { BusyTable } from "./busy-table.tsx";
import { Denied } from "./denied.tsx";
import { FeedBadge } from "./feed-badge.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { Masthead } from "./masthead.tsx";
import { useBusy } from "./use-busy.ts";
import { useToken } from "./use-token.ts";

/** How many buckets are listed at first, and at most. */
const FEW = 100;
const MANY = 1_000;

/** The table, or what to do first. */
export function HomePage({ base }: { readonly base: string }): VNode {
  const [token, changeToken] = useToken();
  const [{ prefix, sort }, setAsk] = useState(() => askInQuery(location.search));
  const [limit, setLimit] = useState(FEW);
  const { feed, news, lostAtMs } = useBusy(base, token, { prefix, sort, limit });

  useEffect(() => {
    document.title = "Busy buckets · Sluice";
  }, []);
  // So that the way back from a bucket leads to the same list.
  useEffect(
    () => history.replaceState(null, "", `${base}${queryOf(prefix, sort)}`),
    [prefix, sort],
  );

  const denied = feed.kind === "denied" ? feed.error : undefined;
  const prefixFault = denied?.errors?.find(({ field }) => field === "prefix")?.message;
  const isEmpty = news !== undefined && news.buckets.length === 0;
  return (
    <>
      <Masthead base={base}>
        <FeedBadge feed={feed} />
      </Masthead>
      <main class={lostAtMs === undefined ? "" : "stale"}>
        <div class="title">
          <h1 tabIndex={-1}>Busy buckets</h1>
          <p class="lead">
            {news ? summaryOf(news, prefix) : !denied && "Asking which buckets are busy …"}
          </p>
          {lostAtMs !== undefined && (
            <p class="stale-note">
              As of {showTime(lostAtMs)}, when the connection was lost. Later changes are not shown.
            </p>
          )}
        </div>
        {denied && prefixFault === undefined ? (
          <Denied error={denied} hadToken={token !== undefined} onToken={changeToken} />
        ) : (
          (!isEmpty || prefix !== "") && (
            <PrefixField
              prefix={prefix}
              fault={prefixFault}
              onPrefix={(next) => setAsk({ prefix: next, sort })}
            />
          )
        )}
        {news && !isEmpty && (
          <section class="card wide" aria-label="Busy buckets">
            <BusyTable
              {...{ base, news, sort }}
              onSort={(next: BusySort) => setAsk({ prefix, sort: next })}
            />
            <Omitted omitted={news.omitted} limit={limit} onMore={() => setLimit(MANY)} />
          </section>
        )}
        {isEmpty && prefix === "" && <FirstSteps base={base} needsToken={token !== undefined} />}
        {token !== undefined && !denied && (
          <p class="forget">
            <button type="button" class="quiet" onClick={() => changeToken(undefined)}>
              Forget API key
            </button>
          </p>
        )}
      </main>
    </>
  );
}

interface PrefixFieldProps {
  readonly prefix: string;
  /** Why no name begins so. */
  readonly fault: string | undefined;
  readonly onPrefix: (prefix: string) => void;
}

function PrefixField({ prefix, fault, onPrefix }: PrefixFieldProps): VNode {
  return (
    <div class="prefix">
      <label for="prefix">Only names that begin with</label>
      <input
        id="prefix"
        value={prefix}
        maxLength={128}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : "prefix-fault"}
        onInput={({ currentTarget }) => onPrefix(currentTarget.value.trim())}
      />
      {fault !== undefined && (
        <p id="prefix-fault" class="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

interface OmittedProps {
  readonly omitted: number;
  readonly limit: number;
  readonly onMore: () => void;
}

/** How many more there are, and a way to see them. */
function Omitted({ omitted, limit, onMore }: OmittedProps): VNode | null {
  if (omitted === 0) return null;
  return (
    <p class="note omitted">
      {showCount(omitted)} more {omitted === 1 ? "is" : "are"} not listed: enter how their names
      begin
      {limit < MANY ? (
        <>
          {", or "}
          <button type="button" class="quiet small" onClick={onMore}>
            Show more
          </button>
        </>
      ) : (
        "."
      )}
    </p>
  );
}

function summaryOf(news: BusyNews, prefix: string): string {
  const { buckets, omitted } = news;
  const count = buckets.length + omitted;
  if (count === 0) {
    return prefix === ""
      ? "No bucket has been busy in the last minutes. One is listed about ten seconds after it gets busy. To see that:"
      : `No bucket whose name begins with “${prefix}” has been busy in the last minutes.`;
  }
  const { waiters, grantedPerS, refusedPerS } = sumsOf(news);
  const listed = omitted > 0 ? `; of the first ${showCount(buckets.length)}: ` : ": ";
  return `${showCount(count)} ${count === 1 ? "bucket is" : "buckets are"} busy${listed}${showCount(waiters)} waiting, ${showRate(grantedPerS)} granted and ${showRate(refusedPerS)} refused a second.`;
}
