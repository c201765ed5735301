/**
 * Servers for tests and benchmarks that need real sockets and real time.
 *
 * `startWorkerd` runs the Worker in the bare runtime: it sees its clients' connections directly, can be
 * killed like a failing machine, and restarted with what is on its disk. `startDev` runs `npm start` as a
 * user does, with wrangler's two proxies in front, which forward requests but not a client's disconnect.
 *
 * Both end with `await using` or `stop()`, and at the latest with the process that started them.
 */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

import type { PolicyFields } from "../../src/core/policy.ts";

import { membersOf } from "../../src/core/is-record.ts";
import {
  bundleWorker,
  offlineEnv,
  projectDir,
  workerdPath,
  type WorkerBundle,
} from "../../serve/worker-bundle.ts";
import { writeWorkerd, type BoundService, type WorkerSource } from "../../serve/workerd-config.ts";
import { ProcessGroup } from "./process-group.ts";
import { removeDir } from "./remove-dir.ts";

/** workerd takes a tenth of a second, wrangler a few; the rest is for a busy machine. */
const START_TIMEOUT_MS = 45_000;

/** wrangler ends within half a second and removes its bundles, unless held requests keep it. */
const STOP_TIMEOUT_MS = 5_000;
/** Between two checks whether a server is ready. */
const POLL_MS = 20;

/**
 * The range for servers that need a port in advance. It is below the ports that systems use for outgoing
 * connections, one of which could take the port between the check and the listening.
 */
const PORTS = { from: 20_000, to: 32_000 };

/** One Worker of a process. */
export interface WorkerOptions {
  /** Secrets and variables that override those of wrangler.toml and `PUBLIC: "true"`. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** Replaces the policies of wrangler.toml. */
  readonly policies?: Readonly<Record<string, PolicyFields>>;
  /**
   * Replaces the main module of wrangler.toml; relative to the project's directory. It must export a class
   * for each binding there.
   */
  readonly main?: string;
  /** Replaces all of that with another Worker, which gets no health check. */
  readonly bundle?: WorkerBundle;
  /** Replaces wrangler.toml; relative to the project's directory. */
  readonly config?: string;
  /** Service bindings to Workers of the same process. */
  readonly services?: Readonly<Record<string, BoundService>>;
  /** Names of the `others` that receive its trace events, spans included. */
  readonly tails?: readonly string[];
}

