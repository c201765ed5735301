/** The whole page: what is known about the bucket, and the visitor's actions. */
import { Fragment, type ComponentChildren, type VNode } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { AskOutcome } from "../asking.ts";
import type { KnownAsk } from "../../client/watch/forecast.ts";
import type { NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";
import type { SluiceErrorReason } from "../../client/index.ts";
import type { BucketView } from "../bucket-view.ts";
import type { FeedState } from "../live-feed.ts";

import { storeToken, storedToken } from "../access-token.ts";
import { policyLimits } from "../../client/watch/forecast.ts";
import { curlCommand } from "../address.ts";
import { Asking } from "../asking.ts";
import { foldMessage } from "../bucket-view.ts";
import { showCallers, showCount, showSeconds, showTime } from "../format.ts";
import { openFeed } from "../live-feed.ts";
import { AskPanel, type Capacities } from "./ask-panel.tsx";
import { BucketForm } from "./bucket-form.tsx";
import { CallerLog } from "./caller-log.tsx";
import { FeedBadge } from "./feed-badge.tsx";
import { Figures } from "./figures.tsx";
import { LimitGauges } from "./limit-gauges.tsx";
import { LevelChart } from "./level-chart.tsx";
import { PauseNote } from "./pause-note.tsx";
import { PolicyList, policySentence } from "./policy-list.tsx";
import { Timeline } from "./timeline.tsx";
import { TokenForm } from "./token-form.tsx";
import { WaitHistogram } from "./wait-histogram.tsx";

interface PageProps {
  /** URL of Sluice, with a trailing slash. */
  readonly base: string;
  readonly bucket: string;
}

/** The bucket's page. */
export function Page({ base, bucket }: PageProps): VNode {
  const [token, setToken] = useState(storedToken);
  const [feed, setFeed] = useState<FeedState>({ kind: "connecting" });
  const [view, setView] = useState<BucketView>();
  const [lostAtMs, setLostAtMs] = useState<number>();
  const [status, setStatus] = useState("");
  const { asking, waiting } = useAsking(base, bucket, token);

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

  const changeToken = useCallback((next: string | undefined) => {
    storeToken(next);
    setToken(next);
  }, []);

  const ask = useCallback(
    async (count: number, each: KnownAsk) => {
      setStatus(`Acquiring for ${showCallers(count)} …`);
      setStatus(summaryOf(await asking.ask(count, each)));
    },
    [asking],
  );

  return (
    <Fragment>
      <header class="masthead">
        <a class="wordmark" href={base}>
          <Logo />
          Sluice
        </a>
        <BucketForm base={base} bucket={bucket} />
        <FeedBadge feed={feed} />
      </header>
      <main class={lostAtMs === undefined ? "" : "stale"}>
        <div class="title">
          <h1>
            <span class="eyebrow">Bucket</span> <span class="name">{bucket}</span>
          </h1>
          {view && <p class="lead">{policySentence(view.snapshot.policy)}</p>}
          {view && <PauseNote view={view} />}
          {view && lostAtMs !== undefined && (
            <p class="stale-note">
              As of {showTime(lostAtMs)}, when the connection was lost. Later changes are not shown.
            </p>
          )}
        </div>
        {feed.kind === "denied" && (
          <Denied feed={feed} hadToken={token !== undefined} onToken={changeToken} />
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
            <Section id="timeline" title="Timeline" isWide>
              <Timeline view={view} isLive={feed.kind === "live"} />
            </Section>
            <div class="columns">
              <Section id="level" title="Tokens and queue">
                <LevelChart view={view} lostAtMs={lostAtMs} />
              </Section>
              <Section id="waits" title="Wait times">
                <WaitHistogram waits={view.waits} />
              </Section>
              <Section id="callers" title="Recent callers">
                <CallerLog view={view} />
              </Section>
              <Section id="policy" title="Policy">
                <PolicyList snapshot={view.snapshot} />
                {token !== undefined && (
                  <p>
                    <button type="button" class="quiet" onClick={() => changeToken(undefined)}>
                      Forget token
                    </button>
                  </p>
                )}
              </Section>
            </div>
            <aside class="shell">
              <p>Every other caller of this bucket appears here as well. From a shell:</p>
              <code>{curlCommand(base, bucket, token !== undefined)}</code>
            </aside>
          </Fragment>
        )}
        {!view && feed.kind !== "denied" && <p class="empty">Connecting to the bucket …</p>}
      </main>
    </Fragment>
  );
}

function capacitiesOf(policy: NamedPolicyFields): Capacities {
  return policyLimits(policy).map(([name, { capacity }]) => [name, capacity]);
}

/** The page's own callers of this bucket, and how many of them are waiting. */
function useAsking(
  base: string,
  bucket: string,
  token: string | undefined,
): { readonly asking: Asking; readonly waiting: number } {
  const [waiting, setWaiting] = useState(0);
  const asking = useMemo(() => {
    const made: Asking = new Asking(base, bucket, token, () => setWaiting(made.waiting));
    return made;
  }, [base, bucket, token]);
  const last = useRef(asking);
  last.current = asking;
  useEffect(() => (): void => last.current.cancelAll(), []);
  return { asking, waiting };
}

/** The results of callers that were sent together, in one sentence for a live region. */
function summaryOf(outcomes: readonly AskOutcome[]): string {
  const granted = outcomes.filter((outcome) => outcome.kind === "granted");
  const longest = Math.max(0, ...granted.map(({ waitedMs }) => waitedMs));
  const cancelled = outcomes.filter(({ kind }) => kind === "cancelled").length;
  const refused = outcomes.filter((outcome) => outcome.kind === "refused");
  const failed = outcomes.filter((outcome) => outcome.kind === "failed");
  const parts = [
    granted.length > 0 &&
      `${showCount(granted.length)} granted, ${longest === 0 ? "at once" : `longest wait ${showSeconds(longest)}`}`,
    cancelled > 0 && `${showCount(cancelled)} cancelled`,
    refused.length > 0 && `${showCount(refused.length)} refused: ${refused[0]?.detail}`,
    failed.length > 0 && `${showCount(failed.length)} failed: ${failed[0]?.message}`,
  ];
  return parts.filter((part) => part !== false).join("; ");
}

const titles: Partial<Record<SluiceErrorReason, string>> = {
  "unknown-bucket": "No such bucket",
  "invalid-request": "Invalid bucket name",
};

interface DeniedProps {
  readonly feed: Extract<FeedState, { kind: "denied" }>;
  readonly hadToken: boolean;
  readonly onToken: (token: string | undefined) => void;
}

function Denied({ feed, hadToken, onToken }: DeniedProps): VNode {
  const { reason, detail } = feed.error;
  if (reason === "unauthorized") {
    return <TokenForm detail={detail} hadToken={hadToken} onToken={onToken} />;
  }
  return (
    <section class="card notice" role="alert">
      <h2>{titles[reason] ?? "This bucket cannot be shown"}</h2>
      <p>{detail}.</p>
    </section>
  );
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

function Section({ id, title, isWide = false, children }: SectionProps): VNode {
  return (
    <section class={isWide ? "card wide" : "card"} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

function Logo(): VNode {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path class="posts" d="M7 7v18M25 7v18" />
      <path class="gate" d="M11.5 7h9v8h-9z" />
      <path
        class="water"
        d="M11 20c1.7-1.6 3.3-1.6 5 0s3.3 1.6 5 0M11 25c1.7-1.6 3.3-1.6 5 0s3.3 1.6 5 0"
      />
    </svg>
  );
}
