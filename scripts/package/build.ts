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
// The command line knows Node, and the rest does not.
for (const project of ["tsconfig.json", "tsconfig.cli.json"]) {
  execSync(`tsc --project scripts/package/${project}`, { cwd: root, stdio: "inherit" });
}
