/** The one gate beside the tests: types, lint with the folder rules, format, unused code. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const checks = [
  ["types of the Worker", "tsc --project tsconfig.json"],
  ["types of tests and scripts", "tsc --project test/tsconfig.json"],
  ["types of the page", "tsc --project src/dashboard/tsconfig.json"],
  ["types of the bindings", "wrangler types src/env.d.ts --check"],
  ["lint", "oxlint --type-aware --deny-warnings"],
  ["format", "oxfmt --check src serve kit test scripts examples chaos bench"],
  ["figures in pages and charts", "node bench/figures.ts"],
  ["the package, as it would be published", "node scripts/package/check.ts"],
  ["unused files, exports and dependencies", "knip"],
];

const failed = checks.filter(([name, command]) => {
  console.log(`\n${name}: ${command}`);
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), shell: true };
  return spawnSync(command, { ...options, stdio: "inherit" }).status !== 0;
});

for (const [name] of failed) console.error(`failed: ${name}`);
console.log(`\n${checks.length - failed.length} checks passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
