/** The buckets' files before workerd starts, and what becomes of damaged ones. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { BucketFolder } from "../../serve/bucket-folder.ts";

const ID = "a".repeat(64);
const OTHER = "b".repeat(64);

let dir: string;
let aside: string;
let folder: BucketFolder;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-folder-"));
  aside = join(dir, "set-aside");
  folder = new BucketFolder(join(dir, "buckets"), aside);
});
afterEach(() => rmSync(dir, { recursive: true }));

function makeFile(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE t (value); INSERT INTO t VALUES (1)");
  database.close();
}

function inspected(): string[] {
  const lines: string[] = [];
  folder.inspect((line) => lines.push(line));
  return lines;
}

describe("BucketFolder.inspect", () => {
  it("keeps whole files, and removes empty ones", () => {
    makeFile(folder.pathOf(ID));
    const database = new DatabaseSync(folder.pathOf(OTHER));
    database.exec("PRAGMA user_version = 1");
    database.close();
    expect(inspected()).toEqual([]);
    expect(readdirSync(folder.dir)).toEqual([`${ID}.sqlite`]);
    expect(existsSync(aside)).toBe(false);
  });

  it("replaces a file that lost writes with a note, and sets it aside", () => {
    const path = folder.pathOf(ID);
    makeFile(path);
    truncateSync(path, 4_196);
    const [line = "", ...more] = inspected();
    expect(more).toEqual([]);
    const why = "the file is truncated: 4196 of 8192 bytes";
    expect(line).toContain(`${path}: ${why}. Moved to ${aside}`);
    expect(line).toContain("DELETE /buckets/NAME resets the bucket");
    expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^Sluice: ${why}`));
    expect(folder.faultOf(ID)).toContain(why);
    expect(readdirSync(aside)).toEqual([expect.stringMatching(`^\\d+-${ID}.sqlite$`)]);
    // The note is no longer a file that lost writes.
    expect(inspected()).toEqual([]);
  });

  it("sets a damaged list of alarms aside", () => {
    const alarms = join(folder.dir, "metadata.sqlite");
    writeFileSync(alarms, "not a database");
    const [line = ""] = inspected();
    expect(line).toMatch(/metadata\.sqlite: .*Moved to .*; workerd creates a new one$/);
    expect(existsSync(alarms)).toBe(false);
  });
});

describe("BucketFolder.faultOf", () => {
  it("is undefined for a sound file, and for none", () => {
    makeFile(folder.pathOf(ID));
    expect(folder.faultOf(ID)).toBeUndefined();
    expect(folder.faultOf(OTHER)).toBeUndefined();
  });

  it("is what SQLite reports", () => {
    writeFileSync(folder.pathOf(ID), "x".repeat(8_192));
    expect(folder.faultOf(ID)).toContain("not a database");
  });
});

describe.runIf(process.platform === "linux")("BucketFolder.setAside, while a process runs", () => {
  it("moves the files that it has closed, and no others", async () => {
    makeFile(folder.pathOf(ID));
    makeFile(folder.pathOf(OTHER));
    const command = `exec 3<'${folder.pathOf(OTHER)}'; echo ready; read _`;
    const child = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "ignore"] });
    const ended = new AbortController();
    try {
      await once(child.stdout, "data");
      folder.watch(Number(child.pid), ended.signal);
      expect(await folder.setAside(ID)).toBe("done");
      expect(await folder.setAside(OTHER)).toBe("in-use");
      expect(readdirSync(folder.dir)).toEqual([`${OTHER}.sqlite`]);
      expect(readdirSync(aside)).toHaveLength(1);
    } finally {
      ended.abort();
      child.kill("SIGKILL");
    }
  });

  it("moves nothing once the process is no longer watched", async () => {
    makeFile(folder.pathOf(ID));
    expect(await folder.setAside(ID)).toBe("in-use");
  });
});
