/**
 * Builds what the package ships: `dist`, one module for each of src, so that bundlers leave out what is
 * not used and a stack trace names the file that a reader finds in the repository.
 */
import { execSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { policySchemaText } from "../policy-schema.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

// What a module of before has left behind must not be shipped.
rmSync(`${root}dist`, { recursive: true, force: true });
// The command line knows Node, and the rest does not.
for (const project of ["tsconfig.json", "tsconfig.cli.json"]) {
  execSync(`tsc --project scripts/package/${project}`, { cwd: root, stdio: "inherit" });
}
// For editors, in projects with policies of their own.
writeFileSync(`${root}dist/policies.schema.json`, policySchemaText());
