/**
 * Each module of src/ has a test that can be found by its name: `src/wire/requeue.ts` is tested by a file
 * below `test/wire/` whose name begins with `requeue`. Prints the modules without one.
 *
 * Without a test of their own are modules that hold nothing but types, index files, what is built, and the
 * live page's components with their hooks, which test/e2e runs in a browser.
 */
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const EXCEPT = [
  "src/**/index.ts",
  "src/**/*.d.ts",
  "src/dashboard/assets.ts",
  "src/dashboard/components/*",
];

// That stripping types is experimental says nothing about a module.
process.removeAllListeners("warning");

/** Whether nothing of a module is left at run time but imports and re-exports. */
function hasNoCode(path) {
  const code = stripTypeScriptTypes(readFileSync(join(root, path), "utf8"));
  return code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|^(import|export)\b[^;=(]*;/gm, "").trim() === "";
}

/** The folder of tests of a module's room; modules at the top of src/ have theirs anywhere. */
function roomOf(path) {
  const [, room = ""] = path.split("/");
  return room.includes(".") ? "" : room;
}

const tests = globSync("test/**/*.test.{ts,tsx}", { cwd: root });
const modules = globSync("src/**/*.ts", { cwd: root, exclude: EXCEPT });

const untested = modules.filter((path) => {
  const name = basename(path, ".ts");
  const isOfModule = (test) =>
    new RegExp(`^${name}[-.]`).test(basename(test)) &&
    dirname(test).startsWith(join("test", roomOf(path)));
  return !tests.some(isOfModule) && !hasNoCode(path);
});

for (const path of untested) console.error(`${path} has no test of its name`);
const tested = modules.length - untested.length;
console.log(`${tested} of ${modules.length} modules have a test of their name, or need none`);
process.exitCode = untested.length === 0 ? 0 : 1;
