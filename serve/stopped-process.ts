/**
 * A look at another process that cannot act meanwhile.
 *
 * A file that a process has open may be removed or renamed under it: it goes on writing to what nobody
 * will find again. Whether it has it open can be looked up, but by then it may have opened it. So it is
 * stopped for the moment in between, some milliseconds (SIGSTOP; it notices nothing of it). Linux only: no
 * other system lists the open files of a process as files.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** A process stops when what its threads are doing in the kernel is done. */
const STOP_TIMEOUT_MS = 500;
const POLL_MS = 1;

/**
 * Calls `act` with all that the process has open while it stands still; then it goes on.
 *
 * @returns What `act` returned; `undefined` where the process does not stop in time or cannot be looked at.
 */
export async function whileStopped<Result>(
  pid: number,
  act: (openPaths: ReadonlySet<string>) => Result,
): Promise<Result | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    process.kill(pid, "SIGSTOP");
    const givesUpAtMs = performance.now() + STOP_TIMEOUT_MS;
    while (!isStopped(pid)) {
      if (performance.now() > givesUpAtMs) return undefined;
      await setTimeout(POLL_MS);
    }
    return act(openPaths(pid));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It has ended, or is not ours to look at.
    if (code === "ESRCH" || code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  } finally {
    goOn(pid);
  }
}

function goOn(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It has ended.
  }
}

/** Whether none of its threads runs. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    // Behind the name, which may hold anything.
    return stat[stat.lastIndexOf(")") + 2] === "T";
  });
}

function openPaths(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  return new Set(readdirSync(folder).map((file) => readlinkSync(`${folder}/${file}`)));
}
