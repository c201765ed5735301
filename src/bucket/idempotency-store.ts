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
 * grant costs no delete. **In memory** there are these texts, and for each key its slot. A row is only read when one
 * of its keys comes again: hardly any does, and ten thousand grants as objects would cost a busy session more time in
 * garbage collection than all else that it does for a key. Versions before this one wrote a row for each grant, under its key. Such rows are read,
 * and count, and are deleted when their grants are forgotten. Those versions don't read slots: after a rollback
 * a bucket has forgotten the keys of the last ten minutes, and a retry that falls into it is granted again.
 */
import type { Ask } from "../core/ask.ts";
import type { Grant } from "../core/outcome.ts";

import { KEYED_GRANT_KEPT_MS } from "./stored-rows.ts";

/** Grants kept per bucket: about 2 MB of an object's 128. */
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

/** A row in memory, as long as any of its grants is kept. */
interface Row {
  readonly text: string;
  /** The latest of its grants. */
  readonly grantedAtMs: number;
  kept: number;
}

/** Where a grant is kept: the slot of its row; or itself, if it is in a row under its key. */
type Kept = number | KeyedGrant;

/** The keyed grants of one bucket. */
export class IdempotencyStore {
  readonly #store: KeyedGrantStore;
  /** By key, oldest first. Read from disk on first use, because most buckets see no key. */
  #kept: Map<string, Kept> | undefined = undefined;
  /** By slot; `undefined` where a slot is free. */
  #rows: (Row | undefined)[] = [];
  #freeSlots: number[] = [];
  /** The row that was read last: callers that come back after a failure often come together. */
  #opened: { readonly row: Row; readonly grants: ReadonlyMap<string, KeyedGrant> } | undefined =
    undefined;
  /** The keys of rows under keys, oldest grant first. */
  #earlierKeys: string[] = [];

  constructor(store: KeyedGrantStore) {
    this.#store = store;
  }

  /** The grant that was made for `key`, while it is kept. */
  find(key: string, nowMs: number): KeyedGrant | undefined {
    const kept = this.#read().get(key);
    if (kept === undefined) return undefined;
    const keyed = typeof kept === "number" ? this.#grantIn(kept, key) : kept;
    return keyed && isExpired(keyed.grant, nowMs) ? undefined : keyed;
  }

  /** Writes all grants of a turn, in one row unless they are very many, and forgets what is too old or too much. */
  keep(grants: readonly KeyedEntry[], nowMs: number): void {
    const kept = this.#read();
    this.#forget(kept, MAX_KEPT - grants.length, nowMs);
    for (const { entries, text } of rowsOf(grants)) {
      const slot = this.#freeSlots.pop() ?? this.#rows.length;
      this.#store.put(slot, text);
      this.#note(kept, slot, text, entries);
    }
    this.#deleteEarlier(kept);
  }

  /** All storage has been deleted, and the grants with it. */
  forgetAll(): void {
    this.#kept = undefined;
    this.#opened = undefined;
  }

