/**
 * Servers for tests and benchmarks that want real sockets and real time.
 *
 * `startWorkerd` is the Worker in the bare runtime: it sees its clients' connections as they are, can
 * be killed as a machine fails, and comes back with what is on its disk. `startDev` is `npm start`,
 * what a user runs: with wrangler's two proxies between, which pass requests on but do not pass on
 * that a client has left.
 *
 * Both end with `await using` or `stop()`, and at the latest with the process that started them.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import type { PolicyFields } from "../../src/core/policy.ts";

import {
  bundleWorker,
  offlineEnv,
  projectDir,
  workerdPath,
  type WorkerBundle,
} from "../../serve/worker-bundle.ts";
import { writeWorkerd, type BoundService, type WorkerSource } from "../../serve/workerd-config.ts";
import { ProcessGroup } from "./process-group.ts";

/** workerd takes a tenth of a second, wrangler a few; this is for a machine with a lot else to do. */
const START_TIMEOUT_MS = 45_000;

/** wrangler ends within half a second, and removes its bundles; held requests could keep it. */
const STOP_TIMEOUT_MS = 5_000;
/** Between two looks whether a server is ready. */
const POLL_MS = 20;

/**
 * Ports for servers that have to be told one are drawn from here: below those that systems give to
 * outgoing connections, or one of these might take the port between the look and the listening.
 */
const PORTS = { from: 20_000, to: 32_000 };

/** What a Worker of the runtime is. */
export interface WorkerOptions {
  /** Secrets and variables, laid over those of wrangler.toml and `PUBLIC: "true"`. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** In place of the policies of wrangler.toml. */
  readonly policies?: Readonly<Record<string, PolicyFields>>;
  /**
   * In place of the main module of wrangler.toml: a path from the project's folder. It exports a class
   * for each of the bindings there.
   */
  readonly main?: string;
  /** In place of all of that: another Worker, which is not asked whether it is well. */
  readonly bundle?: WorkerBundle;
  /** In place of wrangler.toml: a path from the project's folder. */
  readonly config?: string;
  /** Service bindings, to Workers of the same process. */
  readonly services?: Readonly<Record<string, BoundService>>;
  /** Names of `others` that are told of each step of it, its spans included. */
  readonly tails?: readonly string[];
}

export interface WorkerdOptions extends WorkerOptions {
  /** Where the objects store; by default a new folder that goes with the server. */
  readonly stateDir?: string;
  /** Further Workers in the same process, by name: each with a port and objects of its own. */
  readonly others?: Readonly<Record<string, WorkerOptions>>;
  /** Flags of V8, as in `--perf-basic-prof`. */
  readonly v8Flags?: readonly string[];
  /** Whether Workers may call addresses of this machine, too. */
  readonly reachesThisMachine?: boolean;
  /** Laid over this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The name of the Worker that has none, for bindings to it. */
export const MAIN_WORKER = "main";

/** The Workers of a process, and those of them that are asked whether they are well. */
interface WorkerNames {
  readonly names: readonly string[];
  readonly asked: readonly string[];
}

/** The Worker in bare workerd, and others beside it. */
export class WorkerdServer implements AsyncDisposable {
  readonly stateDir: string;
  readonly #dir: string;
  readonly #configPath: string;
  #group: ProcessGroup | undefined = undefined;
  readonly #workers: WorkerNames;
  readonly #environment: NodeJS.ProcessEnv;
  #ports: ReadonlyMap<string, number> = new Map();

  private constructor(
    dir: string,
    stateDir: string,
    configPath: string,
    workers: WorkerNames,
    environment: NodeJS.ProcessEnv,
  ) {
    this.#dir = dir;
    this.stateDir = stateDir;
    this.#configPath = configPath;
    this.#workers = workers;
    this.#environment = environment;
  }

  /** See `startWorkerd`. */
  static async start(options: WorkerdOptions): Promise<WorkerdServer> {
    const { stateDir, others = {}, v8Flags = [], reachesThisMachine, ...rest } = options;
    const { environment = {}, ...main } = rest;
    const dir = await mkdtemp(join(tmpdir(), "sluice-workerd-"));
    try {
      const store = stateDir ?? join(dir, "state");
      await mkdir(store, { recursive: true });
      const named = Object.entries<WorkerOptions>({ [MAIN_WORKER]: main, ...others });
      const workers = await Promise.all(named.map(sourceOf));
      const names = workers.map(({ name }) => name);
      const asked = named.flatMap(([name, { bundle }]) => (bundle ? [] : [name]));
      const sockets = names.map((name) => ({ name, address: "127.0.0.1:0", worker: name }));
      const setup = { stateDir: store, workers, sockets, v8Flags, reachesThisMachine };
      const configPath = await writeWorkerd(dir, setup);
      const server = new WorkerdServer(dir, store, configPath, { names, asked }, environment);
      await server.restart();
      return server;
    } catch (error) {
      await removeDir(dir);
      throw error;
    }
  }

  /** The port of this run: another one after each `restart`. */
  get port(): number {
    return this.portOf(MAIN_WORKER);
  }

  /** Where this run is reached, without a slash at the end. */
  get url(): string {
    return this.urlOf(MAIN_WORKER);
  }

  /**
   * The port of one of the `others` in this run.
   *
   * @throws {RangeError} Where there is none of that name.
   */
  portOf(name: string): number {
    const port = this.#ports.get(name);
    if (port === undefined) throw new RangeError(`No Worker is called ${name}`);
    return port;
  }

  /** Where that one is reached, without a slash at the end. */
  urlOf(name: string): string {
    return `http://127.0.0.1:${this.portOf(name)}`;
  }

  /** The process of this run. */
  get pid(): number | undefined {
    return this.#group?.child.pid;
  }

