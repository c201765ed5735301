/**
 * `sluice init`: writes a Worker with Sluice and its first policies into a folder.
 *
 * It writes all of its files or none, and overwrites none. Everything is synchronous, so that a signal
 * comes before or after it.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import type { ProjectFiles } from "./template.ts";
import type { Terminal } from "./terminal.ts";

import { exitCodes } from "./exit-code.ts";
import { ConfigurationError } from "./policy/configuration.ts";
import { projectFiles, versionFor } from "./template.ts";
import { UsageError } from "./usage-error.ts";

/** Parsed arguments of `sluice init`. */
export interface InitCommand {
  /** The folder to write to, created if missing. */
  readonly dir: string;
  /** The Worker's name; by default that of the folder. */
  readonly name: string | undefined;
  /** Whether to write `wrangler.toml` instead of `wrangler.jsonc`. */
  readonly isToml: boolean;
  /** Whether to write an app of Hono with a limited route. */
  readonly isHono: boolean;
}

/** A part of the Worker's address, `NAME.SUBDOMAIN.workers.dev`, which DNS limits to 63 characters. */
const WORKER_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_NAME_LENGTH = 63;
/** wrangler reads the first of these that exists, so a new one may hide an old one. */
const CONFIGURATIONS = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/**
 * Returns the exit code.
 *
 * @param packageDir The folder of Sluice itself; by default that of this module's package.
 * @throws {UsageError} If the name is wrong.
 * @throws {ConfigurationError} If a file already exists, or can't be written. Then nothing is written.
 */
export function init(
  { dir, name, ...options }: InitCommand,
  terminal: Terminal,
  packageDir?: string,
): number {
  const root = resolve(dir);
  const workerName = name === undefined ? nameOf(root) : checkName(name);
  const files = projectFiles({
    name: workerName,
    version: versionFor(root, packageDir),
    ...options,
  });
  const inTheWay = [...new Set([...files.keys(), ...CONFIGURATIONS])].filter((path) => {
    return isThere(join(root, path));
  });
  if (inTheWay.length > 0) {
    throw new ConfigurationError(
      `Nothing was written: ${root} already has ${inTheWay.join(", ")}; choose an empty folder`,
    );
  }
  writeAll(root, files);
  terminal.print(`Wrote the Worker ${workerName} to ${root}:`);
  for (const path of [...files.keys()].toSorted()) terminal.print(`  ${path}`);
  const enter = root === process.cwd() ? [] : [`cd ${quoted(dir)}`];
  terminal.print(["Next:", ...enter, "npm install", "npm run dev"].join("\n  "));
  return exitCodes.ok;
}

function nameOf(root: string): string {
  const folder = basename(root);
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_NAME_LENGTH)
    .replaceAll(/^-|-$/g, "");
  if (name !== "") return name;
  throw new UsageError(
    `Cannot make a Worker's name of the folder ${JSON.stringify(folder)}: pass --name NAME`,
  );
}

function checkName(name: string): string {
  if (WORKER_NAME.test(name)) return name;
  const rule = `1 to ${MAX_NAME_LENGTH} of a-z, 0-9 and -, with a letter or digit at both ends`;
  throw new UsageError(`--name must be ${rule}: got ${JSON.stringify(name)}`);
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Such as a path through a file: writing fails on it, and reports the reason.
    return false;
  }
}

/** Writes all files, or removes what it has written. */
function writeAll(root: string, files: ProjectFiles): void {
  const undo: (() => void)[] = [];
  const makeFolder = (path: string): void => {
    if (existsSync(path)) return;
    makeFolder(dirname(path));
    mkdirSync(path);
    undo.push(() => rmdirSync(path));
  };
  try {
    for (const [path, text] of files) {
      const target = join(root, path);
      makeFolder(dirname(target));
      const file = openSync(target, "wx");
      undo.push(() => rmSync(target));
      writeFileSync(file, text);
      closeSync(file);
    }
  } catch (error) {
    for (const step of undo.toReversed()) step();
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(
      `Nothing was written: ${message}; choose a folder that you can write to`,
      { cause: error },
    );
  }
}

function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
