/**
 * Limiters for tests: policies with everyday numbers, and a scene whose callers have names, so that a
 * test reads as rows of (instant, caller, result). Instants in a scene count from its start; the
 * limiter underneath sees them as epoch milliseconds.
 */
import type { PolicyFields, PolicyOptions } from "../../src/core/policy.ts";
import type { HoldCall, PermitAnswer } from "../../src/core/holds/hold-call.ts";
import type { GrantRow } from "../../src/core/holds/grant-row.ts";
import type { LimiterOptions } from "../../src/core/limiter-state.ts";
import type { AcquireRequest, Turn } from "../../src/core/turn.ts";
import type { LimiterPolicy, LimiterState, LimiterView } from "../../src/core/limiter-state.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { CallerCounts } from "../../src/core/stats.ts";
import type { TokenBucketState } from "../../src/core/limits/bucket-state.ts";
import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import type { Waiter } from "../../src/core/queue/waiter-queue.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { isTokenBucketState } from "../../src/core/limits/bucket-state.ts";
import { Policy } from "../../src/core/policy.ts";
import { bucketFieldsOf } from "./bucket-policy.ts";

/** Where scenes start. No multiple of any interval, so that a grid counted from 0 is noticed. */
export const epochMs = 1_795_425_904_731;

/** The original's numbers (a bucket of one, one token a second) with `fields` applied. */
export function policyOf(fields: Partial<TokenBucketFields> & PolicyOptions = {}): Policy {
  return Policy.of({ capacity: 1, refillTokens: 1, refillIntervalMs: 1000, ...fields });
}

/** The token bucket that is the first limit of `policyOf(fields)`. */
export function bucketOf(fields: Partial<TokenBucketFields> = {}): TokenBucketFields {
  return bucketFieldsOf(policyOf(fields));
}

/** `Policy.of` as called from untyped code. */
export function policyFrom(fields: Readonly<Record<string, unknown>>): Policy {
  return Policy.of(fields as unknown as PolicyFields);
}

type Request = Omit<AcquireRequest<string>, "caller">;

/** A limiter with named callers. Every verb returns one line for each thing that it did. */
export class LimiterScene<Terms extends LimiterPolicy> {
  limiter: Limiter<string, Terms>;
  readonly #waiters = new Map<string, Waiter<string>>();
  /** What turns since the last `checkpoint` had to write. */
  #unwritten: LimiterState | undefined = undefined;
  /** Open grants as they are on the disk, by slot. */
  readonly #rows = new Map<number, GrantRow>();
  #ids = 0;
  /** See `Turn.flushInMs`; of the last turn. */
  flushInMs: number | undefined = undefined;

  constructor(policy: Terms) {
    this.limiter = new Limiter<string, Terms>(policy, this.#options);
  }

  /** Ids are `g1`, `g2` and so on. */
  get #options(): Required<Pick<LimiterOptions, "newId">> {
    return {
      newId: () => {
        this.#ids += 1;
        return `g${this.#ids}`;
      },
    };
  }

  acquire(atMs: number, caller: string, request: Request = {}): string[] {
    const requeued =
      request.firstArrivalMs === undefined
        ? {}
        : { firstArrivalMs: epochMs + request.firstArrivalMs };
    const turn = this.limiter.acquire({ ...request, ...requeued, caller }, epochMs + atMs);
    if (turn.waiter) this.#waiters.set(caller, turn.waiter);
    return this.#carryOut(turn);
  }

  try(atMs: number, caller: string, tokens = 1): string[] {
    return this.acquire(atMs, caller, { tokens, timeoutMs: 0 });
  }

  cancel(atMs: number, caller: string): string[] {
    return this.#carryOut(this.limiter.cancel(this.waiter(caller), epochMs + atMs));
  }

  /** A caller that left comes back to its place. */
  comeBack(atMs: number, caller: string): string[] {
    const turn = this.limiter.comeBack(this.waiter(caller), epochMs + atMs);
    if (turn.waiter) this.#waiters.set(caller, turn.waiter);
    return this.#carryOut(turn);
  }

  advance(atMs: number): string[] {
    return this.#carryOut(this.limiter.advance(epochMs + atMs));
  }

  reset(): string[] {
    return this.#carryOut(this.limiter.reset(epochMs));
  }

  switchTo(atMs: number, policy: Terms): string[] {
    return this.#carryOut(this.limiter.setPolicy(policy, epochMs + atMs));
  }

