/**
 * Grants that can be asked for again: the memory behind `Idempotency-Key`.
 *
 * A caller whose connection broke can't know whether its tokens were taken. If it sent a key, it retries with
 * the same key and gets the same grant. So a grant with a key is written together with its key, in the turn
 * that makes it, and is on disk before the caller hears of it: a grant that was answered, or only written, is
 * found again after a crash. A grant that was neither has not been made, and the same key gets a new one.
 * Refusals are not kept: they took nothing, so asking again is right.
 *
 * What is kept is bounded in time and in number; beyond that the oldest grants are forgotten. They are forgotten
 * in order, so a grant dated by a clock that ran ahead also keeps those behind it, up to the limit in number.
 *
 * **On the disk** all grants of a turn are one row of text, in a slot. A slot is written again once all grants of
 * its row are forgotten, and never deleted, so there are as many rows as there have ever been at a time, and a
 * grant costs no delete. Versions before this one wrote a row for each grant, under its key. Such rows are read,
 * and count, and are deleted when their grants are forgotten. Those versions don't read slots: after a rollback
 * a bucket has forgotten the keys of the last ten minutes, and a retry that falls into it is granted again.
 */
import type { Ask } from "../core/ask.ts";
import type { Grant } from "../core/outcome.ts";

/**
 * How long a grant is kept: retries of one call arrive within seconds, those of a queued job within minutes.
 */
const KEPT_MS = 600_000;
/** Grants kept per bucket: about 3 MB of an object's 128. */
const MAX_KEPT = 10_000;

/** The length of a row, in characters: a value on the disk may have 2 MB. */
const MAX_ROW_LENGTH = 500_000;

/** Rows of earlier versions that one turn deletes at most: there may be thousands, and each is a write. */
const DELETED_AT_ONCE = 16;

/** What a caller asks for besides its key and its ticket. With the same key, or ticket, it must be the same. */
export type Asked = Omit<Ask, "idempotencyKey" | "ticket">;

/** A grant and what was asked for. */
export interface KeyedGrant {
  readonly asked: Asked;
  readonly grant: Grant;
}

/** A grant and its key. */
type KeyedEntry = readonly [key: string, keyed: KeyedGrant];

/** Where grants are written. */
export interface KeyedGrantStore {
  /** Rows by slot, in any order. */
  list(): Iterable<readonly [number, string]>;
  put(slot: number, row: string): void;
  /** What earlier versions have written: a row for each grant, under its key. */
  readonly earlier: {
    /** In any order. */
    list(): Iterable<KeyedEntry>;
    delete(key: string): void;
  };
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

/** A grant, and where it is written. */
interface KeptGrant {
  readonly keyed: KeyedGrant;
  /** `undefined` for a row under its key. */
  readonly slot: number | undefined;
}

/** The keyed grants of one bucket. */
export class IdempotencyStore {
  readonly #store: KeyedGrantStore;
  /** By key, oldest first. Read from disk on first use, because most buckets see no key. */
  #kept: Map<string, KeptGrant> | undefined = undefined;
  /** How many grants are kept of each slot's row. */
  #keptOf: number[] = [];
  #freeSlots: number[] = [];
  /** The keys of rows under keys, oldest grant first. */
  #earlierKeys: string[] = [];

  constructor(store: KeyedGrantStore) {
    this.#store = store;
  }

  /** The grant that was made for `key`, while it is kept. */
  find(key: string, nowMs: number): KeyedGrant | undefined {
    const keyed = this.#read().get(key)?.keyed;
    return keyed && isExpired(keyed, nowMs) ? undefined : keyed;
  }

  /** Writes all grants of a turn, in one row unless they are very many, and forgets what is too old or too much. */
  keep(grants: readonly KeyedEntry[], nowMs: number): void {
    const kept = this.#read();
    this.#forget(kept, MAX_KEPT - grants.length, nowMs);
    for (const { entries, text } of rowsOf(grants)) {
      const slot = this.#freeSlots.pop() ?? this.#keptOf.length;
      this.#keptOf[slot] = 0;
      this.#store.put(slot, text);
      for (const [key, keyed] of entries) this.#note(kept, key, { keyed, slot });
    }
    this.#deleteEarlier(kept);
  }

