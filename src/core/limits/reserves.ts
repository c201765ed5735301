/** What may still come back of holds, for all limits of one bucket, by the limit's name. */
import type { NamedTokens } from "./cost.ts";
import type { Limit } from "./limit.ts";

import { ReservedTokens } from "./reserved-tokens.ts";

/** What a hold has of one limit. */
export interface HeldLimit {
  /** Tokens it took. */
  readonly reserved: number;
  /** Tokens that its holder has said are spent, so far. May be more than it took. */
  readonly spent: number;
  /** See `ReservedTokens.add`. */
  readonly start: number;
}

/** What of one limit isn't spent yet. */
export function unspentOf({ reserved, spent }: HeldLimit): number {
  return Math.max(0, reserved - spent);
}

/** What a hold has reserved, by the name of the limit. */
interface ReservedHold {
  readonly limits: Readonly<Record<string, HeldLimit>>;
}

/** A hold as it is on the disk. */
export interface WrittenHold extends ReservedHold {
  readonly expiresAtMs: number;
  /** Present once it is settled. */
  readonly settlement?: object;
}

/** Grants that end by themselves. */
export interface GrantEnds {
  /** The next instant at which one may end, epoch milliseconds; `Infinity` if there is none. */
  readonly nextEndAtMs: number;
  /** Ends what is over at `nowMs`, and returns the holds that are spent by that. */
  expire(nowMs: number): readonly ReservedHold[];
}

/** The accounts of one bucket. A limit of which no hold has taken any may have none. */
export class Reserves {
  readonly #accounts = new Map<string, ReservedTokens>();

  /** @param writtenOff What `toJSON` returned. */
  constructor(writtenOff: NamedTokens = {}) {
    for (const [name, mark] of Object.entries(writtenOff)) {
      this.#accounts.set(name, new ReservedTokens(mark));
    }
  }

  /** Others in the same state. */
  copy(): Reserves {
    const copy = new Reserves();
    for (const [name, account] of this.#accounts) copy.#accounts.set(name, account.copy());
    return copy;
  }

  /** The account of the limit called `name`. */
  of(name: string): ReservedTokens {
    let account = this.#accounts.get(name);
    if (!account) this.#accounts.set(name, (account = new ReservedTokens()));
    return account;
  }

  /** What may still come back of `holds` to a limit as it is on the disk, too. */
  restore(name: string, { reachedAtMs }: Limit, holds: readonly WrittenHold[]): void {
    const account = this.of(name);
    const ofLimit = holds.flatMap(({ limits, settlement, expiresAtMs }) => {
      const part = limits[name];
      // One that had ended before the last tick reserved nothing any more when that came in.
      const isOpen = !settlement && expiresAtMs > reachedAtMs;
      return part ? [{ ...part, isOpen }] : [];
    });
    for (const part of ofLimit.toSorted((one, two) => one.start - two.start)) {
      const unspent = part.isOpen ? unspentOf(part) : 0;
      account.restore(part.start, part.reserved, unspent);
    }
  }

  /** A hold has ended, and its tokens are spent. */
  end({ limits }: ReservedHold): void {
    for (const [name, { start }] of Object.entries(limits)) this.of(name).remove(start);
  }

  /** Nothing comes back to any other limit, nor to a later one of its name. */
  keepOnly(names: readonly string[]): void {
    for (const [name, { nextNumber }] of this.#accounts) {
      if (!names.includes(name)) this.#accounts.set(name, new ReservedTokens(nextNumber));
    }
  }

  /**
   * Lets time pass for a limit, and writes off what there is no room for. Where a lease ends, ticks find more
   * room, so what they had made good before is written off first.
   */
  advance(name: string, limit: Limit, nowMs: number): void {
    const account = this.#accounts.get(name);
    if (account && account.tokens > 0) {
      for (const { untilMs } of limit.lent?.toJSON() ?? []) {
        if (untilMs > nowMs) break;
        limit.advance(untilMs - 1);
        account.writeOff(Math.max(0, limit.missing));
      }
    }
    limit.advance(nowMs);
    account?.writeOff(Math.max(0, limit.missing));
  }

  /** The mark of each account, for the constructor. */
  toJSON(): NamedTokens {
    return Object.fromEntries(
      [...this.#accounts].map(([name, { writtenOff }]) => [name, writtenOff]),
    );
  }
}
