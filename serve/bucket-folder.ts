/**
 * The launcher's care of the buckets' files, `ID.sqlite` each.
 *
 * workerd creates a file for every object that it instantiates, whatever the request, and never removes
 * one, not even when the bucket is deleted. Nor can it delete a file that it can't open. So before workerd
 * starts, the launcher inspects the directory. It removes empty files. A file with lost writes that SQLite
 * would not notice is replaced with a note, so that it can't pass for a new bucket, which would be full
 * (bucket-file.ts). Such a bucket answers 503 until it is deleted, like one whose file SQLite refuses.
 *
 * While workerd runs, the launcher touches files only while workerd is stopped and doesn't have them open
 * (stopped-process.ts). It removes empty files only; everything else is set aside for inspection.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import { DATABASE_SUFFIXES, judgeFile, readStart, type Verdict } from "./bucket-file.ts";
import { whileStopped } from "./stopped-process.ts";

/** A bucket's file: the ID of its object, and the suffix. */
const FILE_NAME = /^([0-9a-f]{64})\.sqlite(|-wal|-shm|-journal)$/;
/** Where workerd keeps the alarms of all objects. */
const ALARMS = "metadata.sqlite";
/** The first characters of a note that replaces a file. */
const NOTE = "Sluice: ";
const MAX_NOTE_BYTES = 1_000;
/** Interval for removing empty files: workerd closes a file after ten idle seconds. */
const TIDY_EVERY_MS = 10_000;

/** How many times to check whether workerd has closed a file that is to be set aside. */
const CLOSE_TRIES = 10;
/** Between two of these checks. */
const CLOSE_POLL_MS = 20;

/** Whether a file was set aside, or workerd still has it open. */
export type Removal = "done" | "in-use";

/** The buckets' files in one directory. */
export class BucketFolder {
  readonly #dir: string;
  readonly #asideDir: string;
  /** IDs of buckets that the Worker has reported empty. */
  readonly #emptied = new Set<string>();
  #pid: number | undefined = undefined;
  #lastStop: Promise<unknown> = Promise.resolve();

  /**
   * @param dir Where workerd keeps the files; created if missing.
   * @param asideDir Where unusable files are moved to; created when needed.
   */
  constructor(dir: string, asideDir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#dir = realpathSync(dir);
    this.#asideDir = asideDir;
  }

  /** Where the files are. */
  get dir(): string {
    return this.#dir;
  }

  /**
   * Inspects all files before workerd starts, and logs what is damaged. Takes about a second for 100,000
   * buckets.
   */
  inspect(log: (line: string) => void): void {
    for (const [id, suffixes] of this.#list()) {
      const verdict = this.#judge(id, suffixes);
      if (verdict.kind === "empty") this.#remove(id);
      if (verdict.kind === "lost") log(this.#replace(id, verdict.why));
    }
    const fault = faultOf(join(this.#dir, ALARMS));
    if (fault === undefined) return;
    const aside = this.#setAside(ALARMS);
    log(`${join(this.#dir, ALARMS)}: ${fault}. Moved to ${aside}; workerd creates a new one`);
  }

  /** Removes empty files while the process `pid` uses the directory, until the signal is aborted. */
  watch(pid: number, signal: AbortSignal): void {
    this.#pid = pid;
    const timer = setInterval(() => {
      this.#tidy().catch((error: unknown) => console.error("Cannot remove empty files", error));
    }, TIDY_EVERY_MS);
    timer.unref();
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      this.#pid = undefined;
    });
  }

  /** The path of the file of the bucket whose object has this ID. */
  pathOf(id: string): string {
    return join(this.#dir, `${id}.sqlite`);
  }

  /** The fault of a bucket's file, in the words of SQLite or of the note that replaced it; `undefined`: none. */
  faultOf(id: string): string | undefined {
    return faultOf(this.pathOf(id));
  }

  /** Notes that the bucket is empty: its file is removed once workerd has closed it. */
  noteEmptied(id: string): void {
    this.#emptied.add(id);
  }

  /**
   * Moves the files of a bucket aside, so that it starts from scratch, unless workerd has them open. An
   * object that has just been shut down closes them within moments; one that is in use does not.
   */
  async setAside(id: string): Promise<Removal> {
    const path = this.pathOf(id);
    for (let tries = 1; ; tries += 1) {
      const removal = await this.#whileClosed((isOpen): Removal => {
        if (isOpen(path)) return "in-use";
        this.#setAside(`${id}.sqlite`);
        return "done";
      });
      if (removal === "done" || tries === CLOSE_TRIES) return removal ?? "in-use";
      await setTimeout(CLOSE_POLL_MS);
    }
  }

