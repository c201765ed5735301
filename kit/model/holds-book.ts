/**
 * What callers and holders know of one bucket with holds and permits, by what they were told, and the laws of it:
 * rule 8 for each limit (a hold counts with what it reserved less what came back, a debt as it is made good), how
 * many permits are live, fences, and what an answer says.
 */
import type { HoldAnswer, HoldCall } from "../../src/core/holds/hold-call.ts";
import type { NamedTokens } from "../../src/core/limits/cost.ts";
import type { LimitSpec } from "../../src/core/limits/limit.ts";
import type { Grant, GrantedPermit } from "../../src/core/outcome.ts";

/** Tokens of one limit that somebody has had. */
interface Event {
  tokens: number;
  readonly atMs: number;
}

/** One limit of a policy, for as long as its fields stay the same. */
interface Era {
  readonly spec: LimitSpec;
  readonly events: Event[];
  /** Owed by all holds, as they were told. */
  owed: number;
  /** Of that, what has been made good. */
  paid: number;
}

/** A hold, as its holder knows it. */
export interface KnownHold {
  readonly id: string;
  readonly reserved: NamedTokens;
  readonly events: ReadonlyMap<string, Event>;
  /** What it owes, all in all, by limit. */
  owed: ReadonlyMap<string, number>;
  /** Of that, what is on the disk. */
  owedForGood: ReadonlyMap<string, number>;
  settled: string | undefined;
}

export class HoldsBook {
  /** Laws that were broken, in words. */
  readonly faults: string[] = [];
  /** How often something happened, for tests that want to have seen it. */
  readonly seen = new Map<string, number>();
  readonly holds: KnownHold[] = [];
  /** Permits that their holders may still have, by id. */
  readonly permits = new Map<string, GrantedPermit>();
  /** The sessions that permits belong to, by the permit's id: those have no end. */
  readonly sessions = new Map<string, string>();
  readonly #eras = new Map<string, Era>();
  #lastFence = -Infinity;
  /** The highest `max` so far: a lower one takes none away. */
  #mostLive = 0;

