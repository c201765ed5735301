/** The page of a bucket: what is known about it, and the visitor's actions. */
import { Fragment, type VNode } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import type { KnownAsk } from "../../client/watch/forecast.ts";
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { BucketView } from "../bucket-view.ts";
import type { FeedState } from "../live-feed.ts";

import { policyLimits } from "../../client/watch/forecast.ts";
import { curlCommand } from "../address.ts";
import { summaryOf } from "../ask-summary.ts";
import { foldMessage } from "../bucket-view.ts";
import { showCallers, showTime } from "../format.ts";
import { openFeed } from "../live-feed.ts";
import { takeStart } from "../start-mark.ts";
import { AskPanel, CROWD, type Capacities } from "./ask-panel.tsx";
import { CallerLog } from "./caller-log.tsx";
import { Denied } from "./denied.tsx";
import { FeedBadge } from "./feed-badge.tsx";
import { Figures } from "./figures.tsx";
import { HistoryChart } from "./history-chart.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { LimitGauges } from "./limit-gauges.tsx";
import { LevelChart } from "./level-chart.tsx";
import { Masthead } from "./masthead.tsx";
import { OperatorBar } from "./operator-bar.tsx";
import { OverrideMark } from "./override-mark.tsx";
import { PauseNote } from "./pause-note.tsx";
import { PolicyList, policySentence } from "./policy-list.tsx";
import { Section } from "./section.tsx";
import { Timeline } from "./timeline.tsx";
import { useAsking } from "./use-asking.ts";
import { useHistory } from "./use-history.ts";
import { useOperator, type Said } from "./use-operator.ts";
import { useToken } from "./use-token.ts";
import { WaiterList } from "./waiter-list.tsx";

interface BucketPageProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  readonly bucket: string;
}

/** The bucket's page. */
export function BucketPage({ base, bucket }: BucketPageProps): VNode {
  const [token, changeToken] = useToken();
  const [feed, setFeed] = useState<FeedState>({ kind: "connecting" });
  const [view, setView] = useState<BucketView>();
  const [lostAtMs, setLostAtMs] = useState<number>();
  const [status, setStatus] = useState<Said>({ text: "", isFault: false });
  const { asking, waiting } = useAsking(base, bucket, token);
  const operator = useOperator(base, bucket, token);
  const history = useHistory(operator.calls, token, view?.snapshot);

  useEffect(() => {
    document.title = `${bucket} · Sluice`;
  }, [bucket]);

  useEffect(
    () =>
      openFeed(base, bucket, token, {
        onState: (state) => {
          setFeed(state);
          if (state.kind === "denied") setView(undefined);
          if (state.kind === "live") setLostAtMs(undefined);
          if (state.kind === "lost") setLostAtMs((before) => before ?? Date.now());
        },
        onMessage: (message) => setView((before) => foldMessage(before, message, Date.now())),
      }),
    [base, bucket, token],
  );

  const ask = useCallback(
    async (count: number, each: KnownAsk) => {
      setStatus({ text: `Acquiring for ${showCallers(count)} …`, isFault: false });
      const outcomes = await asking.ask(count, each);
      const isFault = outcomes.some(({ kind }) => kind === "refused" || kind === "failed");
      setStatus({ text: summaryOf(outcomes), isFault });
    },
    [asking],
  );

  const isUsed = view !== undefined && view.callers.length + view.gaps.length > 0;
  const isFull = view !== undefined && view.snapshot.tokens >= view.snapshot.policy.capacity;
  const isShown = view !== undefined;
  useEffect(() => {
    if (isShown && takeStart(bucket)) void ask(CROWD, { tokens: 1 });
  }, [isShown]);

  return (
    <Fragment>
      <Masthead base={base} bucket={bucket}>
        <FeedBadge feed={feed} />
      </Masthead>
      <main class={lostAtMs === undefined ? "" : "stale"}>
        <div class="title">
          <h1 tabIndex={-1}>
            <span class="eyebrow">Bucket</span> <span class="name">{bucket}</span>
          </h1>
          {view && <p class="lead">{policySentence(view.snapshot.policy)}</p>}
          {view && <PauseNote view={view} />}
          {view && <OverrideMark operator={operator} view={view} />}
          {view && lostAtMs !== undefined && (
            <p class="stale-note">
              As of {showTime(lostAtMs)}, when the connection was lost. Later changes are not shown.
            </p>
          )}
          {view && <OperatorBar operator={operator} view={view} />}
        </div>
        {feed.kind === "denied" && (
          <Denied error={feed.error} hadToken={token !== undefined} onToken={changeToken} />
        )}
        {view && (
          <Fragment>
            {view.snapshot.policy.limits && (
              <Section id="limits" title="Limits" isWide>
                <LimitGauges view={view} lostAtMs={lostAtMs} />
              </Section>
            )}
            <div class="columns">
              <Figures view={view} lostAtMs={lostAtMs} />
              <AskPanel
                capacities={capacitiesOf(view.snapshot.policy)}
                free={asking.free}
                waiting={waiting}
                status={status}
                onAsk={(count, each) => void ask(count, each)}
                onCancel={() => asking.cancelAll()}
              />
            </div>
            <WaiterList view={view} lostAtMs={lostAtMs} operator={operator} />
            {isUsed ? (
              <Section id="timeline" title="Timeline" isWide>
                <Timeline view={view} isLive={feed.kind === "live"} />
              </Section>
            ) : (
              view.snapshot.waiters === 0 && (
                <p class="empty wide">
                  No callers since this page was opened. Try “Ten at once”: ten callers acquire
                  together, and each is granted at its tick.
                </p>
              )
            )}
            <HistoryChart history={history} />
            <div class={isUsed ? "columns" : ""}>
              <div class={isUsed ? "stack" : "columns"}>
                {(isUsed || !isFull) && (
                  <Section id="level" title="Tokens and queue">
                    <LevelChart view={view} lostAtMs={lostAtMs} />
                  </Section>
                )}
                <Section id="policy" title="Policy">
                  <PolicyList snapshot={view.snapshot} />
                  {token !== undefined && (
                    <p>
                      <button type="button" class="quiet" onClick={() => changeToken(undefined)}>
                        Forget API key
                      </button>
                    </p>
                  )}
                </Section>
              </div>
              {isUsed && (
                <Section id="callers" title="Recent callers">
                  <CallerLog view={view} />
                </Section>
              )}
            </div>
            <aside class="shell">
              <p>Every other caller of this bucket appears here as well. From a shell:</p>
              <code>{curlCommand(base, bucket, token !== undefined)}</code>
            </aside>
          </Fragment>
        )}
        {!view && feed.kind !== "denied" && <p class="empty">Connecting to the bucket …</p>}
      </main>
      {operator.question && <KeyDialog {...operator.question} />}
    </Fragment>
  );
}

function capacitiesOf(policy: NamedPolicyFields): Capacities {
  return policyLimits(policy).map(([name, { capacity }]) => [name, capacity]);
}
