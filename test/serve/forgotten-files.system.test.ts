/** Files that hold nothing any more, beside a workerd that goes on using others. */
import { copyFileSync, existsSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { RowWriter } from "../../kit/processes/row-writer.ts";
import { ForgottenFiles, type WhileClosed } from "../../serve/forgotten-files.ts";
import { DATABASE_SUFFIXES } from "../../serve/bucket-file.ts";
import { whileStopped } from "../../serve/stopped-process.ts";

const POLICY = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000, maxWaitMs: 30_000 };
const HOUR_MS = 3_600_000;
/** All that is written is older than this. */
const LATER_MS = 10_000;

let writer: RowWriter;
let files: ForgottenFiles;
let stops: number;

/** As the launcher does it. */
const whileClosed: WhileClosed = (act) => {
  stops += 1;
  return whileStopped(writer.pid, (open) =>
    act((path) => DATABASE_SUFFIXES.some((suffix) => open.has(path + suffix))),
  );
};

beforeEach(async () => {
  stops = 0;
  writer = await RowWriter.start();
  files = new ForgottenFiles(writer.dir, whileClosed, Date.now());
});
afterEach(() => writer[Symbol.asyncDispose]());

function recordThatIsForgotten(atMs: number): object {
  const limiter = { granted: 1, refused: 0, forgetAtMs: atMs };
  return { format: 4, name: "x", policyName: "*", policy: POLICY, isOverridden: false, limiter };
}

function write(name: string, atMs: number, isKept = false): Promise<string> {
  return writer.write(name, { bucket: recordThatIsForgotten(atMs) }, isKept);
}

/** Dates a file as if it had been written then. */
function touch(id: string, atMs: number): void {
  utimesSync(join(writer.dir, `${id}.sqlite`), atMs / 1_000, atMs / 1_000);
}

