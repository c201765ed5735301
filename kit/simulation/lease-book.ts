/**
 * What an isolate must hold, from what it was told and what it said: kept beside its `LeaseDriver`,
 * without any of its code. A law is broken if the isolate grants what it doesn't hold, lets somebody
 * overtake, asks twice at a time, gives an ask up early, or reports something untrue.
 */
import type { Lease, LeaseAsk, LeaseMark, LeaseReport } from "../../src/core/lease/lease.ts";
import type { Laws } from "./laws.ts";
import type { VirtualObject } from "./virtual-object.ts";

interface HeldLease {
  readonly lease: Lease;
  readonly expiresAtMs: number;
  /** How many requests had gone to the object when the lease came. */
  readonly sentBefore: number;
  remaining: number;
  used: number;
}

export class LeaseBook {
  readonly #isolate: string;
  readonly #laws: Laws;
  /** How long it waits for an answer. */
  readonly #ttlMs: number;
  /** Reports a grant to the laws. */
  readonly #granted: (lease: Lease, tokens: number) => void;
  readonly #held: HeldLease[] = [];
  #callers = 0;
  #askedAtMs: number | undefined = undefined;
  #sent = 0;
  /** Requests that are at the object because no lease covered them, by number. */
  readonly #away = new Map<string, number>();

  constructor(isolate: string, object: VirtualObject, ttlMs: number) {
    const { laws } = object.world;
    this.#ttlMs = ttlMs;
    this.#isolate = isolate;
    this.#laws = laws;
    this.#granted = (lease, tokens) => {
      laws.grantedOnLease(isolate, { lease, tokens }, object.durable);
    };
  }

  get isAsking(): boolean {
    return this.#askedAtMs !== undefined;
  }

  /** A request that leases might have served goes to the object. */
  sent(client: string): void {
    this.#sent += 1;
    this.#away.set(client, this.#sent);
  }

  /** That request is over. */
  cameBack(client: string): void {
    this.#away.delete(client);
  }

  took(client: string, tokens: number, nowMs: number): void {
    let missing = tokens;
    this.#callers += 1;
    const firstAway = Math.min(...this.#away.values());
    for (const held of this.#held) {
      const taken = nowMs < held.expiresAtMs ? Math.min(missing, held.remaining) : 0;
      if (taken === 0) continue;
      held.remaining -= taken;
      held.used += taken;
      missing -= taken;
      this.#granted(held.lease, taken);
      if (held.sentBefore < firstAway && firstAway < Infinity) {
        this.#laws.breaks("4", () => `${client} overtook at ${this.#isolate} by an older lease`);
      }
    }
    if (missing > 0) {
      this.#laws.breaks(
        "1",
        () => `${this.#isolate} granted ${missing} tokens that it doesn't hold`,
      );
    }
  }

  asked(ask: LeaseAsk, nowMs: number): void {
    if (this.isAsking) this.#laws.breaks("8", () => `${this.#isolate} asks twice at a time`);
    this.#askedAtMs = nowMs;
    this.#report(ask);
  }

  /** The isolate has stopped waiting for the answer to its ask. */
  gaveUp(nowMs: number): void {
    const waitedMs = nowMs - (this.#askedAtMs ?? 0);
    if (waitedMs < this.#ttlMs) {
      this.#laws.breaks("8", () => `${this.#isolate} gave an ask up after ${waitedMs} ms`);
    }
    this.answered(undefined);
  }

  /** A request takes everything held along. */
  returnedLeases(report: LeaseReport): void {
    this.#report(report);
    const remaining = sum(this.#held.map((held) => held.remaining));
    if (remaining > 0)
      this.#laws.breaks("8", () => `${this.#isolate} keeps ${remaining} of what it returns`);
  }

  #report({ uses, granted }: LeaseReport): void {
    if (granted !== this.#callers) {
      this.#laws.breaks("8", () => `${this.#isolate} granted ${this.#callers}, says ${granted}`);
    }
    this.#callers = 0;
    const markOf = ({ startedAtMs, untilMs }: LeaseMark): string => `${startedAtMs} to ${untilMs}`;
    for (const mark of new Set(uses.map(markOf))) {
      const said = uses.filter((use) => markOf(use) === mark);
      this.#settle(mark, {
        held: this.#held.filter(({ lease }) => markOf(lease) === mark),
        used: sum(said.map(({ used }) => used)),
        returned: sum(said.map(({ returned }) => returned)),
      });
    }
  }

  #settle(
    mark: string,
    { held, used, returned }: { held: readonly HeldLease[]; used: number; returned: number },
  ): void {
    const wasUsed = sum(held.map((lease) => lease.used));
    const remaining = sum(held.map((lease) => lease.remaining));
    if (used !== wasUsed || returned > remaining) {
      const is = `${wasUsed} were used and ${remaining} left`;
      const says = `${used} used, ${returned} returned`;
      this.#laws.breaks(
        "8",
        () => `${this.#isolate} reports on the lease from ${mark}: ${says}, but ${is}`,
      );
    }
    let missing = returned;
    for (const lease of held) {
      lease.used = 0;
      const gone = Math.min(missing, lease.remaining);
      lease.remaining -= gone;
      missing -= gone;
    }
  }

  answered(lease: Lease | undefined): void {
    const askedAtMs = this.#askedAtMs ?? 0;
    this.#askedAtMs = undefined;
    if (!lease) return;
    const { tokens: remaining, ttlMs } = lease;
    this.#held.push({
      lease,
      expiresAtMs: askedAtMs + ttlMs,
      sentBefore: this.#sent,
      remaining,
      used: 0,
    });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
