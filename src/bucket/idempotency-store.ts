/**
 * Grants that can be asked for again: the memory behind `Idempotency-Key`.
 *
 * A caller whose connection broke cannot know whether its tokens were taken. If it had sent a key, it
 * asks again with the same one and gets the same grant. So a grant with a key is written down with
 * its key, in the turn that grants it, and that is on the disk before the caller hears of it: a grant
 * that was told, or that was only written, is found again after a crash. One that was neither has not been
 * made, and the same key gets a new one. Refusals are not kept: they took nothing, so asking again is right.
 *
 * What is kept is bounded twice, in time and in number; beyond that the oldest go. They are forgotten when
 * a newer one is written, so a bucket that nobody asks with keys keeps its last ones on the disk; and
 * in order, so that one of a clock that ran ahead holds those behind it back, up to the bound in number.
 */
import type { Grant } from "../core/outcome.ts";

/** How long a grant is kept: retries of one call come within seconds, those of a queued job in minutes. */
const KEPT_MS = 600_000;
/** Grants of one bucket that are kept: about 3 MB of an object's 128. */
const MAX_KEPT = 10_000;

/** Grants that one turn forgets at most: a pause may have left thousands, and each is a write. */
const FORGOTTEN_AT_ONCE = 16;

/** What a caller asked for: with the same key, it must be the same. */
export interface Asked {
  readonly tokens: number;
  readonly timeoutMs?: number;
}

/** A grant and what it was asked with. */
export interface KeyedGrant {
  readonly asked: Asked;
  readonly grant: Grant;
}

/** Where they are written, by key. */
export interface KeyedGrantStore {
  /** In any order. */
  list(): Iterable<readonly [string, KeyedGrant]>;
  put(key: string, keyed: KeyedGrant): void;
  delete(key: string): void;
}

/** What `call` itself has asked for, without the policy's defaults. */
export function askedIn({ tokens, timeoutMs }: Asked): Asked {
  return { tokens, ...(timeoutMs !== undefined && { timeoutMs }) };
}

/** Whether two requests ask for the same. */
export function isSameAsked(one: Asked, other: Asked): boolean {
  return one.tokens === other.tokens && one.timeoutMs === other.timeoutMs;
}

/** The keyed grants of one bucket. */
export class IdempotencyStore {
  readonly #store: KeyedGrantStore;
  /** Oldest first; read from the disk at the first use, for most buckets see no key. */
  #kept: Map<string, KeyedGrant> | undefined = undefined;

  constructor(store: KeyedGrantStore) {
    this.#store = store;
  }

  /** The grant that was given for `key`, while it is kept. */
  find(key: string, nowMs: number): KeyedGrant | undefined {
    const keyed = this.#read().get(key);
    return keyed && isExpired(keyed, nowMs) ? undefined : keyed;
  }

  /** Writes a grant down, and forgets what is too old or too much. */
  keep(key: string, keyed: KeyedGrant, nowMs: number): void {
    const kept = this.#read();
    // An expired one of the same key makes room for this one at the end.
    kept.delete(key);
    kept.set(key, keyed);
    this.#store.put(key, keyed);
    let forgotten = 0;
    for (const [oldest, old] of kept) {
      const isToGo = kept.size > MAX_KEPT || isExpired(old, nowMs);
      if (!isToGo || forgotten === FORGOTTEN_AT_ONCE) break;
      kept.delete(oldest);
      this.#store.delete(oldest);
      forgotten += 1;
    }
  }

  /** All storage has been deleted, and what was kept with it. */
  forgetAll(): void {
    this.#kept = undefined;
  }

  #read(): Map<string, KeyedGrant> {
    if (!this.#kept) {
      const oldestFirst = [...this.#store.list()].toSorted(
        ([, one], [, other]) => one.grant.grantedAtMs - other.grant.grantedAtMs,
      );
      this.#kept = new Map(oldestFirst);
    }
    return this.#kept;
  }
}

function isExpired({ grant }: KeyedGrant, nowMs: number): boolean {
  return nowMs >= grant.grantedAtMs + KEPT_MS;
}
