/** Writes workerd's configuration: the Workers, where they listen, and where their objects store state. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { WorkerBundle } from "./worker-bundle.ts";

/** One Worker of a configuration. */
export interface WorkerSource {
  /**
   * The name of its service. The directory of its objects' state (`NAME-CLASS`) and their IDs are derived
   * from it: under another name they start from scratch.
   */
  readonly name: string;
  readonly bundle: WorkerBundle;
  /** Overrides variables of wrangler.toml. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /**
   * Overrides both: variables that workerd reads from its environment, so that no file contains their
   * values. Each maps to the name of the environment variable.
   */
  readonly fromEnvironment?: Readonly<Record<string, string>>;
  /** Service bindings by name. */
  readonly services?: Readonly<Record<string, BoundService>>;
  /** Names of the Workers that receive its trace events, spans included (`tailStream`). */
  readonly tails?: readonly string[];
}

/** The target of a service binding: an entrypoint of a Worker, or a service that isn't a Worker. */
export type BoundService =
  | { readonly worker: string; readonly entrypoint: string }
  | { readonly service: string };

/** Where workerd listens. */
interface SocketSource {
  readonly name: string;
  /** `HOST:PORT`, where port 0 picks any free port, or `unix:PATH`. */
  readonly address: string;
  /** The Worker that answers, and its entrypoint if not the default one. */
  readonly worker: string;
  readonly entrypoint?: string;
}

export interface WorkerdSetup {
  /** Where the objects store their state. */
  readonly stateDir: string;
  readonly workers: readonly WorkerSource[];
  readonly sockets: readonly SocketSource[];
  /** Flags for V8, such as `--perf-basic-prof`. */
  readonly v8Flags?: readonly string[];
  /** Directories that Workers may read, by the name of the service. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Addresses of external servers, `unix:PATH`, by the name of the service. */
  readonly servers?: Readonly<Record<string, string>>;
  /** Whether Workers may also call addresses of this machine and its network. */
  readonly reachesThisMachine?: boolean | undefined;
}

/** A Worker whose modules are written to disk. */
interface WrittenWorker extends WorkerSource {
  /** The directory of its modules, beside the configuration. */
  readonly folder: string;
}

/** Writes the Workers and their configuration to `dir`; returns the configuration's path. */
export async function writeWorkerd(dir: string, setup: WorkerdSetup): Promise<string> {
  const written = await Promise.all(
    setup.workers.map(async (worker, index): Promise<WrittenWorker> => {
      const folder = `worker${index}`;
      await mkdir(join(dir, folder), { recursive: true });
      for (const { name, content } of worker.bundle.modules) {
        await writeFile(join(dir, folder, name), content);
      }
      return { ...worker, folder };
    }),
  );
  const path = join(dir, "config.capnp");
  await writeFile(path, capnp(written, setup));
  return path;
}

function capnp(workers: readonly WrittenWorker[], setup: WorkerdSetup): string {
  const { stateDir, sockets, v8Flags = [], reachesThisMachine = false } = setup;
  const services = workers.map(({ name, folder }) => `(name = ${text(name)}, worker = .${folder})`);
  const disk = `(name = "disk", disk = (path = ${text(stateDir)}, writable = true))`;
  // The service behind global `fetch`; workerd requires this name.
  const network = '(name = "internet", network = (allow = ["public", "private"]))';
  const outside = reachesThisMachine ? [network] : [];
  const folders = Object.entries(setup.folders ?? {}).map(
    ([name, path]) => `(name = ${text(name)}, disk = (path = ${text(path)}))`,
  );
  const servers = Object.entries(setup.servers ?? {}).map(
    ([name, address]) =>
      `(name = ${text(name)}, external = (address = ${text(address)}, http = ()))`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list([...services, disk, ...folders, ...servers, ...outside])},
  sockets = ${list(sockets.map(socketCapnp))},
  v8Flags = ${list(v8Flags.map(text))},
);
${workers.map(workerCapnp).join("")}`;
}

function socketCapnp({ name, address, worker, entrypoint }: SocketSource): string {
  const service =
    entrypoint === undefined
      ? text(worker)
      : `(name = ${text(worker)}, entrypoint = ${text(entrypoint)})`;
  return `(name = ${text(name)}, address = ${text(address)}, http = (), service = ${service})`;
}

function workerCapnp(worker: WrittenWorker): string {
  const { name, folder, bundle, vars, fromEnvironment = {} } = worker;
  const { services = {}, tails = [] } = worker;
  const { config, modules } = bundle;
  const sqliteClasses = new Set(config.migrations.flatMap((step) => step.new_sqlite_classes ?? []));
  const objects = config.durable_objects.bindings;
  const bindings = [
    ...objects.map(
      (object) =>
        `(name = ${text(object.name)}, durableObjectNamespace = ${text(object.class_name)})`,
    ),
    ...Object.entries({ ...config.vars, ...vars })
      .filter(([variable]) => !Object.hasOwn(fromEnvironment, variable))
      .map(([variable, value]) => {
        const bound =
          typeof value === "string"
            ? `text = ${text(value)}`
            : `json = ${text(JSON.stringify(value))}`;
        return `(name = ${text(variable)}, ${bound})`;
      }),
    ...Object.entries(fromEnvironment).map(
      ([variable, source]) => `(name = ${text(variable)}, fromEnvironment = ${text(source)})`,
    ),
    ...Object.entries(services).map(([binding, bound]) => {
      const service =
        "service" in bound
          ? text(bound.service)
          : `(name = ${text(bound.worker)}, entrypoint = ${text(bound.entrypoint)})`;
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
  streamingTails = ${list(tails.map(text))},
);
`;
}

/** A Cap'n Proto string literal, whose escapes for printable text are the same as JSON's. */
function text(value: string): string {
  return JSON.stringify(value);
}

function list(items: readonly string[]): string {
  return `[${items.map((item) => `\n    ${item},`).join("")}\n  ]`;
}
