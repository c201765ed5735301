/**
 * The ledger: everything that is booked when a caller is settled. The outcomes of the turn under way, the
 * sums since the bucket started (stats.ts), and what the disk has to know (write-ahead.ts). At the end of
 * a turn it makes the turn's effects of them.
 */
import type { Lease } from "./lease/lease.ts";
import type { LimiterState, LimiterView, LimitView } from "./limiter-state.ts";
import type { Limit } from "./limits/limit.ts";
import type { Cost } from "./limits/cost.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { LimiterReason } from "./outcome.ts";
import type { Waiter } from "./queue/waiter-queue.ts";
import type { StatsView } from "./stats.ts";
import type { Settlement, Turn } from "./turn.ts";

import { tokensOf } from "./limits/cost.ts";
import { Stats } from "./stats.ts";
import { WriteAhead } from "./write-ahead.ts";

/** The longest duration that is reported, in milliseconds: integers in JSON aren't exact beyond it. */
const MAX_REPORTED_MS = 2 ** 53 - 1;

const NOBODY: readonly never[] = [];

/** A caller that is granted, and the tokens that it takes. */
interface GrantedCaller<Caller> {
  readonly caller: Caller;
  readonly tokens: Cost;
  /** When it joined the queue, epoch milliseconds; `undefined` if it has just come. */
  readonly queuedAtMs: number | undefined;
}

/** What is shown of a queue. */
interface ShownQueue {
  readonly size: number;
  readonly tokens: number;
  headLimit(limits: LimitSet): string | undefined;
}

/** The books of one limiter. */
export class Ledger<Caller> {
  #stats = new Stats();
  /** `undefined` if nothing is durable. */
  #writeAhead: WriteAhead | undefined;
  /** Of the turn under way; `undefined` as long as there are none. */
  #settled: Settlement<Caller>[] | undefined = undefined;

  /** @param isDurable Whether turns say what to write. */
  constructor(isDurable: boolean) {
    this.#writeAhead = isDurable ? new WriteAhead() : undefined;
  }

  /** The books of a state that is on the disk, whose limits are restored. */
  static from<Caller>(state: LimiterState, limits: LimitSet | undefined): Ledger<Caller> {
    const ledger = new Ledger<Caller>(true);
    ledger.#writeAhead = new WriteAhead(limits);
    ledger.#stats = Stats.from(state);
    if (limits) ledger.#stats.keepLimits(furtherNames(limits));
    return ledger;
  }

  /** What has been done since the bucket started, beyond the counts of `view`. */
  get stats(): StatsView {
    return this.#stats.view();
  }

  /**
   * A caller has its tokens: they have just been taken of `limits`, in a turn at `nowMs` by the clock.
   */
  granted(
    { caller, tokens: cost, queuedAtMs }: GrantedCaller<Caller>,
    limits: LimitSet,
    nowMs: number,
  ): void {
    this.#writeAhead?.noteGrant(cost, nowMs);
    const grantedAtMs = limits.instantOf(nowMs);
    const tokens = tokensOf(cost, 0);
    const hasWaited = queuedAtMs !== undefined && queuedAtMs < grantedAtMs;
    const waitedMs = hasWaited ? Math.round(grantedAtMs - queuedAtMs) : 0;
    this.#stats.noteGrant(cost, waitedMs);
    const remaining = limits.first.tokens;
    const outcome = { ok: true, tokens, remaining, waitedMs, grantedAtMs } as const;
    const further = limits.furtherGrants(cost);
    this.#settle({ caller, outcome: further ? { ...outcome, limits: further } : outcome });
  }

  /**
   * A caller gets nothing.
   *
   * @param retryInMs Until the same request would be granted, if that is known.
   * @param violatedLimits See `Refusal.violatedLimits`.
   */
  refused(
    caller: Caller,
    reason: LimiterReason,
    retryInMs?: number,
    violatedLimits?: readonly string[],
  ): void {
    this.#stats.noteRefusal(reason);
    const retryAfterMs = Math.min(Math.max(0, retryInMs ?? 0), MAX_REPORTED_MS);
    const outcome = {
      ok: false,
      reason,
      ...(retryInMs !== undefined && { retryAfterMs }),
      ...(violatedLimits && { violatedLimits }),
    } as const;
    this.#settle({ caller, outcome });
  }

  /** A waiter has left. */
  cancelled(): void {
    this.#stats.noteCancel();
  }

  /** An isolate has granted `tokens` to `callers` from its leases. */
  leased(tokens: number, callers: number): void {
    this.#stats.noteLeased(tokens, callers);
    this.changed();
  }

  /** Something besides grants must be written: a start, a pause, a lease, a new policy. */
  changed(): void {
    this.#writeAhead?.noteChange();
  }

  /** The limits are others now, so nothing that is written ahead covers a grant any more. */
  limitsReplaced(limits: LimitSet): void {
    this.#writeAhead &&= new WriteAhead(limits);
    this.#stats.keepLimits(furtherNames(limits));
    this.changed();
  }

  /** The bucket is forgotten. */
  reset(): void {
    this.#stats = new Stats();
    this.#writeAhead &&= new WriteAhead();
    this.changed();
  }

  /** The effects of the turn, which is done. What is booked from here on belongs to the next one. */
  endTurn(
    limits: LimitSet | undefined,
    nowMs: number,
    wakeAtMs?: number,
    waiter?: Waiter<Caller>,
    cancelled?: Waiter<Caller>,
    lease?: Lease,
  ): Turn<Caller> {
    const settled = this.#settled ?? NOBODY;
    this.#settled = undefined;
    const ahead = this.#writeAhead;
    const write = ahead?.isDue(nowMs) ? this.state(ahead.write(limits, nowMs)) : undefined;
    const flushInMs = ahead?.flushInMs(nowMs);
    return { settled, waiter, cancelled, lease, wakeAtMs, write, flushInMs };
  }

  /** Most turns settle one caller, and a list of one takes an eighth of what `push` makes room for. */
  #settle(settlement: Settlement<Caller>): void {
    if (this.#settled) this.#settled.push(settlement);
    else this.#settled = [settlement];
  }

  /** What a limiter shows: its limits, as of now, and its queue. @param isLent Whether it has leases. */
  view(limits: LimitSet, queue: ShownQueue, isLent: boolean): LimiterView {
    const { granted, refused, cancelled } = this.#stats;
    const { nextTickAtMs, tokens, ...paused } = viewOf(limits.first);
    const headLimit = queue.headLimit(limits);
    const further = limits.further?.map(([name, limit]) => [name, viewOf(limit)] as const);
    return {
      tokens,
      waiters: queue.size,
      queuedTokens: queue.tokens,
      nextTickAtMs,
      ...paused,
      granted,
      refused,
      cancelled,
      ...(isLent && { leasedTokens: limits.first.held?.tokens ?? 0 }),
      ...(further && { limits: Object.fromEntries(further) }),
      ...(headLimit !== undefined && { headLimit }),
    };
  }

  /** A limiter's state, if that of its limits is `limits`. */
  state(limits: LimiterState["limits"]): LimiterState {
    return { ...(limits && { limits }), ...this.#stats.toJSON() };
  }
}

function furtherNames({ specs }: LimitSet): string[] {
  return specs.slice(1).map(({ name }) => name);
}

function viewOf({ tokens, nextGainAtMs, pausedUntilMs }: Limit): LimitView {
  return {
    tokens: Math.max(0, tokens),
    nextTickAtMs: nextGainAtMs,
    ...(pausedUntilMs !== undefined && { pausedUntilMs }),
  };
}
