/** The memory, processor time and open files of a process, from the /proc of Linux. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";

import { openFileLimit } from "../../serve/open-files.ts";

const BYTES_PER_KIB = 1_024;

/** Indexes of user and system time in `/proc/PID/stat`, counted from the field after the name. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

let ticksASecond: number | undefined;

/**
 * Its resident memory now, in bytes.
 *
 * @throws {RangeError} If /proc has no such process.
 */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readProc(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * BYTES_PER_KIB;
}

/**
 * The processor time it has used so far, in milliseconds, in Linux's steps of 10.
 *
 * @throws {RangeError} If /proc has no such process.
 */
export async function processorTimeMs(pid: number | undefined): Promise<number> {
  const stat = await readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  ticksASecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ((Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * 1_000) / ticksASecond;
}

/** @throws {RangeError} If a process may not have so many files open. */
export async function requireOpenFiles(files: number): Promise<void> {
  const allowed = await openFileLimit();
  if (allowed >= files) return;
  throw new RangeError(
    `Cannot hold so many callers: they need ${files} open files, ulimit -n is ${allowed}`,
  );
}

async function readProc(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new RangeError(`Cannot measure a process without the /proc of Linux: ${path}`, { cause });
  });
}
