/** A clone of this repository as a page's reader has it beside the own folder: `../sluice`, packed. */
import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { projectDir } from "../../serve/worker-bundle.ts";

const run = promisify(execFile);

/**
 * Makes it at `dir`, with all that is not ignored here, committed or not, and runs `npm run pack` in it.
 * Installed packages are those of here: hard links, which cost no time.
 */
export async function makeClone(dir: string, env: Record<string, string>): Promise<void> {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const { stdout } = await run("git", list, { cwd: projectDir, maxBuffer: 2 ** 26 });
  await mkdir(dir, { recursive: true });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    // One that is deleted here, and not yet in a commit, is in the list as well.
    await cp(join(projectDir, file), join(dir, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  await copyTree(join(projectDir, "node_modules"), join(dir, "node_modules"));
  // Set-up compares its time with that of the lock file.
  await run("touch", [join(dir, "node_modules/.package-lock.json")]);
  await run("npm", ["run", "pack"], { cwd: dir, env });
}

/** Copies a folder as hard links: what replaces a file in the copy leaves the original alone. */
export async function copyTree(from: string, to: string): Promise<void> {
  await run("cp", ["-al", from, to]);
}
