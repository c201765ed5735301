/** How many files a process may open, and has open. Sockets count as files. */
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { promisify } from "node:util";

/**
 * How many files this process and each of its children may have open. Node raises its soft limit to the
 * hard limit at start-up and children inherit it, so this is the hard limit. `Infinity`: no limit.
 */
export async function openFileLimit(): Promise<number> {
  const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -n"]);
  const text = stdout.trim();
  return text === "unlimited" ? Infinity : Number(text);
}

/** How many files a process has open now. Takes microseconds. `undefined` without the /proc of Linux. */
export function openFilesOf(pid: number): number | undefined {
  const dir = `/proc/${pid}/fd`;
  try {
    // Since Linux 6.2 the directory's size is the number of files; before that it is 0.
    const { size } = statSync(dir);
    return size > 0 ? size : readdirSync(dir).length;
  } catch {
    return undefined;
  }
}
