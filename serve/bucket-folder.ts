/**
 * The files of the buckets, `ID.sqlite` each, as the launcher looks after them.
 *
 * workerd makes one for every object that it comes to, asked for something or not, and none ever goes: not
 * with a deletion, either. And one that it cannot open it cannot delete. So before it starts the folder is
 * looked through: what holds nothing goes, and what has lost something that SQLite would not miss is
 * replaced by a note, so that it cannot pass for a new bucket, which would be full (bucket-file.ts). Such
 * a bucket is answered for with 503, like one that SQLite refuses to open, until somebody deletes it.
 *
 * While workerd runs, its files are touched only while it is stopped and has them not open
 * (stopped-process.ts). What is removed was empty; everything else is set aside, for whoever wants to know
 * what has happened.
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

/** A file of a bucket: the id of its object, and what stands behind it. */
const FILE_NAME = /^([0-9a-f]{64})\.sqlite(|-wal|-shm|-journal)$/;
/** Where workerd keeps the alarms of all objects. */
const ALARMS = "metadata.sqlite";
/** How a note begins that stands in the place of a file. */
const NOTE = "Sluice: ";
const MAX_NOTE_BYTES = 1_000;
/** Between two looks whether what holds nothing can go: workerd closes what is idle for ten seconds. */
const TIDY_EVERY_MS = 10_000;

/** How often it is looked whether a file is closed that is to go, and how long is waited in between. */
const CLOSE_TRIES = 10;
const CLOSE_POLL_MS = 20;

/** What became of a file that was to go. */
export type Removal = "done" | "in-use";

/** The files of one folder. */
export class BucketFolder {
  readonly #dir: string;
  readonly #asideDir: string;
  /** Ids of buckets that hold nothing, as was said. */
  readonly #emptied = new Set<string>();
  #pid: number | undefined = undefined;
  #lastStop: Promise<unknown> = Promise.resolve();

  /**
   * @param dir Where workerd keeps them; made if it is not there.
   * @param asideDir Where those are put that cannot be used; made when one is.
   */
  constructor(dir: string, asideDir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#dir = realpathSync(dir);
    this.#asideDir = asideDir;
  }

  /** Where they are. */
  get dir(): string {
    return this.#dir;
  }

  /**
   * Looks through all of them, and says what is wrong. To be called before workerd runs. Takes about a second
   * for 100,000 buckets.
   */
  lookThrough(say: (line: string) => void): void {
    for (const [id, suffixes] of this.#list()) {
      const verdict = this.#judge(id, suffixes);
      if (verdict.kind === "empty") this.#remove(id);
      if (verdict.kind === "lost") say(this.#replace(id, verdict.why));
    }
    const fault = faultOf(join(this.#dir, ALARMS));
    if (fault === undefined) return;
    const aside = this.#setAside(ALARMS);
    say(`${join(this.#dir, ALARMS)}: ${fault}. Moved to ${aside}; workerd makes a new one`);
  }

  /** Looks after them while the process `pid` uses them, until the signal is aborted. */
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

  /** The path of a bucket's file, whose object has this id. */
  pathOf(id: string): string {
    return join(this.#dir, `${id}.sqlite`);
  }

  /** What is wrong with the file of a bucket, in SQLite's words or those of the note in its place. */
  faultOf(id: string): string | undefined {
    return faultOf(this.pathOf(id));
  }

  /** The bucket holds nothing any more: its file goes once workerd has closed it. */
  noteEmptied(id: string): void {
    this.#emptied.add(id);
  }

  /**
   * Moves the files of a bucket aside, so that it begins anew, unless workerd has them open: an object that
   * was just ended closes them in a moment, and one that is used does not.
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

  /** Removes what holds nothing, as far as it is closed. */
  async #tidy(): Promise<void> {
    const candidates: string[] = [];
    for (const id of this.#emptied) {
      const path = this.pathOf(id);
      // Its log is there for as long as it is open: for that nobody need be stopped.
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

  /** The ids of all buckets, and what files each has. Most have one, and share what says so. */
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

  /** What cannot be read is for workerd to find, too. */
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
    // One at a time: the end of one stop would be the end of another's.
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

  /** @returns Where it is now. */
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
    const remedy = "DELETE /buckets/NAME starts the bucket anew, until then it answers 503";
    writeFileSync(path, `${NOTE}${why}; what was left is in ${aside}\n${remedy}\n`);
    return `${path}: ${why}. Moved to ${aside}; ${remedy}`;
  }
}

/** What SQLite says of a copy: of the file itself it would take part in its locks. */
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
