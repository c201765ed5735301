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
 * (stopped-process.ts). It removes those that hold nothing any more (forgotten-files.ts); everything else is set
 * aside for inspection.
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
import { FILE_NAME, ForgottenFiles } from "./forgotten-files.ts";
import { whileStopped } from "./stopped-process.ts";

/** Where workerd keeps the alarms of all objects. */
const ALARMS = "metadata.sqlite";
/** The first characters of a note that replaces a file. */
const NOTE = "Sluice: ";
const MAX_NOTE_BYTES = 1_000;
/**
 * Between two rounds that remove files: a file that holds nothing is gone within a minute, of which workerd keeps
 * it open for ten seconds.
 */
const ROUND_EVERY_MS = 20_000;
/** A round may take this share of the time, if a directory is so large that it takes seconds. */
const MAX_ROUND_SHARE = 0.25;

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

  /** Removes files that hold nothing any more while the process `pid` uses the directory, until the signal is aborted. */
  watch(pid: number, signal: AbortSignal): void {
    this.#pid = pid;
    signal.addEventListener("abort", () => (this.#pid = undefined));
    void this.#removeForgotten(signal);
  }

  /** The path of the file of the bucket whose object has this ID. */
  pathOf(id: string): string {
    return join(this.#dir, `${id}.sqlite`);
  }

  /** The fault of a bucket's file, in the words of SQLite or of the note that replaced it; `undefined`: none. */
  faultOf(id: string): string | undefined {
    return faultOf(this.pathOf(id));
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

  async #removeForgotten(signal: AbortSignal): Promise<void> {
    const files = new ForgottenFiles(this.#dir, (act) => this.#whileClosed(act), Date.now());
    let pauseMs = ROUND_EVERY_MS;
    while (await isOver(pauseMs, signal)) {
      const beganMs = performance.now();
      try {
        await files.round(Date.now(), signal);
      } catch (error) {
        console.error("Cannot remove files that hold nothing", error);
      }
      pauseMs = Math.max(ROUND_EVERY_MS, (performance.now() - beganMs) / MAX_ROUND_SHARE);
    }
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

/** Whether the time has passed, or the signal was aborted before. Doesn't keep the process alive. */
async function isOver(delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(delayMs, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
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
