import { describe, expect, test } from "vitest";

import type { KnownOverride } from "../../src/protocol/known-override.ts";

import { OverrideBook, type OverrideRows } from "../../src/directory/override-book.ts";
import { policyOf } from "../../kit/model/limiters.ts";

function overrideOf(bucket: string, note = ""): KnownOverride {
  return { bucket, policy: policyOf().toJSON(), atMs: 7, note, hasPrevious: false };
}

/** Rows that list what is written. */
class Rows implements OverrideRows {
  readonly writes: string[] = [];
  readonly #rows = new Map<string, KnownOverride>();
  list = () => structuredClone([...this.#rows.values()]);
  put = (entry: KnownOverride) => {
    this.writes.push(`put ${entry.bucket}`);
    this.#rows.set(entry.bucket, entry);
  };
  delete = (bucket: string) => {
    this.writes.push(`delete ${bucket}`);
    this.#rows.delete(bucket);
  };
  erase = () => this.writes.push("erase");
}

describe("OverrideBook", () => {
  test("lists by name, and a new instance lists the same", () => {
    const rows = new Rows();
    const book = new OverrideBook(rows);
    for (const bucket of ["b", "a", "B"]) book.note(overrideOf(bucket));
    book.note(overrideOf("a", "for the launch"));
    const entries = [overrideOf("B"), overrideOf("a", "for the launch"), overrideOf("b")];
    expect(book.list()).toEqual(entries);
    expect(new OverrideBook(rows).list()).toEqual(entries);
  });

  test("writes what has changed, and nothing else", () => {
    const rows = new Rows();
    const book = new OverrideBook(rows);
    book.drop("a");
    book.note(overrideOf("a"));
    book.note(overrideOf("a"));
    book.note(overrideOf("a", "again"));
    book.note(overrideOf("b"));
    book.drop("a");
    book.drop("a");
    expect(rows.writes).toEqual(["put a", "put a", "put b", "delete a"]);
    book.drop("b");
    expect(rows.writes.slice(-2)).toEqual(["delete b", "erase"]);
    expect(book.list()).toEqual([]);
  });
});
