/** What a process uses, as Linux tells it in /proc. */
import { execFile, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const BYTES_PER_KIB = 1_024;

/** Where the counts of user and system time stand behind the name in `/proc/PID/stat`. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

let ticksASecond: number | undefined;

/** What it has in memory now, in bytes. @throws {RangeError} Where there is no such process in /proc. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readProc(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * BYTES_PER_KIB;
}

/**
 * The processor time it has used so far, in milliseconds; Linux counts it in steps of 10.
 *
 * @throws {RangeError} Where there is no such process in /proc.
 */
export async function processorTimeMs(pid: number | undefined): Promise<number> {
  const stat = await readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  ticksASecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return ((Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * 1_000) / ticksASecond;
}

/** @throws {RangeError} Where a process may not open `files` at once. */
export async function requireOpenFiles(files: number): Promise<void> {
  // What Node starts with is raised to the most that is allowed, and handed on to what it starts.
  const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -n"]);
  const allowed = stdout.trim() === "unlimited" ? Infinity : Number(stdout);
  if (allowed >= files) return;
  throw new RangeError(
    `Cannot hold so many callers: ${files} open files are needed, ulimit -n is ${allowed}`,
  );
}

async function readProc(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new RangeError("Cannot measure a process: there is no /proc of Linux here", { cause });
  });
}