  /** Removes empty files that are closed. */
  async #tidy(): Promise<void> {
    const candidates: string[] = [];
    for (const id of this.#emptied) {
      const path = this.pathOf(id);
      // An open file has a log, which shows without stopping workerd.
      if (existsSync(`${path}-wal`) || existsSync(`${path}-shm`)) continue;
      if (this.#isEmpty(id)) candidates.push(id);
      else this.#emptied.delete(id);
    }
    if (candidates.length === 0) return;
    await this.#whileClosed((isOpen) => {
      for (const id of candidates) {
        if (isOpen(this.pathOf(id)) || !this.#isEmpty(id)) continue;
        this.#remove(id);
        this.#emptied.delete(id);
      }
    });
  }

  /** The suffixes of each bucket's files, by ID. Most buckets have one file; those share one set. */
  #list(): ReadonlyMap<string, ReadonlySet<string>> {
    const alone: ReadonlySet<string> = new Set([""]);
    const suffixesById = new Map<string, ReadonlySet<string>>();
    for (const name of readdirSync(this.#dir)) {
      const [, id, suffix] = FILE_NAME.exec(name) ?? [];
      if (id === undefined || suffix === undefined) continue;
      const others = suffixesById.get(id);
      if (others) suffixesById.set(id, new Set([...others, suffix]));
      else suffixesById.set(id, suffix === "" ? alone : new Set([suffix]));
    }
    return suffixesById;
  }

  #isEmpty(id: string): boolean {
    const path = this.pathOf(id);
    const suffixes = DATABASE_SUFFIXES.filter((suffix) => existsSync(path + suffix));
    return suffixes.length > 0 && this.#judge(id, new Set(suffixes)).kind === "empty";
  }

  /** A file that can't be read counts as whole: workerd will fail to read it, too, and report it. */
  #judge(id: string, suffixes: ReadonlySet<string>): Verdict {
    try {
      return judgeFile(this.pathOf(id), suffixes);
    } catch {
      return { kind: "whole" };
    }
  }

  async #whileClosed<Result>(
    act: (isOpen: (path: string) => boolean) => Result,
  ): Promise<Result | undefined> {
    const pid = this.#pid;
    if (pid === undefined) return undefined;
    // One at a time: resuming the process for one would resume it for the other.
    const before = this.#lastStop;
    const stop = before.then(() =>
      whileStopped(pid, (openPaths) => {
        return act((path) => DATABASE_SUFFIXES.some((suffix) => openPaths.has(path + suffix)));
      }),
    );
    this.#lastStop = stop.catch(() => undefined);
    return await stop;
  }

  #remove(id: string): void {
    for (const suffix of DATABASE_SUFFIXES) rmSync(this.pathOf(id) + suffix, { force: true });
  }

  /** @returns The new path. */
  #setAside(name: string): string {
    mkdirSync(this.#asideDir, { recursive: true, mode: 0o700 });
    const target = join(this.#asideDir, `${Date.now()}-${name}`);
    for (const suffix of DATABASE_SUFFIXES) {
      const path = join(this.#dir, name + suffix);
      if (existsSync(path)) renameSync(path, target + suffix);
    }
    return target;
  }

  #replace(id: string, why: string): string {
    const path = this.pathOf(id);
    const aside = this.#setAside(`${id}.sqlite`);
    const remedy = "DELETE /buckets/NAME resets the bucket, until then it answers 503";
    writeFileSync(path, `${NOTE}${why}; the damaged file is ${aside}\n${remedy}\n`);
    return `${path}: ${why}. Moved to ${aside}; ${remedy}`;
  }
}

/** What SQLite reports about a copy; opening the file itself would interfere with workerd's locks. */
function faultOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  let dir: string | undefined;
  try {
    const note = readStart(path, MAX_NOTE_BYTES).toString();
    if (note.startsWith(NOTE)) return note.slice(NOTE.length, note.indexOf("\n"));
    dir = mkdtempSync(join(tmpdir(), "sluice-look-"));
    const copy = join(dir, "copy.sqlite");
    for (const suffix of ["", "-wal"]) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    }
    return quickCheck(copy);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }
}

function quickCheck(path: string): string | undefined {
  const database = new DatabaseSync(path);
  try {
    const [row] = database.prepare("PRAGMA quick_check(1)").all();
    const found = String(row?.["quick_check"]);
    return found === "ok" ? undefined : found.replaceAll(/\s+/g, " ");
  } finally {
    database.close();
  }
}
