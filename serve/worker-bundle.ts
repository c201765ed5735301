/**
 * Bundles the Worker for workerd: built by wrangler as for a deployment, configured by wrangler.toml as
 * wrangler parses it. Nothing from that file is repeated here.
 *
 * A bundle can be written to a directory and read back, so that the machine that serves needs neither
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

/** The project's root directory. */
export const projectDir = fileURLToPath(new URL("..", import.meta.url));

/** An environment in which wrangler sends nothing over the network. */
export const offlineEnv: NodeJS.ProcessEnv = {
  ...process.env,
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
};

/** In a bundle's directory: the Worker's configuration and the names of its modules. */
const MANIFEST = "sluice-bundle.json";
/** The version of the manifest's format; another one comes from another version of Sluice. */
const MANIFEST_FORMAT = 1;

const requireHere = createRequire(import.meta.url);

/** The path of wrangler's workerd; without wrangler, of the workerd that is installed. */
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
  readonly name: string;
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
  readonly migrations: readonly { readonly new_sqlite_classes?: readonly string[] }[];
}

/** What a bundle keeps of it. */
type ServedConfig = Omit<WranglerConfig, "name">;

/** The kind of module for each extension; wrangler leaves what it doesn't bundle beside the bundle. */
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

/** A Worker that workerd can run. */
export interface WorkerBundle {
  readonly config: ServedConfig;
  /** The main module first. */
  readonly modules: readonly WorkerModule[];
}

export interface BundleOptions {
  /** The wrangler configuration; by default the project's. */
  readonly configPath?: string;
  /** Replaces the configuration's main module; relative to the project's directory. */
  readonly main?: string | undefined;
}

/**
 * Bundles the Worker. The configuration may hold policies alone: a name, a main module and a compatibility date that it
 * lacks are the project's.
 *
 * @throws {Error} If wrangler fails, with its output.
 */
export async function bundleWorker(options: BundleOptions = {}): Promise<WorkerBundle> {
  const { configPath = join(projectDir, "wrangler.toml"), main } = options;
  const config = await readConfig(configPath);
  const outDir = await mkdtemp(join(tmpdir(), "sluice-bundle-"));
  try {
    const wrangler = join(projectDir, "node_modules/wrangler/bin/wrangler.js");
    const script = resolve(projectDir, main ?? config.main);
    const given = ["--name", config.name, "--compatibility-date", config.compatibility_date];
    const args = [wrangler, "deploy", script, "--config", configPath, ...given];
    await promisify(execFile)(process.execPath, [...args, "--dry-run", "--outdir", outDir], {
      cwd: projectDir,
      env: offlineEnv,
    });
    const mainName = `${parse(script).name}.js`;
    return { config, modules: await readModules(outDir, mainName) };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function readConfig(configPath: string): Promise<WranglerConfig> {
  const own = (await parseConfig(join(projectDir, "wrangler.toml"))) as WranglerConfig;
  const config = await parseConfig(configPath);
  const completed = { ...own, ...config };
  // A date and its flags belong together: a file with a date and no flags wants none. One with flags alone is bundled
  // with them, so it runs with them.
  const isDated = config.compatibility_date !== undefined;
  const isFlagged = (config.compatibility_flags ?? []).length > 0;
  const { compatibility_flags } = isDated || isFlagged ? completed : own;
  return { ...completed, compatibility_flags };
}

/** What wrangler parses, without what the file lacks. */
async function parseConfig(configPath: string): Promise<Partial<WranglerConfig>> {
  const { unstable_readConfig: read } = await import("wrangler");
  const parsed = Object.entries(read({ config: configPath }));
  return Object.fromEntries(parsed.filter(([, value]) => value !== undefined));
}

/**
 * What a configuration binds and Sluice's own Worker doesn't have: kinds of bindings such as `kv_namespaces`, and
 * Durable Objects other than `own`.
 */
export function unservedBindings(
  config: Pick<ServedConfig, "durable_objects">,
  own: ServedConfig["durable_objects"]["bindings"],
): string[] {
  const kinds = Object.entries(config).flatMap(([kind, value]) => {
    return Array.isArray(value) && value.some(isBinding) ? [kind] : [];
  });
  const objects = config.durable_objects.bindings.flatMap(({ name, class_name }) => {
    const isOwn = own.some((object) => object.name === name && object.class_name === class_name);
    return isOwn ? [] : [`durable_objects ${name} (${class_name})`];
  });
  return [...kinds, ...objects];
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
  readonly config: ServedConfig;
  readonly modules: readonly Omit<WorkerModule, "content">[];
}

/** Writes the bundle to `dir`, created if missing. */
export async function writeBundle(dir: string, { config, modules }: WorkerBundle): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const { name, content } of modules) await writeFile(join(dir, name), content);
  // Picked one by one: wrangler's configuration also has paths of the machine that bundles.
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
 * Reads the bundle that `writeBundle` wrote to `dir`.
 *
 * @throws {ServeError} If there is none, or one in another format.
 */
export async function readWrittenBundle(dir: string): Promise<WorkerBundle> {
  const path = join(dir, MANIFEST);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw noBundle(`there is no ${MANIFEST} in ${dir}`);
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== MANIFEST_FORMAT) {
    const found = String(manifest.format);
    throw noBundle(`${path} must have format ${MANIFEST_FORMAT}: got ${found}`);
  }
  const modules = manifest.modules.map(async ({ name, kind }): Promise<WorkerModule> => {
    return { name, kind, content: await readFile(join(dirname(path), name)) };
  });
  return { config: manifest.config, modules: await Promise.all(modules) };
}

function noBundle(detail: string): ServeError {
  return new ServeError(`--bundle: ${detail}`, { isLasting: true });
}
