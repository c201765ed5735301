/**
 * Open grants: those of which something may come back. One has a hold, a permit, or both, and an id that only
 * its holder knows.
 *
 * Each is a row on the disk, written in the turn that grants it and again in each turn that changes it, so the
 * holder never hears of anything that a crash could forget. Rows have slots. The slot of a grant that is over is
 * given to a later one, so rows are rewritten and never deleted, and there are as many as were ever needed at a
 * time. The highest fence is on the disk as long as the bucket: a slot is only given to a higher one.
 *
 * **A hold is over** when it is settled, or when its end passes, and then its tokens are spent. It is remembered
 * for ten minutes, or until ten thousand more are over in the same way: a holder that asks again gets the same
 * answer, and one that is late can still say what it used, however many others settle in time.
 *
 * What a hold may still give back is the limits' business (limits/reserved-tokens.ts), and so is when a permit
 * ends.
 */
import type { Grant } from "../outcome.ts";
import type { GrantRow, HoldState, OpenGrantState, PermitState } from "./grant-row.ts";

import { unspentOf } from "../limits/reserves.ts";
import { EarliestFirst } from "../queue/earliest-first.ts";

/** The most holds that are open at a time: about 3 MB of an object's 128. */
export const MAX_OPEN_HOLDS = 10_000;
/** How long a hold is remembered after its end: retries of a settle arrive within seconds. */
export const REMEMBERED_MS = 600_000;

/** Settled holds that are remembered, at most, and as many that were not settled: about as much again, each. */
const MAX_REMEMBERED = 10_000;

/** What a new grant opens. */
interface Opened {
  readonly id: string;
  readonly grantedAtMs: number;
  readonly hold: HoldState | undefined;
  /** `undefined` if it has none. */
  readonly permit: PermitState | undefined;
}

/** A grant in memory. */
class OpenGrant {
  readonly slot: number;
  state: OpenGrantState;
  /** Whether its hold has ended without having been settled. */
  isSpent = false;
  /** The end at which it is looked at next, epoch milliseconds. */
  expectedAtMs = Infinity;

  constructor(slot: number, state: OpenGrantState) {
    this.slot = slot;
    this.state = state;
  }

  copy(): OpenGrant {
    const copy = new OpenGrant(this.slot, this.state);
    copy.isSpent = this.isSpent;
    copy.expectedAtMs = this.expectedAtMs;
    return copy;
  }

  /** The hold, if it is neither settled nor over. */
  get openHold(): HoldState | undefined {
    const { hold } = this.state;
    return hold?.settlement || this.isSpent ? undefined : hold;
  }

  /** Until when its hold is remembered, epoch milliseconds; `Infinity` if it is open or there is none. */
  get rememberedUntilMs(): number {
    const { hold } = this.state;
    if (!hold || this.openHold) return Infinity;
    return (hold.settlement?.settledAtMs ?? hold.expiresAtMs) + REMEMBERED_MS;
  }

  /**
   * When something of it ends next: the hold, the permit, or that it is remembered. `Infinity` if nothing is left, or
   * only the permit of a session.
   */
  get nextEndAtMs(): number {
    const permitEndAtMs = endAtMsOf(this.state.permit);
    const holdEndAtMs = this.openHold?.expiresAtMs ?? this.rememberedUntilMs;
    return Math.min(permitEndAtMs, holdEndAtMs);
  }
}

/** The open grants of one bucket, and holds that are over and remembered. */
export class OpenGrants {
  readonly #byId = new Map<string, OpenGrant>();
  #ends = new EarliestFirst<OpenGrant>((open, atMs) => this.#isNextEnd(open, atMs));
  /** Those with a permit, in the order in which they were granted. */
  readonly #permits = new Set<OpenGrant>();
  /** Those whose hold is settled and remembered, in the order in which they were settled. */
  readonly #settled = new Set<OpenGrant>();
  /** Those whose hold is over without that, and remembered, in the order in which they ended. */
  readonly #spent = new Set<OpenGrant>();
  /** What open holds have reserved and not spent, by limit. */
  readonly #heldTokens = new Map<string, number>();
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #lastFence: number;
  #holds = 0;
  #lastHoldEndAtMs = -Infinity;
  /** What has changed in the turn under way, by slot. */
  #changed = new Map<number, OpenGrantState>();

