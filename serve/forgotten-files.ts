/**
 * Removes the files of buckets that hold nothing any more: those that are empty, because they were deleted or only
 * read, and those whose bucket may be forgotten (`forgetAfterMs`), which is full by then and starts again as any
 * other.
 *
 * The object itself could do this, woken by an alarm, as it does on Cloudflare. But after a night without the
 * server, workerd would run the alarms of all buckets at once, before it answers anything. The launcher needs no
 * object for it. A bucket writes when it may be forgotten (stored-record.ts); each round reads that from the
 * files that have changed, while they are closed, and removes what is due while workerd is stopped. A file that
 * has changed or was opened in between is kept, and so is one that can't be read.
 *
 * The launcher is also the relay in front of workerd, so a round works in short slices.
 */
import { existsSync, rmSync, statSync, type BigIntStats } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { DATABASE_SUFFIXES, judgeFile } from "./bucket-file.ts";
import { forgetAtMsOf } from "./stored-record.ts";

/** A bucket's file: the ID of its object, and the suffix. */
export const FILE_NAME = /^([0-9a-f]{64})\.sqlite(|-wal|-shm|-journal)$/;

/** A file is read when it is this old: file systems keep the time of a change in steps of up to 2 s. */
const MIN_AGE_MS = 2_000;
/** How far two clocks may differ between rounds before it counts as a clock that was set. */
const CLOCK_SLACK_MS = 1_000;

/** Removing 500 files takes some milliseconds, during which workerd does nothing. */
const MAX_REMOVED_PER_STOP = 500;
/** On a slow disk it is fewer. */
const MAX_STOP_MS = 20;
const BETWEEN_STOPS_MS = 30;
/** A busy machine may fail to stop workerd in time; after so many in a row the next round goes on. */
const MAX_FAILED_STOPS = 3;
/** How long anything else has to wait, and how long it then has. */
const SLICE_MS = 2;
const BETWEEN_SLICES_MS = 4;

/** Runs `act` while workerd is stopped; `undefined`: it could not be stopped. */
export type WhileClosed = <Result>(
  act: (isOpen: (path: string) => boolean) => Result,
) => Promise<Result | undefined>;

/** What was read from a file. */
interface ReadFile {
  /** As which the file was read. */
  readonly stamp: string;
  /** When it may be removed, epoch milliseconds. */
  readonly forgetAtMs: number;
}

/** The files in one directory, while workerd uses it. */
export class ForgottenFiles {
  readonly #dir: string;
  readonly #whileClosed: WhileClosed;
  readonly #startedAtMs: number;
  /** IDs of buckets whose files have changed since they were read, or were never read. */
  readonly #changed = new Set<string>();
  /** Those that will be due, by ID. */
  readonly #read = new Map<string, ReadFile>();
  /** When the last round began, by the machine's clock and by one that nobody sets. */
  #lastRound = { atMs: -Infinity, steadyMs: 0 };
  #sliceEndsMs = 0;

  /** @param startedAtMs When workerd was started: a log that is older was left behind when an earlier one was killed. */
  constructor(dir: string, whileClosed: WhileClosed, startedAtMs: number) {
    this.#dir = dir;
    this.#whileClosed = whileClosed;
    this.#startedAtMs = startedAtMs;
  }