export interface WorkerdOptions extends WorkerOptions {
  /** Where the objects store their state; by default a new directory that is removed with the server. */
  readonly stateDir?: string;
  /** Further Workers in the same process, by name, each with its own port and objects. */
  readonly others?: Readonly<Record<string, WorkerOptions>>;
  /** Flags for V8, such as `--perf-basic-prof`. */
  readonly v8Flags?: readonly string[];
  /** Whether Workers may also call addresses of this machine. */
  readonly reachesThisMachine?: boolean;
  /** Overrides this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The name of the main Worker, for service bindings to it. */
export const MAIN_WORKER = "main";

/** The Workers of a process, and which of them get a health check. */
interface WorkerNames {
  readonly names: readonly string[];
  readonly checked: readonly string[];
}

/** The Worker in bare workerd, with others beside it. */
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
      const checked = named.flatMap(([name, { bundle }]) => (bundle ? [] : [name]));
      const sockets = names.map((name) => ({ name, address: "127.0.0.1:0", worker: name }));
      const setup = { stateDir: store, workers, sockets, v8Flags, reachesThisMachine };
      const configPath = await writeWorkerd(dir, setup);
      const server = new WorkerdServer(dir, store, configPath, { names, checked }, environment);
      await server.restart();
      return server;
    } catch (error) {
      await removeDir(dir);
      throw error;
    }
  }

  /** The port of this run; each `restart` changes it. */
  get port(): number {
    return this.portOf(MAIN_WORKER);
  }

  /** The address of this run, without a trailing slash. */
  get url(): string {
    return this.urlOf(MAIN_WORKER);
  }

  /**
   * The port of one of the `others` in this run.
   *
   * @throws {RangeError} If there is none of that name.
   */
  portOf(name: string): number {
    const port = this.#ports.get(name);
    if (port === undefined) throw new RangeError(`No Worker is called ${name}`);
    return port;
  }

  /** The address of one of the `others`, without a trailing slash. */
  urlOf(name: string): string {
    return `http://127.0.0.1:${this.portOf(name)}`;
  }

  /** The process ID of this run. */
  get pid(): number | undefined {
    return this.#group?.child.pid;
  }

  /** The output of this run, which is the Worker's log. */
  get output(): string {
    return this.#group?.output ?? "";
  }

  /**
   * Ends workerd like a power cut; resolves when it has ended. (SIGTERM would wait for all held requests.)
   */
  async kill(): Promise<void> {
    await this.#group?.kill();
  }

  /** Kills it if it is running, and starts it again with the same storage. */
  async restart(): Promise<void> {
    await this.kill();
    const args = ["serve", this.#configPath, "--control-fd=3"];
    const group = new ProcessGroup(workerdPath(), args, {
      withControlPipe: true,
      env: { ...process.env, ...this.#environment },
    });
    this.#group = group;
    const { names, checked } = this.#workers;
    const listening = (): Promise<Map<string, number>> => listeningPorts(group, names.length);
    this.#ports = await group.until(listening, START_TIMEOUT_MS);
    for (const name of checked) {
      await group.until((signal) => healthy(this.urlOf(name), signal), START_TIMEOUT_MS);
    }
  }

  /** Kills it and removes everything it has written, except a `stateDir` from the options. */
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
 * @throws {Error} If it doesn't start, with workerd's output; at once if its configuration is illegal, with what
 * is wrong.
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
  /** Where the objects store their state; by default a new directory that is removed with the server. */
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
      // Replaces a developer's `.dev.vars`, whose API keys would lock the tests out.
      const envFile = join(dir, "empty.env");
      await writeFile(envFile, "");
      const options = ["--port", String(port), "--persist-to", store, "--env-file", envFile];
      const group = new ProcessGroup("npm", ["start", "--", ...options, ...args], {
        cwd: projectDir,
        env: {
          ...offlineEnv,
          // Its own registry, so that a developer's `npm start` doesn't find this one.
          WRANGLER_REGISTRY_PATH: join(dir, "registry"),
          // What its workerd processes leave in the temporary directory is removed with the rest.
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

  /** Its address, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What it has printed. */
  get output(): string {
    return this.#group.output;
  }

  /** Ends npm, wrangler and both its workerd processes, and removes what they have written. */
  async stop(): Promise<void> {
    await this.#group.interrupt(STOP_TIMEOUT_MS);
    await removeDir(this.#dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Runs `npm start` on a free port, as a user would. Resolves when it reports that it is ready, and answers.
 *
 * @throws {Error} If it doesn't start, with its output.
 */
export function startDev(options: DevOptions = {}): Promise<DevServer> {
  return DevServer.start(options);
}

const bundles = new Map<string, Promise<WorkerBundle>>();

/** The bundle for a main module and a configuration, built once per process. */
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

/** The port of each socket, from the lines that workerd writes to its control pipe when it listens. */
async function listeningPorts(group: ProcessGroup, count: number): Promise<Map<string, number>> {
  const control = group.child.stdio[3] as NodeJS.ReadableStream;
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: control })) {
    const { event, socket, port } = JSON.parse(line) as Record<string, unknown>;
    if (event === "listen") ports.set(String(socket), Number(port));
    if (ports.size === count) return ports;
  }
  // The pipe has ended because the process has, which the caller reports.
  return new Promise(() => undefined);
}

async function printed(group: ProcessGroup, pattern: RegExp, signal: AbortSignal): Promise<void> {
  while (!pattern.test(group.output)) await setTimeout(POLL_MS, undefined, { signal });
}

/** @throws {Error} If its configuration is illegal: it won't get better. */
async function healthy(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/healthz`, { signal }).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    if (response?.ok) return;
    const { reason, detail } = problemIn(text);
    if (reason === "illegal-configuration")
      throw new Error(`illegal configuration: ${String(detail)}`);
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

function problemIn(text = ""): { readonly reason?: unknown; readonly detail?: unknown } {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** A port of 127.0.0.1 that nothing listens on. */
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