describe.runIf(process.platform === "linux")("ForgottenFiles.round", () => {
  it("removes what is due or empty, and nothing else", async () => {
    const nowMs = Date.now();
    const due = await write("due", nowMs + LATER_MS);
    const later = await write("later", nowMs + HOUR_MS);
    const held = await write("held", nowMs, true);
    const never = await writer.write("never", { bucket: { limiter: {} } });
    const empty = await writer.write("empty", {});
    const heldFiles = writer.files().filter((file) => file.startsWith(held));
    expect(heldFiles).toContain(`${held}.sqlite-wal`);
    await files.round(nowMs + LATER_MS - 1);
    expect(existsSync(join(writer.dir, `${empty}.sqlite`))).toBe(false);
    expect(existsSync(join(writer.dir, `${due}.sqlite`))).toBe(true);
    await files.round(nowMs + LATER_MS);
    const kept = [...heldFiles, `${later}.sqlite`, `${never}.sqlite`];
    expect(writer.files().toSorted()).toEqual(kept.toSorted());
    // A file that is open, as its log shows, is worth no stop.
    expect(stops).toBe(2);
    await files.round(nowMs + LATER_MS + 1);
    expect(stops).toBe(2);
    await files.round(nowMs + HOUR_MS);
    expect(writer.files().toSorted()).toEqual([...heldFiles, `${never}.sqlite`].toSorted());
    // What was removed starts as any other.
    expect(await write("due", nowMs)).toBe(due);
  });

  it("keeps a bucket that was asked between the look and the removal", async () => {
    const nowMs = Date.now();
    const asked = await write("asked", nowMs);
    const open = await write("open", nowMs);
    const others = await Promise.all([1, 2, 3].map((i) => write(`other${i}`, nowMs)));
    let isFirst = true;
    const late = new ForgottenFiles(
      writer.dir,
      async (act) => {
        if (isFirst) {
          await write("asked", nowMs + HOUR_MS);
          await write("open", nowMs + HOUR_MS, true);
          touch(asked, nowMs + LATER_MS);
        }
        isFirst = false;
        return await whileClosed(act);
      },
      nowMs,
    );
    await late.round(nowMs + LATER_MS);
    expect(existsSync(join(writer.dir, `${asked}.sqlite`))).toBe(true);
    expect(existsSync(join(writer.dir, `${open}.sqlite`))).toBe(true);
    for (const id of others) expect(existsSync(join(writer.dir, `${id}.sqlite`))).toBe(false);
    // Their newer records count from then on.
    await late.round(nowMs + 2 * LATER_MS);
    expect(existsSync(join(writer.dir, `${asked}.sqlite`))).toBe(true);
    await late.round(nowMs + HOUR_MS);
    expect(existsSync(join(writer.dir, `${asked}.sqlite`))).toBe(false);
  });

  it("removes a bucket that was only read between the look and the removal, once it is closed", async () => {
    const nowMs = Date.now();
    const id = await write("read", nowMs);
    let isOpen = true;
    const late = new ForgottenFiles(writer.dir, async (act) => act(() => isOpen), nowMs);
    await late.round(nowMs + LATER_MS);
    expect(existsSync(join(writer.dir, `${id}.sqlite`))).toBe(true);
    isOpen = false;
    await late.round(nowMs + 2 * LATER_MS);
    expect(existsSync(join(writer.dir, `${id}.sqlite`))).toBe(false);
  });

  it("removes the logs that a kill has left behind with their files", async () => {
    const nowMs = Date.now();
    await write("killed", nowMs, true);
    const kept = await write("kept", nowMs + HOUR_MS, true);
    await writer.kill();
    const afterKill = new ForgottenFiles(
      writer.dir,
      async (act) => act(() => false),
      nowMs + HOUR_MS,
    );
    await afterKill.round(nowMs + LATER_MS);
    const isOfKept = (file: string): boolean => file.startsWith(kept);
    expect(writer.files().length).toBeGreaterThan(1);
    expect(writer.files().every(isOfKept)).toBe(true);
  });

  it("removes many in more than one stop, each of them short, and none without a stop", async () => {
    const nowMs = Date.now();
    const path = join(writer.dir, `${await write("many", nowMs)}.sqlite`);
    for (let copy = 1; copy < 1_200; copy += 1) {
      copyFileSync(path, join(writer.dir, `${copy.toString(16).padStart(64, "0")}.sqlite`));
    }
    const stuck = new ForgottenFiles(writer.dir, async () => undefined, nowMs);
    await stuck.round(nowMs + LATER_MS);
    expect(writer.files()).toHaveLength(1_200);
    // A busy machine fails to stop it now and then.
    let tries = 0;
    files = new ForgottenFiles(
      writer.dir,
      async (act) => ((tries += 1) % 2 === 0 ? await whileClosed(act) : undefined),
      nowMs,
    );
    await files.round(nowMs + LATER_MS);
    expect(writer.files()).toEqual([]);
    expect(stops).toBeGreaterThan(1);
  });

  it("waits until a file's date is old enough to show the next change", async () => {
    const id = await write("fresh", 0);
    const path = join(writer.dir, `${id}.sqlite`);
    const { mtimeMs } = statSync(path);
    await files.round(mtimeMs + 1_999);
    expect(existsSync(path)).toBe(true);
    await files.round(mtimeMs + 2_001);
    expect(existsSync(path)).toBe(false);
  });

  it("finds what was written after the clock was set back", async () => {
    const nowMs = Date.now();
    await files.round(nowMs + HOUR_MS);
    const id = await write("before", 0);
    touch(id, nowMs - HOUR_MS);
    await files.round(nowMs - HOUR_MS + LATER_MS);
    expect(existsSync(join(writer.dir, `${id}.sqlite`))).toBe(false);
  });

  it("goes on without a file that has gone by itself", async () => {
    const nowMs = Date.now();
    const id = await write("gone", nowMs + LATER_MS);
    await files.round(nowMs + LATER_MS - 1);
    rmSync(join(writer.dir, `${id}.sqlite`));
    await files.round(nowMs + LATER_MS);
    expect(writer.files()).toEqual([]);
  });
});
