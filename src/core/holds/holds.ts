/**
 * Holds and permits of one bucket: what a grant opens, and what its holder may ask for afterwards. The grants
 * themselves are in open-grants.ts, and what comes back goes to the limits.
 *
 * A permit that was granted or extended on a session belongs to it, and has no end while the session lives. One that
 * is extended elsewhere belongs to that session, or to none: so a client that has lost its session resumes its permits.
 */
import type { Cost, NamedTokens } from "../limits/cost.ts";
import type { LimitSet } from "../limits/limit-set.ts";
import type { Grant } from "../outcome.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "./hold-call.ts";
import type { Permits } from "../limits/permits.ts";
import type { GrantRow, HoldState, OpenGrantState, PermitState, Settlement } from "./grant-row.ts";

import { type GrantEnds, unspentOf } from "../limits/reserves.ts";
import { debtOf, isSameUse, mapParts, useOf, zerosOf } from "./hold-use.ts";
import { MAX_OPEN_HOLDS, OpenGrants } from "./open-grants.ts";

/** The answer to a holder, and what its hold owes from now on; nothing has been taken for that yet. */
export interface HoldResult {
  readonly answer: HoldAnswer;
  readonly owed?: NamedTokens | undefined;
}

/** What a grant opens, if anything. */
export interface Opening {
  readonly cost: Cost;
  readonly grantedAtMs: number;
  /** `undefined` without a hold. */
  readonly holdMs: number | undefined;
  /** The session of the caller; `undefined` without one. */
  readonly sessionId?: string | undefined;
}

/** What the holder of an open grant says that it used. */
interface Use {
  readonly grant: OpenGrantState;
  readonly hold: HoldState;
  readonly used: NamedTokens;
}

const UNKNOWN: HoldResult = { answer: { kind: "unknown-hold" } };
const PERMIT_LOST: PermitAnswer = { kind: "permit-lost" };

/** The holds and permits of one bucket. */
export class Holds {
  readonly #newId: () => string;
  #grants: OpenGrants;

  /**
   * @param newId Makes an id that can't be guessed, another one each time.
   * @param lastFence See `OpenGrants.lastFence`.
   */
  constructor(newId: () => string, lastFence = 0) {
    this.#newId = newId;
    this.#grants = new OpenGrants(lastFence);
  }

