/** The package as its users get it: built, packed by npm, and installed into a folder of theirs. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { projectDir } from "../../serve/worker-bundle.ts";

const run = promisify(execFile);

/**
 * Installs the package, built anew, into the project in `dir`, and beside it packages that are installed
 * here: no registry is asked.
 */
export async function installPackage(dir: string, beside: readonly string[]): Promise<void> {
  await run("npm", ["run", "build"], { cwd: projectDir });
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", dir];
  const packed = await run("npm", pack, { cwd: projectDir });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const folders = beside.map((name) => join(projectDir, "node_modules", name));
  const install = ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`, ...folders];
  await run("npm", install, { cwd: dir });
}
