/**
 * The state directory of `npm run serve` as a version has left it when it was killed, in one compressed file:
 * with SQLite's files, the names that workerd gives them, and the values as workerd serializes them, none of
 * which a record as JSON shows.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { PolicyFields } from "../../src/core/policy.ts";

/** SQLite's index of its log, which it builds again, and sockets: neither is worth keeping. */
const NOT_KEPT = /-shm$|\.sock$|^lock\.sqlite/;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A tick a day, so that the numbers of a bucket stay the same for the length of a test. */
const daily = { capacity: 5, refillTokens: 1, refillIntervalMs: DAY_MS, initialTokens: 5 };

/** The policies of the server that was killed. */
export const recordedPolicies = {
  "*": daily,
  "leased:*": {
    ...daily,
    capacity: 1_000,
    initialTokens: 1_000,
    lease: { maxTokens: 64, ttlMs: 20_000 },
  },
  "waiting:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 30_000 },
  "several:*": {
    ...daily,
    limits: {
      plan: { capacity: 1_000, every: "month", timeZone: "Europe/Berlin", at: "06:30" },
      tpm: { ...daily, capacity: 500, initialTokens: 500 },
    },
  },
  "holding:*": { ...daily, hold: { maxMs: HOUR_MS } },
  "permits:*": { ...daily, concurrency: { max: 2, ttlMs: HOUR_MS } },
  "calendar:*": { capacity: 100_000, every: "week", on: "sunday", timeZone: "Asia/Tokyo" },
} as const satisfies Readonly<Record<string, PolicyFields>>;

/** Buckets in states that time leaves as they are: of one token bucket, which formats 1 to 4 hold. */
export const lastingBuckets = [
  "drained",
  "paused",
  "overridden",
  "overridden-before-its-start",
  "keyed",
] as const;

/** The same with several limits, or a calendar: format 5. */
export const lastingBucketsOfSeveral = [
  "several:drained",
  "several:paused",
  "several:overridden",
  "calendar:drained",
] as const;

/** The same with holds and permits, which last for an hour: format 6. */
export const lastingBucketsOfHolders = ["holding:open", "holding:settled", "permits:out"] as const;

/** What a server has left, and what it said last. */
export interface RecordedFolder {
  /** When it was killed, epoch milliseconds. */
  readonly atMs: number;
  /** Contents by path in the state directory, in Base64. */
  readonly files: Readonly<Record<string, string>>;
  /** The last answers to `GET /buckets/NAME`, by name. */
  readonly snapshots: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The grants of `holding:open`, `holding:settled` and `permits:out`, since format 6. */
  readonly open?: Readonly<Record<string, GrantBody>>;
  /** A grant with a key, by the name of its bucket. */
  readonly keyed: { readonly bucket: string; readonly key: string; readonly grant: GrantBody };
}

/** The files of a state directory, by path, in Base64. */
export async function filesOf(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const kept = entries.filter((entry) => entry.isFile() && !NOT_KEPT.test(entry.name));
  const files: Record<string, string> = {};
  for (const { parentPath, name } of kept) {
    const path = join(parentPath, name);
    files[path.slice(dir.length + 1)] = await readFile(path, "base64");
  }
  return files;
}

/** Writes the files into a directory, as they were. */
export async function restoreFiles({ files }: RecordedFolder, dir: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, "base64");
  }
}

/** Writes a recorded folder into a file. */
export async function saveFolder(path: string, folder: RecordedFolder): Promise<void> {
  await writeFile(path, await promisify(gzip)(JSON.stringify(folder), { level: 9 }));
}

/** Reads what `saveFolder` wrote. */
export async function loadFolder(path: string): Promise<RecordedFolder> {
  const text = await promisify(gunzip)(await readFile(path));
  const folder: RecordedFolder = JSON.parse(text.toString());
  return folder;
}