  /** What rows describe; of holds that were open, the rest may come back to `limits`. */
  restore(rows: readonly GrantRow[], limits: LimitSet | undefined, writtenOff: NamedTokens): void {
    this.#grants = OpenGrants.from(rows);
    if (!limits) return;
    limits.restoreReserves([...this.#grants.holds()], writtenOff);
    limits.endWith(this.#grants);
    if (!limits.permits) return;
    for (const { permit } of this.#grants.withPermit()) if (permit) lend(limits.permits, permit);
  }

  /** Others in the same state. */
  copy(): Holds {
    const copy = new Holds(this.#newId);
    copy.#grants = this.#grants.copy();
    return copy;
  }

  /** What ends by itself. */
  get ends(): GrantEnds {
    return this.#grants;
  }

  /** See `OpenGrants.lastFence`. */
  get lastFence(): number {
    return this.#grants.lastFence;
  }

  /** Whether there are rows on the disk. */
  get hasRows(): boolean {
    return this.#grants.hasRows;
  }

  /** See `OpenGrants.rememberedUntilMs`. */
  get rememberedUntilMs(): number {
    return this.#grants.rememberedUntilMs;
  }

  get hasOpenHolds(): boolean {
    return this.#grants.openHoldCount > 0;
  }

  /** Whether another hold may be opened. */
  get hasRoom(): boolean {
    return this.#grants.openHoldCount < MAX_OPEN_HOLDS;
  }

  /** When the first hold ends that is open, epoch milliseconds; `Infinity` if there is none. */
  get firstHoldEndAtMs(): number {
    return this.#grants.firstHoldEndAtMs;
  }

  /** See `OpenGrants.isOpen`. */
  isOpen(grant: Pick<Grant, "hold" | "permit">, nowMs: number): boolean {
    return this.#grants.isOpen(grant, nowMs);
  }

  /** A grant whose tokens, and permit if there are any, have just been taken. */
  open(
    limits: LimitSet,
    { cost, grantedAtMs, holdMs, sessionId }: Opening,
  ): Pick<Grant, "hold" | "permit"> {
    limits.endWith(this.#grants);
    const hold =
      holdMs === undefined
        ? undefined
        : {
            expiresAtMs: grantedAtMs + holdMs,
            limits: limits.reserve(cost),
          };
    const permit = limits.permits && permitOf(limits.permits.endAtMs, sessionId);
    if (sessionId !== undefined) limits.permits?.bind(limits.permits.endAtMs);
    return this.#grants.open({ id: this.#newId(), grantedAtMs, hold, permit });
  }

  /** What the turn that ends now has to write; `undefined` if nothing. */
  takeChanged(): readonly GrantRow[] | undefined {
    return this.#grants.takeChanged();
  }

  /** Does what the holder of `id` asks for. */
  change(limits: LimitSet, id: string, call: HoldCall, nowMs: number): HoldResult {
    const grant = this.#grants.find(id);
    const hold = grant?.hold;
    if (!hold) return UNKNOWN;
    if ("extendMs" in call) return this.#extend(grant, hold, nowMs + call.extendMs, nowMs);
    const isSettle = "used" in call;
    const use = isSettle
      ? useOf(hold.limits, "used", call.used)
      : useOf(hold.limits, "atLeast", call.atLeast);
    const { settlement } = hold;
    if (settlement) {
      const isRepeated = isSettle && "tokens" in use && isSameUse(use.tokens, settlement.used);
      return isRepeated ? settledAs(id, settlement) : settledBefore(settlement);
    }
    if ("faults" in use) return { answer: { kind: "invalid", errors: use.faults } };
    return isSettle
      ? this.#settle(limits, { grant, hold, used: use.tokens }, nowMs)
      : this.#spend(limits, { grant, hold, used: use.tokens });
  }

  /** The holder of `id` gives everything back. */
  drop(limits: LimitSet, id: string, nowMs: number): HoldResult {
    const hold = this.#grants.find(id)?.hold;
    return hold ? this.change(limits, id, { used: zerosOf(hold.limits) }, nowMs) : UNKNOWN;
  }

  /**
   * The holder of `id` keeps its permit for as long as a new one lasts. Its end is never moved forward: the holder may
   * not get the answer. The permit belongs to the session `sessionId` from now on, or to none; if that is so already,
   * there is nothing to note.
   */
  extendPermit(limits: LimitSet, id: string, sessionId?: string): PermitAnswer {
    const grant = this.#grants.find(id);
    const { permits } = limits;
    if (!grant?.permit || !permits || grant.fence === undefined) return PERMIT_LOST;
    const expiresAtMs = Math.max(grant.permit.expiresAtMs, permits.endAtMs);
    const extended: PermitAnswer = {
      kind: "extended",
      permit: { id, fence: grant.fence, expiresAtMs },
    };
    if (sessionId !== undefined && sessionId === grant.permit.sessionId) return extended;
    const permit = permitOf(expiresAtMs, sessionId);
    takeBack(permits, grant.permit);
    lend(permits, permit);
    this.#grants.change({ ...grant, permit });
    return extended;
  }

  /** The permit of `id` comes back; returns `false` if it has already. */
  releasePermit(limits: LimitSet, id: string, nowMs: number): boolean {
    const grant = this.#grants.find(id);
    if (!grant?.permit) return false;
    const { permit, ...others } = grant;
    if (limits.permits) takeBack(limits.permits, permit);
    limits.permits?.noteHeld(Math.max(0, nowMs - grant.grantedAtMs));
    this.#grants.change(others);
    return true;
  }

  /**
   * Sessions are over: their permits end at `endAtMs`, which may be now. Returns whether they had any.
   *
   * @param isOver Whether the session with this id is over.
   */
  endSessions(
    limits: LimitSet,
    isOver: (sessionId: string) => boolean,
    { endAtMs, nowMs }: { readonly endAtMs: number; readonly nowMs: number },
  ): boolean {
    const { permits } = limits;
    if (!permits) return false;
    let hasChanged = false;
    for (const grant of this.#grants.withPermit()) {
      const { permit, ...others } = grant;
      if (permit?.sessionId === undefined || !isOver(permit.sessionId)) continue;
      hasChanged = true;
      takeBack(permits, permit);
      if (endAtMs > nowMs) permits.lend(1, endAtMs);
      this.#grants.change(endAtMs > nowMs ? { ...others, permit: permitOf(endAtMs) } : others);
    }
    return hasChanged;
  }

  /** The policy has no permits any more: all of them are lost. */
  dropPermits(): void {
    this.#grants.dropPermits();
  }

  /** Tokens that holds which are open at `nowMs` have reserved and not spent, of each of these limits. */
  heldTokens(names: readonly string[], nowMs: number): NamedTokens {
    const held = this.#grants.heldTokensAt(nowMs);
    return Object.fromEntries(names.map((name) => [name, held.get(name) ?? 0]));
  }

  /** See `OpenGrants.oldestPermitAtMs`. */
  oldestPermitAtMs(nowMs: number): number | undefined {
    return this.#grants.oldestPermitAtMs(nowMs);
  }

  #extend(grant: OpenGrantState, hold: HoldState, expiresAtMs: number, nowMs: number): HoldResult {
    if (hold.settlement) return settledBefore(hold.settlement);
    if (hold.expiresAtMs <= nowMs) {
      return { answer: { kind: "hold-settled", expiredAtMs: hold.expiresAtMs } };
    }
    this.#grants.change({ ...grant, hold: { ...hold, expiresAtMs } });
    return { answer: { kind: "open", id: grant.id, expiresAtMs } };
  }

  /** So much is spent, and the rest is kept. */
  #spend(limits: LimitSet, { grant, hold, used }: Use): HoldResult {
    const owed = debtOf(hold.limits, used);
    const parts = mapParts(hold.limits, (part, name) => {
      return { ...part, spent: Math.max(part.spent, used[name] ?? 0) };
    });
    for (const [name, part] of Object.entries(parts)) {
      limits.reserves?.of(name).spend(part.start, unspentOf(part));
    }
    this.#grants.change({ ...grant, hold: { ...hold, limits: parts } });
    return { answer: { kind: "open", id: grant.id, expiresAtMs: hold.expiresAtMs }, owed };
  }

  #settle(limits: LimitSet, { grant, hold, used }: Use, nowMs: number): HoldResult {
    const parts = hold.limits;
    const isOver = hold.expiresAtMs <= nowMs;
    const returned = mapParts(parts, (part, name) => {
      const rest = Math.max(0, part.reserved - (used[name] ?? 0));
      const back = isOver ? 0 : limits.giveBack(name, part.start, rest);
      return back;
    });
    const settlement = {
      used,
      returned,
      owed: mapParts(parts, ({ reserved }, name) => Math.max(0, (used[name] ?? 0) - reserved)),
      settledAtMs: nowMs,
    };
    this.#grants.change({ ...grant, hold: { ...hold, settlement } });
    return { ...settledAs(grant.id, settlement), owed: debtOf(parts, used) };
  }
}

function permitOf(expiresAtMs: number, sessionId?: string): PermitState {
  return sessionId === undefined ? { expiresAtMs } : { expiresAtMs, sessionId };
}

/** A permit is out. */
function lend(permits: Permits, { expiresAtMs, sessionId }: PermitState): void {
  permits.lend(1, expiresAtMs);
  if (sessionId !== undefined) permits.bind(expiresAtMs);
}

/** A permit is not out any more. */
function takeBack(permits: Permits, { expiresAtMs, sessionId }: PermitState): void {
  if (sessionId === undefined) permits.endLoan(expiresAtMs, 0, 1);
  else permits.endBound(expiresAtMs);
}

function settledAs(id: string, settlement: Settlement): HoldResult {
  return { answer: { kind: "settled", settled: { id, ...settlement } } };
}

function settledBefore({ settledAtMs }: Settlement): HoldResult {
  return { answer: { kind: "hold-settled", settledAtMs } };
}
