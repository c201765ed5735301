/** The package as its users get it: built, packed by npm, and installed into a folder of theirs. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { projectDir } from "../../serve/worker-bundle.ts";

const run = promisify(execFile);

/** Builds the package anew and packs it into `dir`. Resolves with the path of the tarball. */
export async function packPackage(dir: string): Promise<string> {
  await run("npm", ["run", "build"], { cwd: projectDir });
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", dir];
  const packed = await run("npm", pack, { cwd: projectDir });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  return join(dir, filename);
}

/**
 * Installs the package from its tarball into the project in `dir`, and beside it packages that are
 * installed here: no registry is asked.
 */
export async function installPackage(
  tarball: string,
  dir: string,
  beside: readonly string[],
): Promise<void> {
  const folders = beside.map((name) => join(projectDir, "node_modules", name));
  const install = ["install", "--offline", "--no-audit", "--no-fund", tarball, ...folders];
  await run("npm", install, { cwd: dir });
}
