/**
 * Installs what package-lock.json names, unless that is installed already, and builds the live page,
 * unless that is built already. Every npm script starts with it, so that each works in a fresh clone.
 * Plain JavaScript: it runs on whatever Node the machine has, from version 20 on; all else runs on the
 * Node that it installs.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Written by npm at the end of an install; one that was interrupted leaves none. */
const installed = `${root}node_modules/.package-lock.json`;
/** Put there by the install script of the `node` package. */
const ownNode = `${root}node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`;

function isInstalled() {
  if (!existsSync(installed) || !existsSync(ownNode)) return false;
  return statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

if (!isInstalled()) {
  console.error("Installing what Sluice needs (once, about half a minute) …");
  // The npm that runs this script does the work; without one, whatever `npm` is.
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ["npm", []];
  const { status, error } = spawnSync(
    command,
    // Not `npm ci`: it insists on entries for the native packages of every platform there is.
    [...args, "install", "--no-save", "--loglevel=error", "--no-audit", "--no-fund"],
    { cwd: root, stdio: "inherit" },
  );
  if (status !== 0) {
    console.error(
      `The installation failed${error ? `: ${error.message}` : ""}. Try "npm install" by itself.`,
    );
    process.exit(1);
  }
}

// Not before: it needs what has just been installed.
const { buildPage } = await import("./build-page.mjs");
await buildPage();
