/**
 * The Worker as workerd takes it: bundled by wrangler as for a deploy, configured by wrangler.toml as
 * wrangler reads it. Nothing of that file is repeated here.
 *
 * A bundle can be written to a folder and read back, so that the machine that serves needs neither
 * wrangler nor the sources.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { ServeError } from "./serve-error.ts";

/** The project's folder. */
export const projectDir = fileURLToPath(new URL("..", import.meta.url));

/** Keeps wrangler from calling home. */
export const offlineEnv: NodeJS.ProcessEnv = {
  ...process.env,
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
};

/** In the folder of a bundle: what the Worker is, but for the modules beside it. */
const MANIFEST = "sluice-bundle.json";
/** How the manifest is written; another number is another version of Sluice. */
const MANIFEST_FORMAT = 1;

const requireHere = createRequire(import.meta.url);

/** The workerd that wrangler runs; where wrangler is not installed, the one that is. */
export function workerdPath(): string {
  return (requireBesideWrangler()("workerd") as { default: string }).default;
}

function requireBesideWrangler(): NodeJS.Require {
  try {
    return createRequire(requireHere.resolve("wrangler/package.json"));
  } catch {
    return requireHere;
  }
}

/** The part of a wrangler configuration that Sluice uses. */
interface WranglerConfig {
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
  readonly migrations: readonly { readonly new_sqlite_classes?: readonly string[] }[];
}

/** How workerd is to take a module; wrangler leaves what it does not bundle beside the bundle. */
const moduleKinds: Readonly<Record<string, string>> = {
  ".js": "esModule",
  ".css": "text",
  ".html": "text",
  ".svg": "text",
  ".txt": "text",
  ".wasm": "wasm",
  ".bin": "data",
};

interface WorkerModule {
  readonly name: string;
  readonly kind: string;
  readonly content: Buffer;
}

/** A Worker, ready for workerd. */
export interface WorkerBundle {
  readonly config: WranglerConfig;
  /** The main module first. */
  readonly modules: readonly WorkerModule[];
}

export interface BundleOptions {
  /** The wrangler configuration; by default the project's. */
  readonly configPath?: string;
  /** In place of its main module: a path from the project's folder. */
  readonly main?: string | undefined;
}

/**
 * Bundles the Worker.
 *
 * @throws {Error} With what wrangler said, where it cannot.
 */
export async function bundleWorker(options: BundleOptions = {}): Promise<WorkerBundle> {
  const { configPath = join(projectDir, "wrangler.toml"), main } = options;
  const config = await readConfig(configPath);
  const outDir = await mkdtemp(join(tmpdir(), "sluice-bundle-"));
  try {
    const wrangler = join(projectDir, "node_modules/wrangler/bin/wrangler.js");
    const script = main === undefined ? [] : [resolve(projectDir, main)];
    const args = [wrangler, "deploy", ...script, "--config", configPath];
    await promisify(execFile)(process.execPath, [...args, "--dry-run", "--outdir", outDir], {
      cwd: projectDir,
      env: offlineEnv,
    });
    const mainName = `${parse(main ?? config.main).name}.js`;
    return { config, modules: await readModules(outDir, mainName) };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function readConfig(configPath: string): Promise<WranglerConfig> {
  const { unstable_readConfig: read } = await import("wrangler");
  return read({ config: configPath }) as WranglerConfig;
}

/** The bindings of a configuration that nothing stands behind here, as in `kv_namespaces`. */
export function unservedBindings(config: object): string[] {
  return Object.entries(config).flatMap(([kind, value]) => {
    return Array.isArray(value) && value.some(isBinding) ? [kind] : [];
  });
}

function isBinding(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "binding");
}

async function readModules(dir: string, mainName: string): Promise<WorkerModule[]> {
  const modules: WorkerModule[] = [];
  for (const name of await readdir(dir)) {
    const kind = moduleKinds[extname(name)];
    if (kind === undefined) continue;
    const module = { name, kind, content: await readFile(join(dir, name)) };
    if (name === mainName) modules.unshift(module);
    else modules.push(module);
  }
  return modules;
}

interface Manifest {
  readonly format: number;
  readonly config: WranglerConfig;
  readonly modules: readonly Omit<WorkerModule, "content">[];
}

/** Writes the bundle into `dir`, which is made if it is not there. */
export async function writeBundle(dir: string, { config, modules }: WorkerBundle): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const { name, content } of modules) await writeFile(join(dir, name), content);
  // Named one by one: what else wrangler knows of the machine that bundles stays there.
  const { main, compatibility_date, compatibility_flags, vars, durable_objects, migrations } =
    config;
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    config: {
      main: parse(main).base,
      compatibility_date,
      compatibility_flags,
      vars,
      durable_objects,
      migrations,
    },
    modules: modules.map(({ name, kind }) => ({ name, kind })),
  };
  await writeFile(join(dir, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * The bundle that `writeBundle` has written into `dir`.
 *
 * @throws {ServeError} Where there is none, or one of another format.
 */
export async function readWrittenBundle(dir: string): Promise<WorkerBundle> {
  const path = join(dir, MANIFEST);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw noBundle(`there is no ${MANIFEST} in ${dir}`);
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== MANIFEST_FORMAT) {
    const found = String(manifest.format);
    throw noBundle(`${path} is of format ${found}, and format ${MANIFEST_FORMAT} is known`);
  }
  const modules = manifest.modules.map(async ({ name, kind }): Promise<WorkerModule> => {
    return { name, kind, content: await readFile(join(dirname(path), name)) };
  });
  return { config: manifest.config, modules: await Promise.all(modules) };
}

function noBundle(detail: string): ServeError {
  return new ServeError(`--bundle: ${detail}`, { isLasting: true });
}
