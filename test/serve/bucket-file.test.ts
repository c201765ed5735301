/** What is detected of damage that SQLite itself does not notice. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { DATABASE_SUFFIXES, judgeFile, readStart, type Verdict } from "../../serve/bucket-file.ts";

let dir: string;
let path: string;
let files = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-file-"));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  files += 1;
  path = join(dir, `${files}.sqlite`);
});

function judge(): Verdict {
  const suffixes = DATABASE_SUFFIXES.filter((suffix) => existsSync(path + suffix));
  return judgeFile(path, new Set(suffixes));
}

/** A database like workerd's, with `rows` writes in its log. */
function open(rows: number): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  database.exec("CREATE TABLE t (value BLOB); PRAGMA wal_checkpoint(TRUNCATE)");
  for (let row = 0; row < rows; row += 1) database.exec("INSERT INTO t VALUES (zeroblob(100))");
  return database;
}

/** The files as a kill leaves them: with the log. */
function killed(rows: number): void {
  const database = open(rows);
  const copy = join(dir, `${files}-killed.sqlite`);
  for (const suffix of ["", "-wal", "-shm"]) copyFileSync(path + suffix, copy + suffix);
  database.close();
  path = copy;
}

const logOf = (): string => `${path}-wal`;

describe("judgeFile, of a closed database", () => {
  it("finds it whole", () => {
    open(3).close();
    expect(judge()).toEqual({ kind: "whole" });
  });

  it("finds one without content empty", () => {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA user_version = 1");
    database.close();
    expect(statSync(path).size).toBe(4_096);
    expect(judge()).toEqual({ kind: "empty" });
  });

  it("finds the end missing that its header names", () => {
    open(3).close();
    truncateSync(path, 4_196);
    expect(judge()).toEqual({ kind: "lost", why: "the file is truncated: 4196 of 8192 bytes" });
  });

  it("tells a file that was never written from one that was truncated to nothing", () => {
    writeFileSync(path, "");
    const { birthtimeMs } = statSync(path);
    expect(judge().kind).toBe(statSync(path).mtimeMs === birthtimeMs ? "empty" : "lost");
    utimesSync(path, 1, 1);
    expect(judge()).toEqual({ kind: "lost", why: "the file was truncated to nothing" });
  });

  it("leaves to SQLite what SQLite refuses", () => {
    writeFileSync(path, "not a database");
    expect(judge()).toEqual({ kind: "whole" });
  });
});

describe("judgeFile, of a database with its log", () => {
  it("finds it whole", () => {
    killed(3);
    expect(judge()).toEqual({ kind: "whole" });
  });

  it("finds a log missing", () => {
    killed(3);
    rmSync(logOf());
    expect(judge()).toEqual({ kind: "lost", why: "the log is missing, with 3 writes" });
  });

  it("finds a log cut off", () => {
    killed(3);
    truncateSync(logOf(), statSync(logOf()).size - 1);
    expect(judge()).toEqual({ kind: "lost", why: "the log has only 2 of 3 writes" });
  });

  it("finds a changed byte in the log", () => {
    killed(3);
    const bytes = readFileSync(logOf());
    bytes[bytes.length - 1] = 0xff;
    writeFileSync(logOf(), bytes);
    expect(judge()).toEqual({ kind: "lost", why: "the log has only 2 of 3 writes" });
  });

  it("finds the file missing", () => {
    killed(3);
    rmSync(path);
    expect(judge()).toEqual({ kind: "lost", why: "the file is missing, but its log exists" });
  });

  it("says nothing of a log without its index", () => {
    killed(3);
    rmSync(`${path}-shm`);
    truncateSync(logOf(), statSync(logOf()).size - 1);
    expect(judge()).toEqual({ kind: "whole" });
  });
});

it("readStart returns what there is of a shorter file", () => {
  writeFileSync(path, "abc");
  expect(readStart(path, 2).toString()).toBe("ab");
  expect(readStart(path, 10).toString()).toBe("abc");
});
