/**
 * What the holders of open grants ask for: the middle of a turn, between serving everybody who is due and its end.
 * What comes back may serve waiters, and what was used beyond what was reserved is taken of the limits.
 */
import type { HoldAnswer, HoldCall, PermitAnswer } from "./holds/hold-call.ts";
import type { HoldResult, Holds } from "./holds/holds.ts";
import type { Ledger } from "./ledger.ts";
import type { LimiterPolicy } from "./limiter-state.ts";
import type { LimitSet } from "./limits/limit-set.ts";
import type { ServedQueue } from "./served-queue.ts";

const UNKNOWN_HOLD: HoldAnswer = { kind: "unknown-hold" };
const PERMIT_LOST: PermitAnswer = { kind: "permit-lost" };

/** The calls of the holders of one limiter. Its limits are passed in; `undefined` before it has started. */
export class HolderCalls<Caller> {
  readonly #ledger: Ledger<Caller>;
  readonly #queue: ServedQueue<Caller>;

  constructor(ledger: Ledger<Caller>, queue: ServedQueue<Caller>) {
    this.#ledger = ledger;
    this.#queue = queue;
  }

  /** See `Limiter.changeHold`. */
  changeHold(
    limits: LimitSet | undefined,
    { id, call, policy }: { id: string; call: HoldCall; policy: LimiterPolicy },
    nowMs: number,
  ): HoldAnswer {
    return this.#run(limits, policy, nowMs, (holds, open, atMs) => {
      return holds.change(open, id, call, atMs);
    });
  }

  /** See `Limiter.dropHold`. */
  dropHold(
    limits: LimitSet | undefined,
    { id, policy }: { id: string; policy: LimiterPolicy },
    nowMs: number,
  ): HoldAnswer {
    return this.#run(limits, policy, nowMs, (holds, open, atMs) => holds.drop(open, id, atMs));
  }

  /** See `Limiter.extendPermit`. */
  extendPermit(
    limits: LimitSet | undefined,
    { id, sessionId }: { id: string; sessionId: string | undefined },
    nowMs: number,
  ): PermitAnswer {
    const holds = this.#holdsAfterServing(limits, nowMs);
    const answer = (limits && holds?.extendPermit(limits, id, sessionId)) ?? PERMIT_LOST;
    if (answer.kind === "extended") this.#queue.forget();
    return answer;
  }

  /** See `Limiter.releasePermit`. */
  releasePermit(limits: LimitSet | undefined, id: string, nowMs: number): void {
    const holds = this.#holdsAfterServing(limits, nowMs);
    if (!limits || !holds?.releasePermit(limits, id, limits.instantOf(nowMs))) return;
    this.#queue.forget();
    this.#queue.serveDue(limits, nowMs);
  }

  /** See `Limiter.endSessions`. */
  endSessions(
    limits: LimitSet | undefined,
    { isOver, graceMs }: { isOver: (sessionId: string) => boolean; graceMs: number },
    nowMs: number,
  ): void {
    const holds = this.#holdsAfterServing(limits, nowMs);
    if (!limits || !holds) return;
    const atMs = limits.instantOf(nowMs);
    const ends = { endAtMs: atMs + graceMs, nowMs: atMs };
    if (!holds.endSessions(limits, isOver, ends)) return;
    this.#queue.forget();
    this.#queue.serveDue(limits, nowMs);
  }

  /** Refuses a caller that asks for a hold, and returns `true`, if the bucket has as many as it can. */
  refusesHold(limits: LimitSet | undefined, caller: Caller, nowMs: number): boolean {
    if (this.#ledger.holds?.hasRoom !== false) return false;
    const holds = this.#holdsAfterServing(limits, nowMs);
    if (!holds || holds.hasRoom) return false;
    this.#ledger.refused(caller, "holds-full", holds.firstHoldEndAtMs - nowMs);
    return true;
  }

  #run(
    limits: LimitSet | undefined,
    policy: LimiterPolicy,
    nowMs: number,
    run: (holds: Holds, limits: LimitSet, atMs: number) => HoldResult,
  ): HoldAnswer {
    const holds = this.#holdsAfterServing(limits, nowMs);
    if (!limits || !holds) return UNKNOWN_HOLD;
    const { answer, owed } = run(holds, limits, limits.instantOf(nowMs));
    const isFirst = policy.hold?.debt === "front";
    if (owed && isFirst) this.#queue.oweFirst(limits, owed, nowMs);
    // What has come back is there earlier than any forecast assumed.
    this.#queue.forget();
    this.#queue.serveDue(limits, nowMs);
    if (owed && !isFirst) this.#queue.owe(limits, owed);
    return answer;
  }

  /** The grants that are open now, once everybody who is due has been served; `undefined` if there are none. */
  #holdsAfterServing(limits: LimitSet | undefined, nowMs: number): Holds | undefined {
    if (limits) this.#queue.serveDue(limits, nowMs);
    return this.#ledger.holds;
  }
}
