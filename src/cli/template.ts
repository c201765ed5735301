/** The files of a new project: those of `templates`, with its name and with where it gets Sluice from. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";

import { ConfigurationError } from "./policy/configuration.ts";

/** A file of a project: its path, with slashes, and its text. */
export type ProjectFiles = ReadonlyMap<string, string>;

/** What `projectFiles` needs to know. */
export interface Project {
  /** The Worker's name. */
  readonly name: string;
  /** Whether its configuration is `wrangler.toml` in place of `wrangler.jsonc`. */
  readonly isToml: boolean;
  /** Whether it is an app of Hono with a limited route. */
  readonly isHono: boolean;
  /** What its package.json has as the version of Sluice. */
  readonly version: string;
}

/** What is used of a package.json. */
interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  /** Only in the clone. */
  readonly sluice?: { readonly published: boolean };
}

/** What the template calls itself. */
const NAME = "my-limiter";
const MANIFEST = "package.json";
/** As the peer dependency of `sluice/hono` begins. */
const HONO_VERSION = "^4.6.14";

/** The folder of this package: of the clone, or of the installed package. */
const packageDir = resolve(import.meta.dirname, "../..");

/** The files of a project, by path. */
export function projectFiles({ name, isToml, isHono, version }: Project): ProjectFiles {
  const folders = ["worker", ...(isToml ? ["toml"] : []), ...(isHono ? ["hono"] : [])];
  const texts = new Map(folders.flatMap((folder) => filesIn(join(templatesDir(), folder))));
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
 * @throws {ConfigurationError} If a clone has no tarball.
 */
export function versionFor(dir: string, from = packageDir): string {
  const { version, sluice } = readManifest(from);
  const isInstalled = basename(dirname(from)) === "node_modules";
  const tarball = isInstalled ? installedFrom(resolve(from, "../..")) : join(from, "sluice.tgz");
  if (tarball === undefined || sluice?.published) return `^${version}`;
  if (!isInstalled && !existsSync(tarball)) {
    throw new ConfigurationError(`There is no ${tarball}: run "npm run pack" in ${from} first`);
  }
  return `file:${relative(dir, tarball).split(sep).join("/")}`;
}

function installedFrom(project: string): string | undefined {
  if (!existsSync(join(project, MANIFEST))) return undefined;
  const { dependencies, devDependencies } = readManifest(project);
  const version = dependencies?.["sluice"] ?? devDependencies?.["sluice"];
  return version?.startsWith("file:") ? resolve(project, version.slice("file:".length)) : undefined;
}

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, MANIFEST), "utf8"));
}

/** Where scripts/package/build.ts has copied them; in a clone, the originals. */
function templatesDir(): string {
  const isClone = import.meta.filename.endsWith(".ts");
  return join(packageDir, isClone ? "templates" : "dist/templates");
}

/** npm leaves out a .gitignore, and heeds it: so the package has it under another name. */
function filesIn(dir: string): (readonly [string, string])[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = relative(dir, path).split(sep).join("/");
      return [name === "_gitignore" ? ".gitignore" : name, readFileSync(path, "utf8")] as const;
    });
}

function manifestOf(template: string, version: string, isHono: boolean): string {
  const own = `"sluice": ${JSON.stringify(version)}`;
  const dependencies = isHono ? `"hono": "${HONO_VERSION}",\n    ${own}` : own;
  return template.replace(/"sluice": "[^"]*"/, () => dependencies);
}
