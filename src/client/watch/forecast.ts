/**
 * Predicts a bucket between two messages of its feed. What brings tokens is known and the queue is
 * served in order, so the tokens of an idle bucket and the grants of its waiters follow from the
 * last snapshot. The arithmetic is the object's own, not an approximation of it.
 */
import type { Ask } from "../../core/ask.ts";
import type { LimitView } from "../../core/limiter-state.ts";
import type { Pause } from "../../core/pause.ts";
import type { CompleteLimitFields } from "../../core/limits/kinds.ts";
import type { TimeZones } from "../../core/limits/time-zones.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { utcOffsets } from "../../core/limits/civil-grid.ts";
import { costOf, tokensOf, type Cost } from "../../core/limits/cost.ts";
import { specOf } from "../../core/limits/kinds.ts";
import { FIRST_LIMIT } from "../../core/limits/limit-name.ts";
import { LimitSet } from "../../core/limits/limit-set.ts";
import { LookAhead } from "../../core/limits/look-ahead.ts";
import { timeZones } from "../../time-zones.ts";

/** At most this many waiters about which only their number is known are simulated individually. */
const MAX_UNKNOWN_WAITERS = 10_000;
/** A grant is reported up to this long after its tick, in milliseconds. */
export const REPORT_DELAY_MS = 100;
/** Boundaries of one calendar that are looked for: an hour at most apart, a day of them. */
const MAX_BOUNDARIES = 24;

/** What a watcher knows of what a request asks for. */
export type KnownAsk = Pick<Ask, "tokens" | "limits">;

/** A waiter, and until when it waits. */
export interface TimedAsk extends KnownAsk {
  readonly deadlineAtMs: number;
}

/** A limit as it is at an instant. */
export interface LimitNow extends LimitView {
  readonly name: string;
  /** What the policy says of it. */
  readonly fields: CompleteLimitFields;
}

/** The limits of a policy with their names. The first one is always there. */
type PolicyLimits = [first: NamedLimit, ...others: NamedLimit[]];
/** A limit of a policy: its name, and what the policy says of it. */
export type NamedLimit = readonly [name: string, fields: CompleteLimitFields];

/** The beginning of a period of the calendar limit `name`. */
export interface Boundary {
  readonly name: string;
  readonly atMs: number;
}

/** A server's newer table may have zones that this runtime lacks: a guess is better than nothing. */
const lenientZones: TimeZones = { zoneOf: (name) => timeZones.zoneOf(name) ?? utcOffsets };

/** What `limitsOf` has made. */
const made = new WeakMap<BucketSnapshot, LimitSet>();

/** What a policy says of each limit, by name and in order. */
export function policyLimits(policy: NamedPolicyFields): PolicyLimits {
  return [[FIRST_LIMIT, policy], ...Object.entries(policy.limits ?? {})];
}

/**
 * All limits at `nowMs` (epoch milliseconds), the first one first, assuming no requests since the
 * snapshot. While callers wait, the limit that the head waits for has the snapshot's tokens, because
 * waiters take what comes in, and the feed reports each of them.
 */
export function limitsAt(snapshot: BucketSnapshot, nowMs: number): LimitNow[] {
  const limits = limitsOf(snapshot).copy();
  const isStarted = hasStarted(snapshot);
  const untilMs = snapshot.waiters > 0 ? nowMs - REPORT_DELAY_MS : nowMs;
  if (isStarted) limits.advance(untilMs);
  const tokens = limits.all.map((limit) => Math.max(0, limit.tokens));
  limits.advance(nowMs);
  const nextGains = limits.all.map((limit) => limit.nextGainAtMs);
  return policyLimits(snapshot.policy).map(([name, fields], index) => {
    const view = viewOf(snapshot, name);
    const now = {
      name,
      fields,
      tokens: mayGain(snapshot, name) ? (tokens[index] ?? view.tokens) : view.tokens,
      nextTickAtMs: view.nextTickAtMs > nowMs ? view.nextTickAtMs : (nextGains[index] ?? Infinity),
    };
    const { pausedUntilMs = -Infinity, pausedTokens } = view;
    if (pausedUntilMs <= nowMs) return now;
    return Object.assign(
      now,
      pausedTokens === undefined ? { pausedUntilMs } : { pausedUntilMs, pausedTokens },
    );
  });
}