  /** @param lastFence The highest fence so far; 0 if there has been no permit. */
  constructor(lastFence = 0) {
    this.#lastFence = lastFence;
  }

  /** The grants that rows describe. */
  static from(rows: Iterable<GrantRow>): OpenGrants {
    const grants = new OpenGrants();
    const oldestFirst = [...rows].toSorted(
      (one, two) => one.grant.grantedAtMs - two.grant.grantedAtMs,
    );
    for (const { slot, grant } of oldestFirst) {
      grants.#slots = Math.max(grants.#slots, slot + 1);
      grants.#lastFence = Math.max(grants.#lastFence, grant.fence ?? 0);
      grants.#put(new OpenGrant(slot, grant));
    }
    const used = new Set([...grants.#byId.values()].map(({ slot }) => slot));
    // Some are there already: of holds that were forgotten because there are too many.
    grants.#freeSlots.length = 0;
    for (let slot = 0; slot < grants.#slots; slot += 1) {
      if (!used.has(slot)) grants.#freeSlots.push(slot);
    }
    return grants;
  }

  /** Others in the same state. */
  copy(): OpenGrants {
    const copy = new OpenGrants(this.#lastFence);
    const copies = new Map([...this.#byId.values()].map((open) => [open, open.copy()]));
    const copyOf = (open: OpenGrant): OpenGrant | undefined => copies.get(open);
    for (const [{ state }, open] of copies) copy.#byId.set(state.id, open);
    copy.#ends = this.#ends.copy((open, atMs) => copy.#isNextEnd(open, atMs), copyOf);
    addAll(copy.#permits, this.#permits, copyOf);
    addAll(copy.#settled, this.#settled, copyOf);
    addAll(copy.#spent, this.#spent, copyOf);
    for (const [name, tokens] of this.#heldTokens) copy.#heldTokens.set(name, tokens);
    copy.#freeSlots.push(...this.#freeSlots);
    copy.#slots = this.#slots;
    copy.#holds = this.#holds;
    copy.#lastHoldEndAtMs = this.#lastHoldEndAtMs;
    copy.#changed = new Map(this.#changed);
    return copy;
  }

  #isNextEnd(open: OpenGrant, atMs: number): boolean {
    return open.nextEndAtMs === atMs && this.#byId.get(open.state.id) === open;
  }

  /** The highest fence so far; 0 if there has been no permit. */
  get lastFence(): number {
    return this.#lastFence;
  }

  /** Holds that are neither settled nor over, as of the last `expire`. */
  get openHoldCount(): number {
    return this.#holds;
  }

  /** When something of a grant ends next, epoch milliseconds; `Infinity` if nothing is left. */
  get nextEndAtMs(): number {
    return this.#ends.nextAtMs;
  }

  /** What holds that are open at `nowMs` have reserved and not spent, by limit. */
  heldTokensAt(nowMs: number): ReadonlyMap<string, number> {
    if (this.#ends.nextAtMs > nowMs) return this.#heldTokens;
    const held = new Map(this.#heldTokens);
    for (const { expiresAtMs, limits } of this.openHolds()) {
      if (expiresAtMs > nowMs) continue;
      for (const [name, part] of Object.entries(limits)) {
        held.set(name, (held.get(name) ?? 0) - unspentOf(part));
      }
    }
    return held;
  }

  /**
   * Until when any hold so far may be remembered, epoch milliseconds; `-Infinity` if there has been none. One that is
   * settled early counts with the end that it had, so nobody has to look at all of them.
   */
  get rememberedUntilMs(): number {
    return this.#lastHoldEndAtMs + REMEMBERED_MS;
  }

  /** Whether there are rows on the disk. */
  get hasRows(): boolean {
    return this.#slots > 0;
  }

  /** When the first hold ends that is open, epoch milliseconds; `Infinity` if there is none. */
  get firstHoldEndAtMs(): number {
    let atMs = Infinity;
    for (const { expiresAtMs } of this.openHolds()) atMs = Math.min(atMs, expiresAtMs);
    return atMs;
  }

  /** When the oldest permit that is out at `nowMs` was granted, epoch milliseconds; `undefined` if none is. */
  oldestPermitAtMs(nowMs: number): number | undefined {
    for (const { state } of this.#permits) {
      if (state.permit && endAtMsOf(state.permit) > nowMs) return state.grantedAtMs;
    }
    return undefined;
  }

  /** The grant with that id, open or remembered. */
  find(id: string): OpenGrantState | undefined {
    return this.#byId.get(id)?.state;
  }

  /**
   * Whether work may start on `grant` at `nowMs`: its permit is out, and its hold isn't settled. One whose time is up
   * is spent, and still books what is used beyond it. `true` if the grant opened nothing.
   */
  isOpen({ hold, permit }: Pick<Grant, "hold" | "permit">, nowMs: number): boolean {
    const id = permit?.id ?? hold?.id;
    if (id === undefined) return true;
    const open = this.#byId.get(id);
    const { permit: ours, hold: held } = open?.state ?? {};
    if (hold && (!held || held.settlement)) return false;
    return !permit || (ours !== undefined && endAtMsOf(ours) > nowMs);
  }

  /** All holds, those that are over and remembered too. */
  *holds(): IterableIterator<HoldState> {
    for (const { state } of this.#byId.values()) if (state.hold) yield state.hold;
  }

  /** The holds that are open. */
  *openHolds(): IterableIterator<HoldState> {
    for (const { openHold } of this.#byId.values()) if (openHold) yield openHold;
  }

  /** The grants whose permits are out, in the order in which they were granted. */
  *withPermit(): IterableIterator<OpenGrantState> {
    for (const { state } of this.#permits) yield state;
  }

  /** Opens a grant, and returns what its grant says of it. */
  open({ id, grantedAtMs, hold, permit }: Opened): Pick<Grant, "hold" | "permit"> {
    const slot = this.#freeSlots.pop() ?? this.#slots;
    this.#slots = Math.max(this.#slots, slot + 1);
    if (permit) this.#lastFence = Math.max(this.#lastFence + 1, grantedAtMs);
    const fence = this.#lastFence;
    // Without a permit, too: it is in the place of one that may have had the highest.
    const opened = {
      ...(hold && { hold }),
      ...(permit && { permit }),
      ...(fence > 0 && { fence }),
    };
    const open = new OpenGrant(slot, { id, grantedAtMs, ...opened });
    this.#put(open);
    this.#changed.set(slot, open.state);
    return {
      ...(hold && { hold: { id, expiresAtMs: hold.expiresAtMs } }),
      ...(permit && { permit: { id, fence, expiresAtMs: permit.expiresAtMs } }),
    };
  }

  /** Puts another state in place of the one of the grant with the same id. */
  change(state: OpenGrantState): void {
    const open = this.#byId.get(state.id);
    if (!open) return;
    this.#count(open, -1);
    open.state = state;
    this.#changed.set(open.slot, state);
    this.#put(open);
  }

  /**
   * Ends what is over at `nowMs`, and returns the holds that are spent by that. For a hold nothing has to be
   * written, since its end is on the disk. That a permit has come back must be, before another one takes its place.
   */
  expire(nowMs: number): readonly HoldState[] {
    const spent: HoldState[] = [];
    for (let open = this.#ends.takeBy(nowMs); open; open = this.#ends.takeBy(nowMs)) {
      const { openHold } = open;
      this.#count(open, -1);
      if (openHold && openHold.expiresAtMs <= nowMs) {
        spent.push(openHold);
        open.isSpent = true;
      }
      const { hold, permit, ...others } = open.state;
      const isLost = endAtMsOf(permit) <= nowMs;
      const isForgotten = open.rememberedUntilMs <= nowMs;
      open.state = {
        ...others,
        ...(hold && !isForgotten && { hold }),
        ...(permit && !isLost && { permit }),
      };
      if (isLost) this.#changed.set(open.slot, open.state);
      this.#put(open);
    }
    return spent;
  }

  /** All permits are lost. */
  dropPermits(): void {
    for (const { state } of this.#permits) {
      const { permit: _, ...others } = state;
      this.change(others);
    }
  }

  /** What the turn that ends now has to write; `undefined` if nothing. */
  takeChanged(): readonly GrantRow[] | undefined {
    if (this.#changed.size === 0) return undefined;
    const rows = [...this.#changed].map(([slot, grant]) => ({ slot, grant }));
    this.#changed = new Map();
    return rows;
  }

  /** Keeps a grant for as long as anything of it is left. */
  #put(open: OpenGrant): void {
    const { id, hold } = open.state;
    if (hold) {
      const endAtMs = hold.settlement?.settledAtMs ?? hold.expiresAtMs;
      this.#lastHoldEndAtMs = Math.max(this.#lastHoldEndAtMs, endAtMs);
    }
    const endAtMs = open.nextEndAtMs;
    if (!open.state.permit) this.#permits.delete(open);
    this.#remember(open);
    if (endAtMs === Infinity && !open.state.permit) {
      if (this.#byId.delete(id)) this.#freeSlots.push(open.slot);
      return;
    }
    this.#byId.set(id, open);
    if (open.state.permit) this.#permits.add(open);
    this.#count(open, 1);
    // A hold of which more and more is spent keeps its end.
    if (endAtMs === open.expectedAtMs) return;
    open.expectedAtMs = endAtMs;
    if (endAtMs !== Infinity) this.#ends.add(endAtMs, open);
  }

  /** Notes whether its hold is over, and forgets the oldest hold of which that is true if there are too many. */
  #remember(open: OpenGrant): void {
    const isOver = open.rememberedUntilMs !== Infinity;
    const isSettled = isOver && open.state.hold?.settlement !== undefined;
    if (!isSettled) this.#settled.delete(open);
    if (!isOver || isSettled) this.#spent.delete(open);
    if (!isOver) return;
    const remembered = isSettled ? this.#settled : this.#spent;
    remembered.add(open);
    if (remembered.size <= MAX_REMEMBERED) return;
    const [oldest] = remembered;
    if (!oldest) return;
    const { hold: _, ...others } = oldest.state;
    oldest.state = others;
    this.#put(oldest);
  }

  #count({ openHold }: OpenGrant, by: 1 | -1): void {
    if (!openHold) return;
    this.#holds += by;
    for (const [name, part] of Object.entries(openHold.limits)) {
      this.#heldTokens.set(name, (this.#heldTokens.get(name) ?? 0) + by * unspentOf(part));
    }
  }
}

/** Adds the copies of `grants`, in their order. */
function addAll(
  copies: Set<OpenGrant>,
  grants: Iterable<OpenGrant>,
  copyOf: (open: OpenGrant) => OpenGrant | undefined,
): void {
  for (const open of grants) {
    const copy = copyOf(open);
    if (copy) copies.add(copy);
  }
}

/** When a permit ends by itself, epoch milliseconds; `Infinity` if there is none, or it belongs to a session. */
function endAtMsOf(permit: PermitState | undefined): number {
  return !permit || permit.sessionId !== undefined ? Infinity : permit.expiresAtMs;
}
