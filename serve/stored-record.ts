/**
 * Reads from the file of a bucket when the bucket may be forgotten, without workerd.
 *
 * workerd keeps an object's values in the table `_cf_KV`, serialized by V8. Both are its own affair and may
 * change with any version, so a file that reads differently from what is expected says nothing, and is kept. A
 * test reads what the installed workerd has written.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { deserialize } from "node:v8";

import {
  OPEN_GRANT_PREFIX,
  STATE_KEY,
  keptLongerMs,
  newestState,
} from "../src/bucket/stored-rows.ts";

/** The last possible key with a prefix, for rows whose keys go on with a number. */
const AFTER_NUMBERS = ";";

/** The rows that have a state. */
const STATES = `key = '${STATE_KEY}' OR key BETWEEN '${OPEN_GRANT_PREFIX}' AND '${OPEN_GRANT_PREFIX}${AFTER_NUMBERS}'`;

/** As much of a row as is read here. Nothing in it is certain to be there. */
interface Row {
  readonly seq?: number;
  readonly limiter?: { readonly forgetAtMs?: unknown };
  readonly policy?: { readonly maxWaitMs?: unknown };
  readonly isOverridden?: unknown;
}

/**
 * When the bucket in the file at `path` may be forgotten, epoch milliseconds; `undefined`: never, or not known.
 * No process may write to the file meanwhile. Leaves nothing beside it. Takes a tenth of a millisecond, with a
 * log (`-wal`) some more: then it reads a copy, because SQLite would write to both.
 */
export function forgetAtMsOf(path: string, hasLog: boolean): number | undefined {
  try {
    return hasLog ? withCopy(path, read) : read(path);
  } catch {
    return undefined;
  }
}

function withCopy<Result>(path: string, read: (path: string) => Result): Result {
  const dir = mkdtempSync(join(tmpdir(), "sluice-read-"));
  try {
    const copy = join(dir, "copy.sqlite");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    const database = new DatabaseSync(copy);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    return read(copy);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function read(path: string): number | undefined {
  const url = pathToFileURL(path);
  // Or SQLite makes a log and its index beside the file, and leaves them there.
  url.search = "?immutable=1";
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    const rows = database.prepare(`SELECT key, value FROM _cf_KV WHERE ${STATES}`).all();
    const values = rows.map(({ key, value }) => [key, deserialize(value as Uint8Array)] as const);
    const own = values.find(([key]) => key === STATE_KEY)?.[1] as Row | undefined;
    if (own?.limiter === undefined || own.isOverridden !== false) return undefined;
    const { limiter } = newestState<Row["limiter"]>({ ...own, limiter: own.limiter }, values);
    const others = database.prepare(`SELECT 1 FROM _cf_KV WHERE NOT (${STATES})`).get();
    const longerMs = keptLongerMs(others !== undefined, Number(own.policy?.maxWaitMs));
    const atMs = Number(limiter?.forgetAtMs) + longerMs;
    return Number.isFinite(atMs) ? atMs : undefined;
  } finally {
    database.close();
  }
}