  see(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** Limits begin anew in the book; what is owed by then isn't counted any more. */
  begin(specs: readonly LimitSpec[], owedTokens: NamedTokens | undefined): void {
    for (const [name, { spec, events }] of this.#eras) {
      this.faults.push(...tooFullOf(events, spec).map((window) => `${name}: ${window}`));
    }
    this.#eras.clear();
    for (const spec of specs) {
      const owed = owedTokens?.[spec.name] ?? 0;
      this.#eras.set(spec.name, { spec, events: [], owed, paid: 0 });
    }
  }

  /** What these owe isn't on the disk, so it isn't owed any more. */
  lost(holds: Iterable<KnownHold>): void {
    for (const hold of holds) hold.owed = hold.owedForGood;
  }

  /** Somebody was granted so many tokens of each limit, and hears of it. */
  granted(reserved: NamedTokens, { grantedAtMs, hold, permit }: Grant, sessionId?: string): void {
    this.see("granted");
    const events = new Map<string, Event>();
    for (const [name, tokens] of Object.entries(reserved)) {
      events.set(name, { tokens, atMs: grantedAtMs });
    }
    for (const [name, event] of events) this.#eras.get(name)?.events.push(event);
    if (hold) {
      this.holds.push({
        id: hold.id,
        reserved,
        events,
        owed: new Map(),
        owedForGood: new Map(),
        settled: undefined,
      });
    }
    if (!permit) return;
    if (permit.fence <= this.#lastFence) {
      this.faults.push(`fence ${permit.fence} after ${this.#lastFence}`);
    }
    this.#lastFence = permit.fence;
    this.permits.set(permit.id, permit);
    this.belongs(permit.id, sessionId);
  }

  /** A permit belongs to a session from now on, or to none. */
  belongs(permitId: string, sessionId: string | undefined): void {
    if (sessionId === undefined) this.sessions.delete(permitId);
    else this.sessions.set(permitId, sessionId);
  }

  /** Its holder can't count on a permit after `endAtMs`. */
  endsBy(permitId: string, endAtMs: number): void {
    const permit = this.permits.get(permitId);
    if (!permit || permit.expiresAtMs <= endAtMs) return;
    this.permits.set(permitId, { ...permit, expiresAtMs: endAtMs });
  }

  /** The holder of a permit has given it back, or has lost it. */
  permitEnded(permitId: string): void {
    this.permits.delete(permitId);
    this.sessions.delete(permitId);
  }

  /** Sessions are over; the holders of their permits may resume those until `endAtMs`. */
  endSessions(isOver: (sessionId: string) => boolean, endAtMs: number): void {
    for (const [permitId, sessionId] of this.sessions) {
      if (!isOver(sessionId)) continue;
      this.see("session ended");
      this.sessions.delete(permitId);
      const permit = this.permits.get(permitId);
      if (permit) this.permits.set(permitId, { ...permit, expiresAtMs: endAtMs });
    }
  }

  /** Tokens of one limit were granted elsewhere, from a lease. */
  leased(name: string, tokens: number, atMs: number): void {
    this.#eras.get(name)?.events.push({ tokens, atMs });
  }

  /**
   * Whose time is up is lost, even if the clock has gone back since.
   *
   * @param latestMs The latest instant that there has been.
   */
  checkPermits(max: number, latestMs: number): void {
    const live = [...this.permits.values()].filter(({ id, expiresAtMs }) => {
      return expiresAtMs > latestMs || this.sessions.has(id);
    });
    this.#mostLive = Math.max(this.#mostLive, max);
    if (live.length > this.#mostLive) {
      this.faults.push(`${live.length} permits at ${latestMs}: at most ${this.#mostLive}`);
    }
  }

  /** What a holder's call did in memory, which may be lost. */
  performed(hold: KnownHold, call: HoldCall, answer: HoldAnswer): void {
    if (answer.kind === "open" && "atLeast" in call) this.#noteSpent(hold, call.atLeast);
    if (answer.kind !== "settled") return;
    for (const [name, owed] of Object.entries(answer.settled.owed)) {
      this.#noteOwed(hold, name, owed);
    }
  }

  /** What it did for good, whether or not the holder hears of it. */
  answered(hold: KnownHold, call: HoldCall, answer: HoldAnswer): void {
    this.see(answer.kind);
    this.performed(hold, call, answer);
    hold.owedForGood = hold.owed;
    if (answer.kind !== "settled") return;
    const text = JSON.stringify(answer.settled);
    if (hold.settled !== undefined) {
      if (hold.settled !== text) this.faults.push(`${hold.settled}, and then ${text}`);
      return;
    }
    hold.settled = text;
    const { used, returned, owed } = answer.settled;
    for (const [name, event] of hold.events) {
      const reserved = hold.reserved[name] ?? 0;
      const [use, back, debt] = [used[name] ?? 0, returned[name] ?? 0, owed[name] ?? 0];
      if (back > 0) this.see("returned");
      if (back < 0 || back > Math.max(0, reserved - use)) {
        this.faults.push(`${back} of ${reserved} came back, and ${use} were used`);
      }
      if (debt !== Math.max(0, use - reserved)) {
        this.faults.push(`${use} of ${reserved} were used, and ${debt} are owed`);
      }
      event.tokens -= back;
    }
  }

  /**
   * What of the debts has been made good by `atMs`: what isn't owed any more.
   *
   * @param owedTokens Of each limit that there is; none of one that isn't named.
   */
  noteDebts(specs: readonly LimitSpec[], owedTokens: NamedTokens | undefined, atMs: number): void {
    // What is owed of a limit that is gone isn't made good.
    for (const { name } of specs) {
      const era = this.#eras.get(name);
      const paid = (era?.owed ?? 0) - (owedTokens?.[name] ?? 0);
      if (!era || paid <= era.paid) continue;
      era.events.push({ tokens: paid - era.paid, atMs });
      era.paid = paid;
    }
  }

  /** No more is owed than holders said, but for a batch, which may look so after a restart. */
  checkOwed(owedTokens: NamedTokens | undefined): void {
    for (const [name, { owed, spec }] of this.#eras) {
      const found = owedTokens?.[name] ?? 0;
      if (found <= owed + spec.kind.maxBatch(spec.fields)) continue;
      this.faults.push(`${found} tokens of ${name} are owed: at most ${owed}`);
    }
  }

  #noteSpent(hold: KnownHold, atLeast: number | NamedTokens): void {
    for (const [name, reserved] of Object.entries(hold.reserved)) {
      const spent = typeof atLeast === "number" ? atLeast : (atLeast[name] ?? 0);
      this.#noteOwed(hold, name, Math.max(0, spent - reserved));
    }
  }

  /** So much is owed by one hold, all in all. */
  #noteOwed(hold: KnownHold, name: string, owed: number): void {
    const before = hold.owed.get(name) ?? 0;
    if (owed <= before) return;
    hold.owed = new Map(hold.owed).set(name, owed);
    this.see("owed");
    const era = this.#eras.get(name);
    if (era) era.owed += owed - before;
  }
}

/** Every window, from each event to each later one, in which there was more than the limit gives. */
function tooFullOf(events: readonly Event[], { kind, fields }: LimitSpec): string[] {
  const inTime = events.toSorted((one, other) => one.atMs - other.atMs);
  return inTime.flatMap((first, index) => {
    let tokens = 0;
    return inTime.slice(index).flatMap((last) => {
      tokens += last.tokens;
      const most = kind.maxGranted(fields, last.atMs - first.atMs);
      if (tokens <= most) return [];
      return [`${tokens} in ${last.atMs - first.atMs} ms from ${first.atMs}: at most ${most}`];
    });
  });
}
