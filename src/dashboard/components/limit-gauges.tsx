/** The limits of a bucket that has several: a gauge for each, and which of them the queue waits for. */
import type { VNode } from "preact";

import type { BucketSnapshot } from "../../protocol/bucket-snapshot.ts";

import { limitsAt, REPORT_DELAY_MS, type LimitNow } from "../../client/watch/forecast.ts";
import { boundaryWords } from "../../client/watch/calendar-words.ts";
import { showComing, showCount } from "../format.ts";
import { refillWords } from "./policy-list.tsx";
import { TokenLevel } from "./token-level.tsx";
import { useBucketNow, type HeardView } from "./use-bucket-now.ts";

/** Faster changes are not followed individually, in milliseconds. */
const MIN_REFRESH_MS = 200;
/** The next one of faster ticks is not worth its time of day, in milliseconds. */
const MIN_ANNOUNCED_MS = 5_000;

/** A list, in the order of the policy. */
export function LimitGauges(heard: HeardView): VNode {
  const { snapshot } = heard.view;
  const nowMs = useBucketNow(heard, (atMs) => {
    const changesAtMs = limitsAt(snapshot, atMs).flatMap((limit) => [
      limit.tokens < limit.fields.capacity ? limit.nextTickAtMs + REPORT_DELAY_MS : Infinity,
      limit.pausedUntilMs ?? Infinity,
    ]);
    const changeAtMs = Math.min(...changesAtMs);
    return changeAtMs === Infinity ? undefined : Math.max(MIN_REFRESH_MS, changeAtMs - atMs);
  });
  return (
    <ul class="gauges">
      {limitsAt(snapshot, nowMs).map((limit) => {
        const isHead = snapshot.headLimit === limit.name;
        const outside = heldWords(snapshot, limit.name);
        return <Gauge key={limit.name} {...{ limit, nowMs, isHead, outside }} />;
      })}
    </ul>
  );
}

interface GaugeProps {
  readonly limit: LimitNow;
  readonly nowMs: number;
  readonly isHead: boolean;
  /** What holds have of it, or owe it; empty if nothing. */
  readonly outside: string;
}

function Gauge({ limit, nowMs, isHead, outside }: GaugeProps): VNode {
  const { name, fields, tokens } = limit;
  return (
    <li class={isHead ? "gauge head" : "gauge"} data-limit={name}>
      <h3>
        <span class="name">{name}</span>
        {isHead && <span class="head-mark">the queue waits for this</span>}
      </h3>
      <p class="amount">
        <strong>{showCount(tokens)}</strong>{" "}
        <span class="of">
          of {showCount(fields.capacity)}
          {outside}
        </span>
      </p>
      <TokenLevel tokens={tokens} capacity={fields.capacity} label={`Tokens of ${name}`} />
      <p class="note">{noteOf(limit, nowMs)}</p>
    </li>
  );
}

/** What holds have of a limit, or owe it, to be said behind its tokens: `, 40 held, 3 owed`. */
export function heldWords({ heldTokens, owedTokens }: BucketSnapshot, name: string): string {
  const held = heldTokens?.[name] ?? 0;
  const owed = owedTokens?.[name] ?? 0;
  return `${held > 0 ? `, ${showCount(held)} held` : ""}${owed > 0 ? `, ${showCount(owed)} owed` : ""}`;
}

/** What is next to happen to the limit. */
function noteOf({ fields, tokens, nextTickAtMs, ...paused }: LimitNow, nowMs: number): string {
  const { pausedUntilMs, pausedTokens = 0 } = paused;
  if (pausedUntilMs !== undefined) {
    const then = pausedTokens > 0 ? `, then ${showCount(pausedTokens)} more` : "";
    return `Paused until ${showComing(pausedUntilMs, nowMs)}${then}`;
  }
  if (fields.every !== undefined) return `Full again ${boundaryWords(nextTickAtMs, fields)}`;
  const isWorthIt = tokens < fields.capacity && fields.refillIntervalMs >= MIN_ANNOUNCED_MS;
  return `${refillWords(fields)}${isWorthIt ? `, next at ${showComing(nextTickAtMs, nowMs)}` : ""}`;
}