/** Tokens of the first limit at `nowMs`, epoch milliseconds: see `limitsAt`. */
export function tokensAt(snapshot: BucketSnapshot, nowMs: number): number {
  return limitsAt(snapshot, nowMs)[0]?.tokens ?? snapshot.tokens;
}

/**
 * Whether the bucket has started to tick, which it does with the first request it could ever grant.
 * A refusal may be of a request it never could, so it is conclusive only if there were no initial
 * tokens.
 */
export function hasStarted(snapshot: BucketSnapshot): boolean {
  const { granted, cancelled, refused, waiters, policy } = snapshot;
  return granted + cancelled + waiters > 0 || (refused > 0 && policy.initialTokens === 0);
}

/** Whether the limit `name` gets tokens that the feed doesn't report. */
export function mayGain(snapshot: BucketSnapshot, name: string): boolean {
  if (!hasStarted(snapshot)) return false;
  return snapshot.waiters === 0 || (snapshot.headLimit ?? FIRST_LIMIT) !== name;
}

/** When tokens of the first limit next come in after `nowMs`, both epoch milliseconds. */
export function nextTickAfter(snapshot: BucketSnapshot, nowMs: number): number {
  if (nowMs < snapshot.nextTickAtMs) return snapshot.nextTickAtMs;
  const limits = limitsOf(snapshot).copy();
  limits.advance(nowMs);
  return limits.first.nextGainAtMs;
}

/**
 * Milliseconds until a limit next changes without a request; `undefined` if none will: a full one
 * changes only with a request, and the feed reports every change of a queue.
 */
export function untilChangeMs(snapshot: BucketSnapshot, nowMs: number): number | undefined {
  const delayMs = snapshot.waiters > 0 ? REPORT_DELAY_MS : 0;
  const gainsInMs = limitsAt(snapshot, nowMs)
    .filter(({ name, tokens, fields }) => mayGain(snapshot, name) && tokens < fields.capacity)
    .map(({ nextTickAtMs }) => nextTickAtMs + delayMs - nowMs);
  return gainsInMs.length > 0 ? Math.min(...gainsInMs) : undefined;
}

/**
 * When each of `asks` (in queue order) will be granted, as epoch milliseconds; if the bucket has permits, the
 * earliest possible time, because nobody knows when they come back. Waiters that the
 * snapshot counts beyond `asks` arrived before the page did, and so are ahead of them; each of those is
 * taken to ask the same of every limit.
 */
export function forecastGrants(snapshot: BucketSnapshot, asks: readonly KnownAsk[]): number[] {
  const limits = limitsOf(snapshot);
  const ahead = new LookAhead(limits);
  const costs = asks.map((ask) => costOf(limits.specs, ask));
  const known = costs.reduce<number>((sum, cost) => sum + tokensOf(cost, 0), 0);
  const unknown = Math.min(MAX_UNKNOWN_WAITERS, Math.max(0, snapshot.waiters - asks.length));
  const unknownTokens = Math.max(0, snapshot.queuedTokens - known);
  for (let index = 0; index < unknown; index++) {
    const share =
      Math.floor((unknownTokens * (index + 1)) / unknown) -
      Math.floor((unknownTokens * index) / unknown);
    ahead.serve(fittingCost(limits, share));
  }
  return costs.map((cost) => ahead.serve(fittingCost(limits, cost)));
}

/**
 * How many of the waiters a pause from `nowMs` on would refuse, because they could not be granted by their
 * deadlines. The bucket does the same: who is refused makes room for those behind. Permits that come back are left out.
 *
 * @param waiters From the head of the queue on.
 */
