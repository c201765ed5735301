/**
 * Inspects another process's open files while that process is stopped.
 *
 * If a file is removed or renamed while a process has it open, the process goes on writing to a file that
 * nobody will find again. Checking first isn't enough: the process may open the file between the check and
 * the removal. So it is stopped (SIGSTOP) for both, which takes some milliseconds and goes unnoticed by
 * it. Linux only: no other system lists the open files of a process as files.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** A process only stops once its threads have finished what they are doing in the kernel. */
const STOP_TIMEOUT_MS = 500;
const POLL_MS = 1;

/**
 * Stops the process, calls `act` with the paths it has open, and resumes it.
 *
 * @returns What `act` returned; `undefined` if the process doesn't stop in time or can't be inspected.
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
    // It has ended, or belongs to another user.
    if (code === "ESRCH" || code === "ENOENT" || code === "EACCES") return undefined;
    throw error;
  } finally {
    resume(pid);
  }
}

function resume(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It has ended.
  }
}

/** Whether all its threads are stopped. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
    // The state follows the name, which may contain anything, parentheses included.
    return stat[stat.lastIndexOf(")") + 2] === "T";
  });
}

function openPaths(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  return new Set(readdirSync(folder).map((file) => readlinkSync(`${folder}/${file}`)));
}
