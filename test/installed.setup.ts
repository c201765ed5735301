/** Stops a project of tests at once, with what to run, if packages that its tests need are not installed. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { TestProject } from "vitest/node";

/** By project, the folders whose packages its tests need besides those of the root. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "system:sockets": ["bench"],
  "system:processes": ["bench", "test/runtimes"],
  "system:browsers": ["test/e2e"],
  "docs:package": ["test/docs", "test/package", "test/runtimes"],
};

export default function setup({ name }: TestProject): void {
  const missing = (NEEDED[name] ?? []).filter((folder) => {
    const installed = new URL(`../${folder}/node_modules/.package-lock.json`, import.meta.url);
    return !existsSync(fileURLToPath(installed));
  });
  if (missing.length === 0) return;
  const folders = missing.join(" ");
  throw new Error(`Packages of ${folders} are missing: run "node scripts/setup.mjs ${folders}"`);
}
