/**
 * Grants that can be asked for again: the memory behind `Idempotency-Key`.
 *
 * A caller whose connection broke can't know whether its tokens were taken. If it sent a key, it retries with
 * the same key and gets the same grant. So a grant with a key is written together with its key, in the turn
 * that makes it, and is on disk before the caller hears of it: a grant that was answered, or only written, is
 * found again after a crash. A grant that was neither has not been made, and the same key gets a new one.
 * Refusals are not kept: they took nothing, so asking again is right.
 *
 * What is kept is bounded in time and in number; beyond that the oldest grants are dropped. They are dropped
 * when a newer one is written, so a bucket that gets no more requests with keys keeps its last ones on disk.
 * They are dropped in order, so a grant dated by a clock that ran ahead also keeps those behind it, up to the
 * limit in number.
 */
import type { Ask } from "../core/ask.ts";
import type { Grant } from "../core/outcome.ts";

/**
 * How long a grant is kept: retries of one call arrive within seconds, those of a queued job within minutes.
 */
const KEPT_MS = 600_000;
/** Grants kept per bucket: about 3 MB of an object's 128. */
const MAX_KEPT = 10_000;

/** Grants that one turn drops at most: after a quiet time thousands may have expired, and each is a write. */
const FORGOTTEN_AT_ONCE = 16;

/** What a caller asks for besides its key and its ticket. With the same key, or ticket, it must be the same. */
export type Asked = Omit<Ask, "idempotencyKey" | "ticket">;

/** A grant and what was asked for. */
export interface KeyedGrant {
  readonly asked: Asked;
  readonly grant: Grant;
}

/** Where grants are written, by key. */
export interface KeyedGrantStore {
  /** In any order. */
  list(): Iterable<readonly [string, KeyedGrant]>;
  put(key: string, keyed: KeyedGrant): void;
  delete(key: string): void;
}

/** What a call itself asks for, without the policy's defaults. */
export function askedIn({ tokens, limits, timeoutMs, holdMs }: Asked): Asked {
  return {
    tokens,
    ...(limits && { limits }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(holdMs !== undefined && { holdMs }),
  };
}

/** Whether two requests ask for the same. */
export function isSameAsked(one: Asked, other: Asked): boolean {
  const [ours, theirs] = [one.limits ?? {}, other.limits ?? {}];
  const names = Object.keys(ours);
  return (
    one.tokens === other.tokens &&
    one.timeoutMs === other.timeoutMs &&
    one.holdMs === other.holdMs &&
    names.length === Object.keys(theirs).length &&
    names.every((name) => Object.hasOwn(theirs, name) && ours[name] === theirs[name])
  );
}

/** The keyed grants of one bucket. */
export class IdempotencyStore {
  readonly #store: KeyedGrantStore;
  /** Oldest first. Read from disk on first use, because most buckets see no key. */
  #kept: Map<string, KeyedGrant> | undefined = undefined;

  constructor(store: KeyedGrantStore) {
    this.#store = store;
  }

  /** The grant that was made for `key`, while it is kept. */
  find(key: string, nowMs: number): KeyedGrant | undefined {
    const keyed = this.#read().get(key);
    return keyed && isExpired(keyed, nowMs) ? undefined : keyed;
  }

  /** Writes a grant, and drops grants that are too old or too many. */
  keep(key: string, keyed: KeyedGrant, nowMs: number): void {
    const kept = this.#read();
    // An expired grant with the same key is replaced by this one, at the end.
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

  /** All storage has been deleted, and the grants with it. */
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