  /**
   * Looks at the files that have changed since the last round, at first at all, and removes what is due.
   *
   * @param nowMs The time by the clock that dates files.
   */
  async round(nowMs: number, signal?: AbortSignal): Promise<void> {
    await this.#findChanged(nowMs);
    // Some are noted anew while the first are removed.
    const changed = [...this.#changed];
    const due = [...this.#read.keys()].filter((id) => this.#isDue(id, nowMs));
    let enough = MAX_REMOVED_PER_STOP;
    for (const id of changed) {
      if (signal?.aborted) return;
      this.#readIfClosed(id, nowMs);
      if (this.#isDue(id, nowMs)) due.push(id);
      if (due.length >= enough) {
        await this.#remove(due, signal);
        // What is left could not be removed.
        enough = due.length + MAX_REMOVED_PER_STOP;
      }
      await this.#rest();
    }
    await this.#remove(due, signal);
  }

  async #findChanged(nowMs: number): Promise<void> {
    const sinceMs = this.#sinceMs(nowMs);
    for await (const { name } of await opendir(this.#dir, { bufferSize: 256 })) {
      const [, id, suffix] = FILE_NAME.exec(name) ?? [];
      if (id === undefined || suffix === "-shm") continue;
      const stats = statSync(join(this.#dir, name), { throwIfNoEntry: false });
      if (stats && stats.mtimeMs >= sinceMs) this.#changed.add(id);
      await this.#rest();
    }
  }

  /** Files that have changed before that are known. */
  #sinceMs(nowMs: number): number {
    const { atMs, steadyMs } = this.#lastRound;
    const nowSteadyMs = performance.now();
    this.#lastRound = { atMs: nowMs, steadyMs: nowSteadyMs };
    // What was written since then may have any date.
    const isSetBack = nowMs - atMs < nowSteadyMs - steadyMs - CLOCK_SLACK_MS;
    return isSetBack ? -Infinity : atMs - MIN_AGE_MS;
  }

  #readIfClosed(id: string, nowMs: number): void {
    const path = this.#pathOf(id);
    const seen = peek(path);
    if (!seen) {
      this.#changed.delete(id);
      return;
    }
    const ageMs = nowMs - seen.changedAtMs;
    // One from the future was written before the clock was set back.
    if (ageMs >= 0 && ageMs < MIN_AGE_MS) return;
    const hasLog = seen.logChangedAtMs !== undefined;
    // workerd has it open: closing it removes the log.
    if (Number(seen.logChangedAtMs) >= this.#startedAtMs - MIN_AGE_MS) return;
    this.#changed.delete(id);
    const forgetAtMs = isEmpty(path) ? -Infinity : forgetAtMsOf(path, hasLog);
    if (forgetAtMs === undefined) this.#read.delete(id);
    else this.#read.set(id, { stamp: seen.stamp, forgetAtMs });
  }

  #isDue(id: string, nowMs: number): boolean {
    const read = this.#read.get(id);
    return read !== undefined && read.forgetAtMs <= nowMs;
  }

  /** Removes the files of `due`, and takes them off it. */
  async #remove(due: string[], signal?: AbortSignal): Promise<void> {
    let failedStops = 0;
    while (due.length > 0) {
      if (signal?.aborted || failedStops === MAX_FAILED_STOPS) return;
      const hasStopped = await this.#whileClosed((isOpen) => {
        const endsMs = performance.now() + MAX_STOP_MS;
        for (
          let count = 0;
          count < MAX_REMOVED_PER_STOP && performance.now() < endsMs;
          count += 1
        ) {
          const next = due.pop();
          if (next === undefined) break;
          this.#removeUnlessUsed(next, isOpen);
        }
        return true;
      });
      failedStops = hasStopped === true ? 0 : failedStops + 1;
      await setTimeout(BETWEEN_STOPS_MS);
    }
  }

  /** What has been written to meanwhile is found by the next round. */
  #removeUnlessUsed(id: string, isOpen: (path: string) => boolean): void {
    const path = this.#pathOf(id);
    const stamp = this.#read.get(id)?.stamp;
    this.#read.delete(id);
    if (isOpen(path)) this.#changed.add(id);
    else if (stamp !== undefined && peek(path)?.stamp === stamp)
      for (const suffix of DATABASE_SUFFIXES) rmSync(path + suffix, { force: true });
  }

  #pathOf(id: string): string {
    return join(this.#dir, `${id}.sqlite`);
  }

  async #rest(): Promise<void> {
    if (performance.now() < this.#sliceEndsMs) return;
    await setTimeout(BETWEEN_SLICES_MS);
    this.#sliceEndsMs = performance.now() + SLICE_MS;
  }
}

/** A database as it is on disk. */
interface Peeked {
  /** Differs once it has been written to. */
  readonly stamp: string;
  readonly changedAtMs: number;
  /** `undefined`: it has no log. */
  readonly logChangedAtMs: number | undefined;
}

/** `undefined`: there is none. */
function peek(path: string): Peeked | undefined {
  const own = statOf(path);
  const log = statOf(`${path}-wal`);
  if (!own && !log) return undefined;
  const stamp = [own, log].map((stats) => (stats ? `${stats.mtimeNs} ${stats.size}` : "")).join();
  const logChangedAtMs = log && Number(log.mtimeMs);
  const changedAtMs = Math.max(Number(own?.mtimeMs ?? 0), logChangedAtMs ?? 0);
  return { stamp, changedAtMs, logChangedAtMs };
}

function statOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** One that can't be read isn't. */
function isEmpty(path: string): boolean {
  const suffixes = DATABASE_SUFFIXES.filter((suffix) => existsSync(path + suffix));
  try {
    return judgeFile(path, new Set(suffixes)).kind === "empty";
  } catch {
    return false;
  }
}
