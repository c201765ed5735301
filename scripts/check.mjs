/**
 * The one gate beside the tests: types, lint with the arrows between rooms and the retired words, format,
 * unused code. With `--fix` it mends instead what a tool can mend.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const FORMATTED = "src serve kit test scripts examples chaos bench";

const BINDINGS = "wrangler types --include-runtime=false --strict-vars=false src/env.d.ts";

/** Name, command, and the command that mends what it finds. */
const checks = [
  ["types of the bindings", "wrangler types src/env.d.ts --check", BINDINGS],
  ["types of the Worker", "tsc --project tsconfig.json"],
  ["types of tests and scripts", "tsc --project test/tsconfig.json"],
  ["types of the page", "tsc --project src/dashboard/tsconfig.json"],
  ["lint", "oxlint --type-aware --deny-warnings", "oxlint --type-aware --fix"],
  ["format", `oxfmt --check ${FORMATTED}`, `oxfmt ${FORMATTED}`],
  ["tests by the name of their module", "node scripts/tests-by-name.mjs"],
  ["figures in pages and charts", "node bench/figures.ts", "node bench/figures.ts --write"],
  ["the package, as it would be published", "node scripts/package/check.ts"],
  ["unused files, exports and dependencies", "knip"],
];

const isFix = process.argv.includes("--fix");
const steps = checks
  .map(([name, check, fix]) => ({ name, command: isFix ? fix : check }))
  .filter(({ command }) => command !== undefined);

const failed = steps.filter(({ name, command }) => {
  console.log(`\n${name}: ${command}`);
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), shell: true };
  return spawnSync(command, { ...options, stdio: "inherit" }).status !== 0;
});

for (const { name } of failed) console.error(`failed: ${name}`);
const done = isFix ? "fixes made" : "checks passed";
console.log(`\n${steps.length - failed.length} ${done}, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
