/** How many files a process may have open, and has; sockets are files here, too. */
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { promisify } from "node:util";

/**
 * How many files this process may have open, and each that it starts. Node raises the soft limit to the
 * hard one as it begins, and hands it on, so this is the hard limit. `Infinity` where there is none.
 */
export async function openFileLimit(): Promise<number> {
  const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -n"]);
  const text = stdout.trim();
  return text === "unlimited" ? Infinity : Number(text);
}

/** How many files a process has open now, in some microseconds; `undefined` where no /proc of Linux tells. */
export function openFilesOf(pid: number): number | undefined {
  const dir = `/proc/${pid}/fd`;
  try {
    // Since Linux 6.2 the size of the folder is their number; before that it is 0.
    const { size } = statSync(dir);
    return size > 0 ? size : readdirSync(dir).length;
  } catch {
    return undefined;
  }
}
