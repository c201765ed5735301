/**
 * Installs the packages that an npm script needs, at the versions of the lock files, and builds the live
 * page. Does nothing if all of it is there. Every npm script begins with it, so that each works in a fresh
 * clone.
 *
 *   node scripts/setup.mjs [--dev] [FOLDER …]
 *
 * By default it installs what runs Sluice, half of the root's package.json. `--dev` installs all of that.
 * A FOLDER has a package.json of its own, as in `bench`: packages that only the files in it use.
 *
 * Plain JavaScript: it runs on the machine's Node, from version 20 on. If that is too old for the rest,
 * it installs the one of scripts/node and links it to where npm scripts find it first.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Of the devDependencies, what `npm start` and `npm run serve` need. */
const RUN_PACKAGES = ["esbuild", "hono", "preact", "wrangler"];

/** As [major, minor, …]. The first that runs TypeScript as it is; wrangler would do with 22.12. */
const MIN_NODE = versionOf(readJson(join(root, "package.json")).engines.node);
/** Knows `await using`, which chaos and the benchmarks use. */
const MIN_DEV_NODE = [24, 0];

/** What npm says besides errors only gets in the way, and engine warnings mislead: see scripts/node. */
const QUIET = ["--loglevel=error", "--no-audit", "--no-fund"];

const ownNode = join(root, "scripts/node/node_modules/node/bin/node");
/** The PATH of npm scripts begins with its folder. */
const nodeLink = join(root, "node_modules/.bin/node");

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Whether all of `names` are there, at the versions of the folder's lock file. */
function isInstalled(folder, names) {
  // npm writes it at the end of an installation.
  const installed = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  if (statSync(installed).mtimeMs < statSync(join(folder, "package-lock.json")).mtimeMs)
    return false;
  return names.every((name) => existsSync(join(folder, "node_modules", name, "package.json")));
}

/** Installs the packages of a folder, or only `runPackages` of its devDependencies. */
function install(folder, runPackages) {
  const { dependencies = {}, devDependencies = {} } = readJson(join(folder, "package.json"));
  const names = [...Object.keys(dependencies), ...(runPackages ?? Object.keys(devDependencies))];
  if (isInstalled(folder, names)) return;

  const shown = folder === root ? "Sluice" : folder.slice(root.length);
  console.error(`Installing what ${shown} needs (once) …`);
  // An installation that is interrupted must not look complete.
  rmSync(join(folder, "node_modules/.package-lock.json"), { force: true });
  // With --save-prod npm takes these for dependencies, which --omit=dev keeps; nothing is saved.
  const part = runPackages?.map((name) => `${name}@${devDependencies[name]}`);
  const which = part ? ["--omit=dev", "--save-prod", ...part] : [];
  // The npm that runs this script does the work; without one, whatever `npm` is.
  const npm = process.env["npm_execpath"];
  const [command, args] = npm && hasOwnBinary() ? [process.execPath, [npm]] : ["npm", []];
  const { status, error } = spawnSync(
    command,
    // The lock file says all that the registry could, so ask it only for what the cache lacks.
    [...args, "install", "--no-save", "--prefer-offline", ...QUIET, ...which],
    { cwd: folder, stdio: "inherit" },
  );
  if (status !== 0) {
    const where = folder === root ? "" : ` in ${shown}`;
    console.error(
      `Cannot install${error ? `: ${error.message}` : ""}; try "npm install --no-save"${where}`,
    );
    process.exit(1);
  }
}

/** False once npm has removed the `node` package that runs this script: checkouts of 0.1.0 have one. */
function hasOwnBinary() {
  return existsSync(process.execPath);
}

/** Of `>=22.18.0` or `22.18.0`. */
function versionOf(text) {
  return text.replace(">=", "").split(".").map(Number);
}

function isOlder([minMajor, minMinor]) {
  const [major, minor] = versionOf(process.versions.node);
  return major < minMajor || (major === minMajor && minor < minMinor);
}

/** Has npm scripts run on the Node of scripts/node. */
function linkOwnNode() {
  install(join(root, "scripts/node"));
  if (existsSync(nodeLink)) return;
  mkdirSync(dirname(nodeLink), { recursive: true });
  rmSync(nodeLink, { force: true });
  symlinkSync(relative(dirname(nodeLink), ownNode), nodeLink);
}

const { values, positionals } = parseArgs({
  options: { dev: { type: "boolean", default: false } },
  allowPositionals: true,
});
for (const folder of positionals) {
  if (existsSync(join(root, folder, "package.json"))) continue;
  console.error(`Cannot install ${folder}: it is no folder of this repository with a package.json`);
  process.exit(2);
}

// Whoever has the tools keeps them when the lock file changes.
const isDev = values.dev || existsSync(join(root, "node_modules/vitest"));
install(root, isDev ? undefined : RUN_PACKAGES);
for (const folder of positionals) install(join(root, folder));

const isForDev = values.dev || positionals.length > 0;
// If it is there already, this script runs on it, and it has to keep up with its lock file.
const isTooOld = isOlder(isForDev ? MIN_DEV_NODE : MIN_NODE);
if (isTooOld || existsSync(ownNode) || !hasOwnBinary()) linkOwnNode();

// Not before: it needs what has just been installed.
const { buildPage } = await import("./build-page.mjs");
await buildPage();
