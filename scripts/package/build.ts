/**
 * Builds what the package ships: `dist`, one module for each of src, so that bundlers leave out what is
 * not used and a stack trace names the file that a reader finds in the repository.
 */
import { execSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

// What a module of before has left behind must not be shipped.
rmSync(`${root}dist`, { recursive: true, force: true });
execSync("tsc --project scripts/package/tsconfig.json", {
  cwd: root,
  stdio: "inherit",
});