  pause(atMs: number, untilMs: number, tokens = 0): string[] {
    return this.#carryOut(
      this.limiter.pause({ untilMs: epochMs + untilMs, tokens }, epochMs + atMs),
    );
  }

  /** The answer to the holder of `id`, and then a line for each thing that its call did. */
  changeHold(atMs: number, id: string, call: HoldCall): unknown[] {
    const { turn, answer } = this.limiter.changeHold(id, call, epochMs + atMs);
    return [answer, ...this.#carryOut(turn)];
  }

  dropHold(atMs: number, id: string): unknown[] {
    const { turn, answer } = this.limiter.dropHold(id, epochMs + atMs);
    return [answer, ...this.#carryOut(turn)];
  }

  extendPermit(atMs: number, id: string): PermitAnswer {
    const { turn, answer } = this.limiter.extendPermit(id, epochMs + atMs);
    this.#carryOut(turn);
    return answer;
  }

  releasePermit(atMs: number, id: string): string[] {
    return this.#carryOut(this.limiter.releasePermit(id, epochMs + atMs));
  }

  resume(atMs: number): string[] {
    return this.#carryOut(this.limiter.resume(epochMs + atMs));
  }

  /** The limiter as restored from the disk: through JSON text, with nobody waiting. */
  restore(): void {
    const state: LimiterState = JSON.parse(JSON.stringify(this.limiter));
    const rows: GrantRow[] = JSON.parse(JSON.stringify([...this.#rows.values()]));
    this.limiter = Limiter.from(this.limiter.policy, state, rows, this.#options);
  }

  /** The limiter of an object that has slept until `atMs`: restored from the disk, with its waiters. */
  sleepUntil(atMs: number): void {
    const waiters = savedWaiters(this.limiter);
    this.restore();
    for (const waiter of this.limiter.restore(waiters, epochMs + atMs)) {
      this.#waiters.set(waiter.caller, waiter);
    }
  }

  /** Writes the row of an open grant. */
  keepRow(row: GrantRow): void {
    this.#rows.set(row.slot, row);
  }

  /** What its owner would have to write by now, of all turns since it was last asked. */
  checkpoint(atMs: number): LimiterState | undefined {
    this.advance(atMs);
    const state = this.#unwritten;
    this.#unwritten = undefined;
    return state;
  }

  /** The daemon: one line for each grant up to `untilMs`, waking exactly when asked to. */
  runDaemon(untilMs: number): string[] {
    const lines: string[] = [];
    for (;;) {
      const wakeAtMs = this.nextWakeAtMs;
      if (wakeAtMs === undefined || wakeAtMs > untilMs) return lines;
      const settled = this.advance(wakeAtMs);
      if (settled.length === 0) throw new Error(`Woken at ${wakeAtMs} for nobody`);
      lines.push(...settled);
    }
  }

  /** The handle that `caller` got when it last began to wait. */
  waiter(caller: string): Waiter<string> {
    const waiter = this.#waiters.get(caller);
    if (!waiter) throw new Error(`${caller} never had to wait`);
    return waiter;
  }

  inspect(atMs: number): LimiterView {
    const view = this.limiter.inspect(epochMs + atMs);
    const { pausedUntilMs } = view;
    return {
      ...view,
      nextTickAtMs: view.nextTickAtMs - epochMs,
      ...(pausedUntilMs !== undefined && { pausedUntilMs: pausedUntilMs - epochMs }),
    };
  }

  get nextWakeAtMs(): number | undefined {
    const wakeAtMs = this.limiter.nextWakeAtMs;
    return wakeAtMs === undefined ? undefined : wakeAtMs - epochMs;
  }

  #carryOut(turn: Turn<string>): string[] {
    this.#unwritten = turn.write ?? this.#unwritten;
    for (const row of turn.rows ?? []) this.keepRow(row);
    this.flushInMs = turn.flushInMs;
    return linesOf(turn);
  }
}

/** A scene with a policy's numbers. */
export class Scene extends LimiterScene<Policy> {
  constructor(fields: Parameters<typeof policyOf>[0] = {}) {
    super(policyOf(fields));
  }

  setPolicy(atMs: number, changes: Partial<PolicyFields>): string[] {
    return this.switchTo(atMs, policyFrom(this.limiter.policy.merge(changes)));
  }
}

/** One a second, nothing there, and these wait from 0 on, a millisecond apart. */
export function sceneOf(...callers: string[]): Scene {
  const scene = new Scene();
  scene.acquire(0, "first");
  callers.forEach((caller, index) => scene.acquire(index + 1, caller));
  return scene;
}

/** All waiters, from the head on, as what outlives their object keeps them: through JSON text. */
export function savedWaiters<Terms extends LimiterPolicy>(
  limiter: Limiter<string, Terms>,
): Waiter<string>[] {
  const waiters = [...limiter.places()].map(({ waiter }) => {
    const { caller, tokens, queuedAtMs, deadlineAtMs, holdMs, arrivalNumber, behindLater } = waiter;
    return { caller, tokens, queuedAtMs, deadlineAtMs, holdMs, arrivalNumber, behindLater };
  });
  return JSON.parse(JSON.stringify(waiters));
}

/** The state of a limiter whose one limit is this token bucket. */
export function stateOf(
  bucket: Omit<TokenBucketState, "kind">,
  counts: Partial<CallerCounts> = {},
): LimiterState {
  const state: TokenBucketState = { kind: "bucket", ...bucket };
  return { limits: [state], granted: 0, refused: 0, cancelled: 0, ...counts };
}

/** The token bucket in a state; `undefined` before the first acquire. */
export function bucketIn({ limits: [first] = [] }: LimiterState): TokenBucketState | undefined {
  return first && isTokenBucketState(first) ? first : undefined;
}

/** Where everybody stands and when they are granted, from the head on: `Ann 1 at 1000`. */
export function placesOf<Terms extends LimiterPolicy>({ limiter }: LimiterScene<Terms>): string[] {
  return [...limiter.places()].map(
    ({ waiter, position, grantAtMs }) => `${waiter.caller} ${position} at ${grantAtMs - epochMs}`,
  );
}

function linesOf(turn: Turn<string>): string[] {
  const lines = turn.settled.map(({ caller, outcome }) => `${caller} ${lineOf(outcome)}`);
  if (turn.waiter) lines.push(`${turn.waiter.caller} waits`);
  return lines;
}

function lineOf(outcome: Outcome): string {
  if (outcome.ok) {
    const atMs = outcome.grantedAtMs - epochMs;
    return `granted ${outcome.tokens} at ${atMs} after ${outcome.waitedMs}, ${outcome.remaining} left`;
  }
  const retry = outcome.retryAfterMs === undefined ? "" : `, retry after ${outcome.retryAfterMs}`;
  return `refused: ${outcome.reason}${retry}`;
}