  #read(): Map<string, Kept> {
    if (this.#kept) return this.#kept;
    const kept = (this.#kept = new Map<string, Kept>());
    const rows = [...this.#store.list()].map(([slot, text]) => {
      const entries = entriesOf(text);
      return { slot, text, entries, grantedAtMs: latestOf(entries) };
    });
    const earlier = [...this.#store.earlier.list()].map((entry) => {
      const [, { grant }] = entry;
      return { slot: undefined, text: "", entries: [entry], grantedAtMs: grant.grantedAtMs };
    });
    this.#rows = Array.from({ length: Math.max(0, ...rows.map(({ slot }) => slot + 1)) });
    const oldestFirst = [...earlier, ...rows].toSorted((one, other) => {
      return one.grantedAtMs - other.grantedAtMs;
    });
    this.#earlierKeys = [];
    for (const { slot, text, entries } of oldestFirst) {
      if (slot !== undefined) this.#note(kept, slot, text, entries);
      else {
        for (const [key, keyed] of entries) {
          this.#earlierKeys.push(key);
          this.#drop(kept, key);
          kept.set(key, keyed);
        }
      }
    }
    this.#freeSlots = [...this.#rows.keys()].filter((slot) => !this.#rows[slot]);
    return kept;
  }

  /** A row is in `slot`. The latest grant of a key is the one that counts, at the end. */
  #note(kept: Map<string, Kept>, slot: number, text: string, entries: readonly KeyedEntry[]): void {
    const row: Row = { text, grantedAtMs: latestOf(entries), kept: 0 };
    this.#rows[slot] = row;
    for (const [key] of entries) {
      this.#drop(kept, key);
      kept.set(key, slot);
      row.kept += 1;
    }
  }

  #drop(kept: Map<string, Kept>, key: string): void {
    const dropped = kept.get(key);
    if (dropped === undefined) return;
    kept.delete(key);
    this.#dropped(dropped);
  }

  /** A grant is forgotten, and with the last of a row its slot is free. */
  #dropped(kept: Kept): void {
    const row = typeof kept === "number" ? this.#rows[kept] : undefined;
    if (typeof kept !== "number" || !row) return;
    row.kept -= 1;
    if (row.kept > 0) return;
    this.#rows[kept] = undefined;
    this.#freeSlots.push(kept);
  }

  #forget(kept: Map<string, Kept>, most: number, nowMs: number): void {
    for (const [oldest, where] of kept) {
      const grant = typeof where === "number" ? this.#rows[where] : where.grant;
      if (kept.size <= most && grant && !isExpired(grant, nowMs)) return;
      kept.delete(oldest);
      this.#dropped(where);
    }
  }

  #grantIn(slot: number, key: string): KeyedGrant | undefined {
    const row = this.#rows[slot];
    if (!row) return undefined;
    if (this.#opened?.row !== row) this.#opened = { row, grants: new Map(entriesOf(row.text)) };
    return this.#opened.grants.get(key);
  }

  /** Deletes some of the rows under keys whose grants are forgotten. */
  #deleteEarlier(kept: Map<string, Kept>): void {
    if (this.#earlierKeys.length === 0) return;
    const isKept = (key: string): boolean => typeof kept.get(key) === "object";
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
    const text = textOf(entry);
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

/** A grant of nothing but tokens of the first limit, as nearly all are. The last number is left out where none was asked. */
type PlainEntry = readonly [
  key: string,
  grantedAtMs: number,
  tokens: number,
  remaining: number,
  waitedMs: number,
  timeoutMs?: number,
];

/** JSON of a `PlainEntry`, or of the entry itself: a third of the text, in half the time. */
function textOf(entry: KeyedEntry): string {
  const [key, { asked, grant }] = entry;
  const isAskedPlainly = asked.limits === undefined && asked.holdMs === undefined;
  const isPlain = !grant.limits && !grant.hold && !grant.permit && asked.tokens === grant.tokens;
  if (!isAskedPlainly || !isPlain) return JSON.stringify(entry);
  const { grantedAtMs, tokens, remaining, waitedMs } = grant;
  const timeout = asked.timeoutMs === undefined ? "" : `,${asked.timeoutMs}`;
  return `[${JSON.stringify(key)},${grantedAtMs},${tokens},${remaining},${waitedMs}${timeout}]`;
}

/** The grants in a row. */
export function entriesOf(text: string): readonly KeyedEntry[] {
  const written: readonly (PlainEntry | KeyedEntry)[] = JSON.parse(text);
  return written.map((entry) => (isPlainEntry(entry) ? grantOf(entry) : entry));
}

function isPlainEntry(entry: PlainEntry | KeyedEntry): entry is PlainEntry {
  return typeof entry[1] === "number";
}

function grantOf([
  key,
  grantedAtMs,
  tokens,
  remaining,
  waitedMs,
  timeoutMs,
]: PlainEntry): KeyedEntry {
  const asked = { tokens, ...(timeoutMs !== undefined && { timeoutMs }) };
  return [key, { asked, grant: { ok: true, tokens, remaining, waitedMs, grantedAtMs } }];
}

function latestOf(entries: readonly KeyedEntry[]): number {
  return entries.reduce((latest, [, { grant }]) => Math.max(latest, grant.grantedAtMs), -Infinity);
}

function isExpired({ grantedAtMs }: Pick<Grant, "grantedAtMs">, nowMs: number): boolean {
  return nowMs >= grantedAtMs + KEYED_GRANT_KEPT_MS;
}