  /** All storage has been deleted, and the grants with it. */
  forgetAll(): void {
    this.#kept = undefined;
  }

  #read(): Map<string, KeptGrant> {
    if (this.#kept) return this.#kept;
    const kept = (this.#kept = new Map<string, KeptGrant>());
    const rows = [...this.#store.list()];
    const earlier = [...this.#store.earlier.list()].toSorted(([, one], [, other]) => {
      return one.grant.grantedAtMs - other.grant.grantedAtMs;
    });
    this.#earlierKeys = earlier.map(([key]) => key);
    this.#keptOf = Array.from({ length: Math.max(0, ...rows.map(([slot]) => slot + 1)) }, () => 0);
    this.#freeSlots = [];
    const found = [
      ...earlier.map(([key, keyed]) => ({ key, keyed, slot: undefined })),
      ...rows.flatMap(([slot, text]) =>
        entriesOf(text).map(([key, keyed]) => ({ key, keyed, slot })),
      ),
    ];
    const oldestFirst = found.toSorted((one, other) => {
      return one.keyed.grant.grantedAtMs - other.keyed.grant.grantedAtMs;
    });
    for (const { key, keyed, slot } of oldestFirst) this.#note(kept, key, { keyed, slot });
    this.#freeSlots = this.#keptOf.flatMap((count, slot) => (count === 0 ? [slot] : []));
    return kept;
  }

  /** The latest grant of a key is the one that counts, at the end. */
  #note(kept: Map<string, KeptGrant>, key: string, grant: KeptGrant): void {
    this.#drop(kept, key);
    kept.set(key, grant);
    if (grant.slot !== undefined) this.#keptOf[grant.slot] = (this.#keptOf[grant.slot] ?? 0) + 1;
  }

  #drop(kept: Map<string, KeptGrant>, key: string): void {
    const slot = kept.get(key)?.slot;
    kept.delete(key);
    if (slot === undefined) return;
    const count = (this.#keptOf[slot] ?? 0) - 1;
    this.#keptOf[slot] = count;
    if (count === 0) this.#freeSlots.push(slot);
  }

  #forget(kept: Map<string, KeptGrant>, most: number, nowMs: number): void {
    for (const [oldest, { keyed }] of kept) {
      if (kept.size <= most && !isExpired(keyed, nowMs)) return;
      this.#drop(kept, oldest);
    }
  }

  /** Deletes some of the rows under keys whose grants are forgotten. */
  #deleteEarlier(kept: Map<string, KeptGrant>): void {
    if (this.#earlierKeys.length === 0) return;
    const isKept = (key: string): boolean => kept.has(key) && kept.get(key)?.slot === undefined;
    const some = this.#earlierKeys.slice(0, DELETED_AT_ONCE);
    const firstKept = some.findIndex(isKept);
    const forgotten = firstKept < 0 ? some : some.slice(0, firstKept);
    this.#earlierKeys = this.#earlierKeys.slice(forgotten.length);
    for (const key of forgotten) this.#store.earlier.delete(key);
  }
}

/** The grants as rows of text, none of which is too long. */
function* rowsOf(
  grants: readonly KeyedEntry[],
): Iterable<{ readonly entries: readonly KeyedEntry[]; readonly text: string }> {
  let entries: KeyedEntry[] = [];
  let texts: string[] = [];
  let length = 0;
  for (const entry of grants) {
    const text = JSON.stringify(entry);
    if (length + text.length > MAX_ROW_LENGTH && entries.length > 0) {
      yield { entries, text: `[${texts.join(",")}]` };
      entries = [];
      texts = [];
      length = 0;
    }
    entries.push(entry);
    texts.push(text);
    length += text.length + 1;
  }
  if (entries.length > 0) yield { entries, text: `[${texts.join(",")}]` };
}

/** The grants in a row. */
export function entriesOf(text: string): readonly KeyedEntry[] {
  return JSON.parse(text);
}

function isExpired({ grant }: KeyedGrant, nowMs: number): boolean {
  return nowMs >= grant.grantedAtMs + KEPT_MS;
}