  /** What this run has written: the Worker's log. */
  get output(): string {
    return this.#group?.output ?? "";
  }

  /**
   * Ends workerd as a power cut does, and resolves when it has gone. (SIGTERM would wait for all the
   * requests that are held.)
   */
  async kill(): Promise<void> {
    await this.#group?.kill();
  }

  /** Kills it if it still runs, and starts it again over the same storage. */
  async restart(): Promise<void> {
    await this.kill();
    const args = ["serve", this.#configPath, "--control-fd=3"];
    const group = new ProcessGroup(workerdPath(), args, {
      withControlPipe: true,
      env: { ...process.env, ...this.#environment },
    });
    this.#group = group;
    const { names, asked } = this.#workers;
    const listening = (): Promise<Map<string, number>> => listeningPorts(group, names.length);
    this.#ports = await group.until(listening, START_TIMEOUT_MS);
    for (const name of asked) {
      await group.until((signal) => healthy(this.urlOf(name), signal), START_TIMEOUT_MS);
    }
  }

  /** Kills it for good and removes what it has written, but a `stateDir` that it was given. */
  async stop(): Promise<void> {
    await this.kill();
    await removeDir(this.#dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts the Worker in bare workerd, on a free port. Resolves when it answers.
 *
 * @throws {Error} With what workerd said, where it does not start.
 *
 * @example
 * await using server = await startWorkerd({ policies: { "*": fiveADay } });
 * await fetch(`${server.url}/acquire?bucket=a`);
 * await server.kill();
 * await server.restart(); // another port, the same buckets
 */
export function startWorkerd(options: WorkerdOptions = {}): Promise<WorkerdServer> {
  return WorkerdServer.start(options);
}

export interface DevOptions {
  /** Where the objects store; by default a new folder that goes with the server. */
  readonly persistTo?: string;
  /** Further options of `npm start`. */
  readonly args?: readonly string[];
}

/** `npm start`, running. */
export class DevServer implements AsyncDisposable {
  readonly port: number;
  readonly #group: ProcessGroup;
  readonly #dir: string;

  private constructor(group: ProcessGroup, port: number, dir: string) {
    this.#group = group;
    this.port = port;
    this.#dir = dir;
  }

  /** See `startDev`. */
  static async start({ persistTo, args = [] }: DevOptions): Promise<DevServer> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-dev-"));
    try {
      const port = await freePort();
      const store = persistTo ?? join(dir, "state");
      // In place of a developer's `.dev.vars`, whose tokens would lock the tests out.
      const envFile = join(dir, "empty.env");
      await writeFile(envFile, "");
      const options = ["--port", String(port), "--persist-to", store, "--env-file", envFile];
      const group = new ProcessGroup("npm", ["start", "--", ...options, ...args], {
        cwd: projectDir,
        env: {
          ...offlineEnv,
          // Its own registry: a developer's `npm start` beside the tests is not to know of this one.
          WRANGLER_REGISTRY_PATH: join(dir, "registry"),
          // What its workerds leave in the temporary folder goes with the rest.
          TMPDIR: dir,
        },
      });
      const server = new DevServer(group, port, dir);
      await group.until((signal) => printed(group, /Ready on /, signal), START_TIMEOUT_MS);
      await group.until((signal) => healthy(server.url, signal), START_TIMEOUT_MS);
      return server;
    } catch (error) {
      await removeDir(dir);
      throw error;
    }
  }

  /** Where it is reached, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it has printed. */
  get output(): string {
    return this.#group.output;
  }

  /** Ends npm, wrangler and both of its workerds, and removes what they have written. */
  async stop(): Promise<void> {
    await this.#group.interrupt(STOP_TIMEOUT_MS);
    await removeDir(this.#dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Runs `npm start` on a free port, as a user would. Resolves when it has said that it is ready, and
 * answers.
 *
 * @throws {Error} With what it printed, where it does not start.
 */
export function startDev(options: DevOptions = {}): Promise<DevServer> {
  return DevServer.start(options);
}

const bundles = new Map<string, Promise<WorkerBundle>>();

/** The bundle of a main module, or of a configuration's, made once a process. */
function bundleOf({ main, config }: WorkerOptions): Promise<WorkerBundle> {
  const key = JSON.stringify([main, config]);
  const configPath = config === undefined ? {} : { configPath: join(projectDir, config) };
  const bundle = bundles.get(key) ?? bundleWorker({ main, ...configPath });
  bundles.set(key, bundle);
  return bundle;
}

async function sourceOf([name, worker]: [string, WorkerOptions]): Promise<WorkerSource> {
  const { vars, policies, bundle, services, tails = [] } = worker;
  return {
    name,
    bundle: bundle ?? (await bundleOf(worker)),
    ...(services && { services }),
    tails,
    vars: { PUBLIC: "true", ...vars, ...(policies && { POLICIES: policies }) },
  };
}

/** The ports, by socket, in the lines that workerd writes to its control pipe when it listens. */
async function listeningPorts(group: ProcessGroup, count: number): Promise<Map<string, number>> {
  const control = group.child.stdio[3] as NodeJS.ReadableStream;
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line) as Record<string, unknown>;
    if (event === "listen") ports.set(String(socket), Number(port));
    if (ports.size === count) return ports;
  }
  // The pipe has ended and so has the process, which is what the caller will be told.
  return new Promise(() => undefined);
}

async function printed(group: ProcessGroup, pattern: RegExp, signal: AbortSignal): Promise<void> {
  while (!pattern.test(group.output)) await setTimeout(POLL_MS, undefined, { signal });
}

async function healthy(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/healthz`, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** Removes a folder whose last writers may be dying at this moment. */
async function removeDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
