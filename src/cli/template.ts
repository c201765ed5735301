/** The files of a new project: those of `templates`, with the project's name and its version of Sluice. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

import { ConfigurationError } from "./policy/configuration.ts";

/** The texts of a project's files by path, with slashes. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** What `projectFiles` needs to know. */
export interface Project {
  /** The Worker's name. */
  readonly name: string;
  /** Whether it is configured by `wrangler.toml` instead of `wrangler.jsonc`. */
  readonly isToml: boolean;
  /** Whether it is an app of Hono with a limited route. */
  readonly isHono: boolean;
  /** The version of Sluice in its package.json. */
  readonly version: string;
}

/** The fields of a package.json that are read here. */
interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  /** Only in a clone and in packages that no registry has. */
  readonly sluice?: { readonly published: boolean };
}

/**
 * The files of each template, below `templates`. They are listed because a developer who tries one out in a clone
 * leaves others beside them: installed packages, keys, a lock file.
 */
export const templateFiles = {
  worker: [
    ".dev.vars",
    ".dev.vars.example",
    ".gitignore",
    "README.md",
    "package.json",
    "src/index.ts",
    "tsconfig.json",
    "wrangler.jsonc",
  ],
  toml: ["wrangler.toml"],
  hono: ["src/index.ts"],
} as const;

/** The name of the project in the templates. */
const NAME = "my-limiter";
const MANIFEST = "package.json";
/** The oldest that the peer dependency of `sluice/hono` allows. */
const HONO_VERSION = "^4.6.14";

/** The folder of this package, in a clone or installed. */
const packageDir = resolve(import.meta.dirname, "../..");

/** The files of a project, by path. */
export function projectFiles({ name, isToml, isHono, version }: Project): ProjectFiles {
  const texts = new Map([
    ...textsOf("worker"),
    ...(isToml ? textsOf("toml") : []),
    ...(isHono ? textsOf("hono") : []),
  ]);
  if (isToml) texts.delete("wrangler.jsonc");
  return new Map(
    [...texts].map(([path, text]) => {
      const named = text.replaceAll(NAME, name);
      if (path === MANIFEST) return [path, manifestOf(named, version, isHono)];
      return [path, isToml ? named.replaceAll("wrangler.jsonc", "wrangler.toml") : named];
    }),
  );
}

/**
 * What the package.json of a project in `dir` has as the version of Sluice: the tarball that this package was
 * installed from, or this version and later compatible ones. In a clone, that is the tarball of `npm run pack` as
 * long as Sluice isn't published.
 *
 * @param cwd Where the command runs: some package managers keep what they install far from the project.
 * @throws {ConfigurationError} If a clone has no tarball, or if an unpublished package doesn't say which it is from.
 */
export function versionFor(dir: string, from = packageDir, cwd = process.cwd()): string {
  const { version, sluice } = readManifest(from);
  if (isClone(from)) {
    if (sluice?.published) return `^${version}`;
    const tarball = join(from, "sluice.tgz");
    if (existsSync(tarball)) return fileVersion(dir, tarball);
    throw new ConfigurationError(`There is no ${tarball}: run "npm run pack" in ${from} first`);
  }
  for (const folder of [...foldersAbove(from), ...foldersAbove(join(cwd, MANIFEST))]) {
    const source = installedBy(folder);
    if (source !== undefined) return isAbsolute(source) ? fileVersion(dir, source) : source;
  }
  if (sluice?.published !== false) return `^${version}`;
  throw new ConfigurationError(
    `No package.json above ${from} says which tarball this Sluice was installed from, and no registry has it: install the tarball in a project, and run "npx sluice init" there`,
  );
}

/** Whether the folder has this module's source, which no package has. */
function isClone(dir: string): boolean {
  return existsSync(join(dir, "src/cli/template.ts"));
}

/** From its parent to the root. Some package managers link a package to a place well below its project. */
function foldersAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...foldersAbove(parent)];
}

/** The path or the address of the tarball that the project in `folder` has Sluice from; `undefined` if from none. */
function installedBy(folder: string): string | undefined {
  const version = dependencyOf(folder);
  if (version === undefined || /^https?:/.test(version)) return version;
  // npm and pnpm write file:../a.tgz, others ../a.tgz. A scope or an owner/name has no dot in front.
  const isPath = /^(?:file:|\.{1,2}\/)/.test(version) || isAbsolute(version);
  return isPath ? resolve(folder, version.replace(/^file:/, "")) : undefined;
}

function dependencyOf(folder: string): string | undefined {
  try {
    const { dependencies, devDependencies } = readManifest(folder);
    return dependencies?.["sluice"] ?? devDependencies?.["sluice"];
  } catch {
    // There is no package.json, or a broken one, which may belong to anything up to the root.
    return undefined;
  }
}

/** Package managers resolve it from where the folder really is, not from a link that leads there. */
function fileVersion(dir: string, tarball: string): string {
  return `file:${relative(realPath(dir), tarball).split(sep).join("/")}`;
}

/** Of a folder that may not exist yet. */
function realPath(dir: string): string {
  const parent = dirname(dir);
  return existsSync(dir) || parent === dir
    ? realpathSync(dir)
    : join(realPath(parent), basename(dir));
}

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, MANIFEST), "utf8"));
}

/** The name of a file in the package: npm leaves out a .gitignore, and heeds it. */
export function packedName(path: string): string {
  return path === ".gitignore" ? "_gitignore" : path;
}

/** The texts by path: in a clone, the originals, and else what scripts/package/build.ts has copied. */
function textsOf(template: keyof typeof templateFiles): (readonly [string, string])[] {
  const isOriginal = isClone(packageDir);
  const dir = join(packageDir, isOriginal ? "templates" : "dist/templates", template);
  return templateFiles[template].map((path) => {
    return [path, readFileSync(join(dir, isOriginal ? path : packedName(path)), "utf8")] as const;
  });
}

function manifestOf(template: string, version: string, isHono: boolean): string {
  const own = `"sluice": ${JSON.stringify(version)}`;
  const dependencies = isHono ? `"hono": "${HONO_VERSION}",\n    ${own}` : own;
  return template.replace(/"sluice": "[^"]*"/, () => dependencies);
}
