/**
 * The one gate beside the tests: types, lint with the arrows between rooms and the retired words, format,
 * unused code. Prints a line for each check, and at the end what the failed ones said. With `--fix` it mends
 * instead what a tool can mend.
 *
 *   npm run check [-- WORD]        only the checks that have WORD in their name, such as `types`
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

const args = process.argv.slice(2);
const isFix = args.includes("--fix");
const word = args.find((arg) => arg !== "--fix") ?? "";
const steps = checks
  .map(([name, check, fix]) => ({ name, command: isFix ? fix : check }))
  .filter(({ name, command }) => command !== undefined && name.includes(word));

const failed = [];
for (const { name, command } of steps) {
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), shell: true };
  const startedAtMs = performance.now();
  const { status, stdout, stderr } = spawnSync(command, { ...options, encoding: "utf8" });
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  console.log(
    `${status === 0 ? "ok    " : "FAILED"} ${seconds.padStart(5)} s  ${name}: ${command}`,
  );
  if (status !== 0) failed.push({ name, output: `${stdout}${stderr}` });
}

for (const { name, output } of failed) console.error(`\n--- ${name}\n${output.trim()}`);
const done = isFix ? "fixes ran" : "checks passed";
const hint = failed.length > 0 && !isFix ? "; `npm run fix` mends what a tool can" : "";
console.log(`\n${steps.length - failed.length} ${done}, ${failed.length} failed${hint}`);
// A word that no check has is a mistake, too.
process.exitCode = failed.length === 0 && steps.length > 0 ? 0 : 1;
