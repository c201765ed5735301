/**
 * Builds the modules of the package, one for each of src, so that bundlers leave out what is not used and a stack
 * trace names the file that a reader finds in the repository.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { policySchemaText } from "../policy-schema.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** Builds them into `dist`, an empty folder two levels below the root. */
export function buildPackage(dist: string): void {
  // The command line knows Node, and the rest does not.
  for (const project of ["tsconfig.json", "tsconfig.cli.json"]) {
    const args = [tsc, "--project", join("scripts/package", project), "--outDir", dist];
    execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  }
  // For editors, in projects with policies of their own.
  writeFileSync(join(dist, "policies.schema.json"), policySchemaText());
}
