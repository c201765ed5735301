/**
 * When a bucket may be forgotten, as read from files that the installed workerd has written. If this fails after an
 * upgrade, workerd keeps its values in another way, and `npm run serve` would keep all files for ever.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { RowWriter } from "../../kit/processes/row-writer.ts";
import { forgetAtMsOf } from "../../serve/stored-record.ts";

const POLICY = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000, maxWaitMs: 30_000 };
const LIMITER = { bucket: { tokens: 1, startedAtMs: 1, ticks: 3 }, granted: 1, refused: 0 };
const RECORD = { format: 4, name: "x", policyName: "*", policy: POLICY, isOverridden: false };
const FORGET_AT_MS = 1_800_000_000_000;
const limiter = { ...LIMITER, forgetAtMs: FORGET_AT_MS };

let writer: RowWriter;
beforeAll(async () => {
  writer = await RowWriter.start();
});
afterAll(() => writer[Symbol.asyncDispose]());

async function written(name: string, rows: Readonly<Record<string, unknown>>): Promise<string> {
  return join(writer.dir, `${await writer.write(name, rows)}.sqlite`);
}

describe("forgetAtMsOf", () => {
  it.each<[string, object, number | undefined]>([
    ["is in the bucket's own row", { bucket: { ...RECORD, limiter } }, FORGET_AT_MS],
    [
      "is in the newest row of a grant",
      {
        bucket: { ...RECORD, format: 6, seq: 1, limiter: LIMITER },
        "open:0": { seq: 2, grant: {}, limiter: { ...LIMITER, forgetAtMs: 5 } },
        "open:9": { seq: 12, grant: {}, limiter },
        "open:10": { seq: 11, grant: {}, limiter: { ...LIMITER, forgetAtMs: 6 } },
        "open:11": { grant: {} },
      },
      FORGET_AT_MS,
    ],
    [
      "is ten minutes later, where there are keys or tickets",
      { bucket: { ...RECORD, limiter }, "ticket-secret": [1, 2] },
      FORGET_AT_MS + 600_000,
    ],
    [
      "is later by the longest wait, if that is more",
      {
        bucket: { ...RECORD, limiter, policy: { ...POLICY, maxWaitMs: 3_600_000 } },
        "keyed:0": "[]",
      },
      FORGET_AT_MS + 3_600_000,
    ],
    ["is never, without one", { bucket: { ...RECORD, limiter: LIMITER } }, undefined],
    [
      "is never, if the newest row has none",
      {
        bucket: { ...RECORD, format: 6, seq: 1, limiter },
        "open:0": { seq: 2, grant: {}, limiter: LIMITER },
      },
      undefined,
    ],
    [
      "is never, for an override",
      { bucket: { ...RECORD, isOverridden: true, limiter } },
      undefined,
    ],
    ["is not known without a record", { other: 1 }, undefined],
    ["is not known of a record that is none", { bucket: "text" }, undefined],
    [
      "is not known if it is no number",
      { bucket: { ...RECORD, limiter: { ...LIMITER, forgetAtMs: "soon" } } },
      undefined,
    ],
  ])("%s", async (what, rows, atMs) => {
    const path = await written(encodeURIComponent(what), { ...rows });
    expect(forgetAtMsOf(path, false)).toBe(atMs);
    const id = path.slice(writer.dir.length + 1);
    expect(readdirSync(writer.dir).filter((file) => file.startsWith(id))).toEqual([id]);
  });

  it("is not known of a file that is no database, and of none", () => {
    const path = join(writer.dir, "garbage");
    writeFileSync(path, "not a database");
    expect(forgetAtMsOf(path, false)).toBeUndefined();
    expect(forgetAtMsOf(path, true)).toBeUndefined();
    expect(forgetAtMsOf(join(writer.dir, "nothing"), false)).toBeUndefined();
  });

  it("is read with the log that a kill has left, which stays as it is", async () => {
    const id = await writer.write("killed", { bucket: { ...RECORD, limiter } }, true);
    await writer.kill();
    const filesOf = (): string[] =>
      writer
        .files()
        .filter((file) => file.startsWith(id))
        .toSorted();
    const before = filesOf();
    expect(before).toContain(`${id}.sqlite-wal`);
    expect(forgetAtMsOf(join(writer.dir, `${id}.sqlite`), true)).toBe(FORGET_AT_MS);
    expect(filesOf()).toEqual(before);
  });
});