export function lateUnderPause(
  snapshot: BucketSnapshot,
  waiters: readonly TimedAsk[],
  { untilMs, tokens, limits: names }: Pause,
  nowMs: number,
): number {
  const limits = limitsOf(snapshot).copy();
  if (nowMs > limits.reachedAtMs) limits.advance(nowMs);
  const fromMs = limits.reachedAtMs;
  if (untilMs > fromMs)
    for (const limit of limits.named(names)) limit.pause(untilMs, tokens, fromMs);
  const ahead = new LookAhead(limits);
  let late = 0;
  for (const waiter of waiters) {
    const cost = fittingCost(limits, costOf(limits.specs, waiter));
    const atMs = ahead.availableAt(cost);
    if (atMs > waiter.deadlineAtMs) late += 1;
    else ahead.serveAt(atMs, cost);
  }
  return late;
}

/** The boundaries of all calendar limits after `fromMs` and up to `toMs`, both epoch milliseconds. */
export function boundariesBetween(
  snapshot: BucketSnapshot,
  fromMs: number,
  toMs: number,
): Boundary[] {
  return limitsOf(snapshot).specs.flatMap(({ name, kind, fields }) => {
    if (!("every" in fields)) return [];
    const limit = kind.start(fields, fromMs);
    const boundaries: Boundary[] = [];
    while (limit.nextGainAtMs <= toMs && boundaries.length < MAX_BOUNDARIES) {
      boundaries.push({ name, atMs: limit.nextGainAtMs });
      limit.advance(limit.nextGainAtMs);
    }
    return boundaries;
  });
}

/** The limits as the snapshot has them. Don't change them. */
function limitsOf(snapshot: BucketSnapshot): LimitSet {
  const known = made.get(snapshot);
  if (known) return known;
  // What a server shows is legal, and a newer one may show fields that are unknown here.
  const specs = policyLimits(snapshot.policy).map(([name, limit]) => {
    return specOf(name, limit, lenientZones);
  });
  const views = specs.map(({ name }) => viewOf(snapshot, name));
  // Nothing happens before tokens next come in. All of them start before that, or those that have
  // their tokens would hold up the others.
  const beforeMs = Math.min(...views.map(({ nextTickAtMs }) => nextTickAtMs)) - 1;
  const states = specs.map(({ name, kind, fields: limit }, index) => {
    const { tokens, nextTickAtMs, pausedTokens = 0 } = views[index] ?? snapshot;
    const startedAtMs = startBefore(beforeMs, nextTickAtMs, limit);
    const initialTokens = tokens + pausedTokens;
    const started = kind.start({ ...limit, initialTokens }, startedAtMs);
    // What is aside is there at the end of the pause; what a tick brings, with that tick.
    const untilMs = pausedTokens > 0 ? nextTickAtMs : nextTickAtMs - 1;
    started.pause(untilMs, tokens, startedAtMs);
    started.take(owedNow(snapshot, name));
    return started.toJSON();
  });
  const limits = LimitSet.restore(specs, states);
  made.set(snapshot, limits);
  return limits;
}

/** What ticks have to make good of the limit `name` before they bring anything. */
function owedNow({ waiters, policy, owedTokens }: BucketSnapshot, name: string): number {
  // Behind the waiters, it makes none of them later.
  const isTaken = waiters === 0 || policy.hold?.debt === "front";
  return isTaken ? (owedTokens?.[name] ?? 0) : 0;
}

/** The latest start up to `beforeMs` that has a tick at `nextTickAtMs`. */
function startBefore(beforeMs: number, nextTickAtMs: number, fields: object): number {
  if (!("refillIntervalMs" in fields)) return beforeMs;
  const intervalMs = Number(fields.refillIntervalMs);
  return nextTickAtMs - Math.ceil((nextTickAtMs - beforeMs) / intervalMs) * intervalMs;
}

function viewOf(snapshot: BucketSnapshot, name: string): LimitView {
  return snapshot.limits?.[name] ?? snapshot;
}

/** No more than fits, as after a change of policy. */
function fittingCost({ specs }: LimitSet, cost: Cost): Cost {
  return specs.map(({ fields }, index) => Math.min(tokensOf(cost, index), fields.capacity));
}
