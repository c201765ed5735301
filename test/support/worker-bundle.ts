/**
 * The Worker as raw workerd takes it: bundled by wrangler as for a deploy, configured by wrangler.toml
 * as wrangler reads it. Nothing of that file is repeated here.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The project's folder. */
export const projectDir = fileURLToPath(new URL("../..", import.meta.url));

/** Keeps wrangler from calling home: a test talks to this machine only. */
export const offlineEnv: NodeJS.ProcessEnv = {
  ...process.env,
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
};

const requireHere = createRequire(import.meta.url);
/** Of the tools that wrangler brings along, just those versions. */
const requireOfWrangler = createRequire(requireHere.resolve("wrangler/package.json"));

/** The workerd that wrangler runs. */
export function workerdPath(): string {
  return (requireOfWrangler("workerd") as { default: string }).default;
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
  ".html": "text",
  ".txt": "text",
  ".wasm": "wasm",
  ".bin": "data",
};

interface WorkerModule {
  readonly name: string;
  readonly kind: string;
  readonly content: Buffer;
}

interface WorkerBundle {
  readonly config: WranglerConfig;
  /** The main module first. */
  readonly modules: readonly WorkerModule[];
}

const bundles = new Map<string | undefined, Promise<WorkerBundle>>();

/** The bundle of a main module, made once a process. */
function readBundle(main: string | undefined): Promise<WorkerBundle> {
  const bundle = bundles.get(main) ?? makeBundle(main);
  bundles.set(main, bundle);
  return bundle;
}

async function makeBundle(main: string | undefined): Promise<WorkerBundle> {
  const outDir = await mkdtemp(join(tmpdir(), "sluice-bundle-"));
  try {
    const wrangler = join(projectDir, "node_modules/wrangler/bin/wrangler.js");
    const script = main === undefined ? [] : [main];
    const args = [wrangler, "deploy", ...script, "--dry-run", "--outdir", outDir];
    const bundled = promisify(execFile)(process.execPath, args, {
      cwd: projectDir,
      env: offlineEnv,
    });
    const [config] = await Promise.all([readConfig(), bundled]);
    const mainName = `${parse(main ?? config.main).name}.js`;
    return { config, modules: await readModules(outDir, mainName) };
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function readConfig(): Promise<WranglerConfig> {
  const { unstable_readConfig: read } = await import("wrangler");
  return read({ config: join(projectDir, "wrangler.toml") }) as WranglerConfig;
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

/** One Worker among those of a configuration. */
export interface WorkerSource {
  /** Of the service and of its socket; the objects of each keep a store of their own. */
  readonly name: string;
  /** Laid over the variables of wrangler.toml. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** In place of the main module of wrangler.toml: a path from the project's folder. */
  readonly main?: string | undefined;
  /** Service bindings by name: which Worker's, and which entrypoint of it. */
  readonly services?: Readonly<Record<string, BoundService>> | undefined;
}

/** What a service binding leads to. */
export interface BoundService {
  readonly worker: string;
  readonly entrypoint: string;
}

export interface WriteOptions {
  /** Where the objects keep what they store. */
  readonly stateDir: string;
  readonly workers: readonly WorkerSource[];
  /** Flags of V8, as in `--perf-basic-prof`. */
  readonly v8Flags?: readonly string[];
}

/** A Worker as it is written down. */
interface WrittenWorker extends WorkerBundle {
  readonly name: string;
  /** Its folder, beside the configuration. */
  readonly folder: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly services: Readonly<Record<string, BoundService>>;
}

/**
 * Writes the Workers and their configuration into `dir` and returns the configuration's path. Each has
 * a socket of its own name, which listens on a free port of 127.0.0.1.
 */
export async function writeWorkerd(dir: string, options: WriteOptions): Promise<string> {
  const { stateDir, workers, v8Flags = [] } = options;
  const written = await Promise.all(
    workers.map(async ({ name, main, vars, services = {} }, index): Promise<WrittenWorker> => {
      const { config, modules } = await readBundle(main);
      const folder = `worker${index}`;
      await mkdir(join(dir, folder), { recursive: true });
      for (const module of modules) await writeFile(join(dir, folder, module.name), module.content);
      return { config, modules, name, folder, vars: { ...config.vars, ...vars }, services };
    }),
  );
  const path = join(dir, "config.capnp");
  await writeFile(path, capnp(written, stateDir, v8Flags));
  return path;
}

function capnp(
  workers: readonly WrittenWorker[],
  stateDir: string,
  v8Flags: readonly string[],
): string {
  const services = workers.map(({ name, folder }) => `(name = ${text(name)}, worker = .${folder})`);
  const disk = `(name = "disk", disk = (path = ${text(stateDir)}, writable = true))`;
  const sockets = workers.map(
    ({ name }) =>
      `(name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${text(name)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list([...services, disk])},
  sockets = ${list(sockets)},
  v8Flags = ${list(v8Flags.map(text))},
);
${workers.map(workerCapnp).join("")}`;
}

function workerCapnp({ name, folder, config, modules, vars, services }: WrittenWorker): string {
  const sqliteClasses = new Set(config.migrations.flatMap((step) => step.new_sqlite_classes ?? []));
  const objects = config.durable_objects.bindings;
  const bindings = [
    ...objects.map(
      (object) =>
        `(name = ${text(object.name)}, durableObjectNamespace = ${text(object.class_name)})`,
    ),
    ...Object.entries(vars).map(([variable, value]) => {
      const bound =
        typeof value === "string"
          ? `text = ${text(value)}`
          : `json = ${text(JSON.stringify(value))}`;
      return `(name = ${text(variable)}, ${bound})`;
    }),
    ...Object.entries(services).map(([binding, { worker, entrypoint }]) => {
      const service = `(name = ${text(worker)}, entrypoint = ${text(entrypoint)})`;
      return `(name = ${text(binding)}, service = ${service})`;
    }),
  ];
  const namespaces = objects.map(
    ({ class_name }) =>
      `(className = ${text(class_name)}, uniqueKey = ${text(`${name}-${class_name}`)}, ` +
      `enableSql = ${sqliteClasses.has(class_name)})`,
  );
  const embedded = modules.map(
    (module) =>
      `(name = ${text(module.name)}, ${module.kind} = embed ${text(`${folder}/${module.name}`)})`,
  );
  return `
const ${folder} :Workerd.Worker = (
  modules = ${list(embedded)},
  compatibilityDate = ${text(config.compatibility_date)},
  compatibilityFlags = ${list(config.compatibility_flags.map(text))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "disk"),
);
`;
}

/** A literal of Cap'n Proto, whose escapes are those of JSON as far as printable text goes. */
function text(value: string): string {
  return JSON.stringify(value);
}

function list(items: readonly string[]): string {
  return `[${items.map((item) => `\n    ${item},`).join("")}\n  ]`;
}
