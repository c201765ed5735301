/** The package as its users get it: built, packed by npm, and installed in another directory. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { projectDir } from "../../serve/worker-bundle.ts";

const run = promisify(execFile);

/** Where packages are installed here: Sluice's own, those of the documentation's samples, and other versions. */
const packageFolders = ["node_modules", "test/docs/node_modules", "test/package/node_modules"];

/** Builds and packs the package. Resolves with the path of the tarball. */
export async function packPackage(): Promise<string> {
  await run("node", ["scripts/package/pack.ts"], { cwd: projectDir });
  return join(projectDir, "sluice.tgz");
}

/**
 * Installs the package from its tarball in the project at `dir`, along with the packages `beside`, which are
 * taken from this project's node_modules. Needs no registry.
 */
export async function installPackage(
  tarball: string,
  dir: string,
  beside: readonly string[],
): Promise<void> {
  const folders = beside.map(installedFolder);
  const install = ["install", "--offline", "--no-audit", "--no-fund", tarball, ...folders];
  await run("npm", install, { cwd: dir });
}

/** The folder of an installed package, as `hono`, or as `hono-oldest` of test/package. */
export function installedFolder(name: string): string {
  const folders = packageFolders.map((folder) => join(projectDir, folder, name));
  const found = folders.find((folder) => existsSync(folder));
  if (found === undefined) {
    throw new Error(
      `${name} is not installed: run "node scripts/setup.mjs --dev test/docs test/package"`,
    );
  }
  return found;
}
