/**
 * Self-hosted Sluice: workerd with its state on disk, started by a launcher that also runs the relay in
 * front of it (front-relay.ts).
 *
 * The launcher starts workerd, waits until it answers, and shuts it down in order. On SIGTERM alone,
 * workerd would wait for every open request, and here requests stay open for minutes. So the launcher
 * first has every waiting caller refused (worker/main.ts), then sends SIGTERM, and after a grace period
 * SIGKILL. The state doesn't need any of this: it survives SIGKILL.
 *
 * If workerd exits unexpectedly, the launcher doesn't restart it. It exits with the same status, and
 * leaves the restart policy to what runs it (systemd, a container engine).
 *
 * Miniflare could be the launcher instead. It puts a Worker of its own in front of this one, which left
 * 0.6 of the requests per second (six alternating rounds), it can't refuse waiting callers, and it leaves
 * workerd running when it is killed.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import { createServer, isIPv6 } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

import type { Openness } from "../src/worker/auth/openness.ts";
import type { WorkerBundle } from "./worker-bundle.ts";

import { withAllowedHosts } from "./allowed-hosts.ts";
import { serveBucketFolder } from "./bucket-folder-server.ts";
import { BucketFolder } from "./bucket-folder.ts";
import { FrontRelay, type ClientLimits } from "./front-relay.ts";
import { guardGroup } from "./guard.ts";
import { openFileLimit } from "./open-files.ts";
import { ServeError } from "./serve-error.ts";
import { StateFolder } from "./state-folder.ts";
import { workerdPath } from "./worker-bundle.ts";
import { writeWorkerd } from "./workerd-config.ts";

/**
 * The Worker's name in workerd. **Never change it**: the IDs of all buckets and the directory of their
 * state are derived from it, so under another name every bucket would start from scratch.
 */
const WORKER_NAME = "sluice";
/** The class of its Durable Objects. **Never change it**, for the same reason. */
const OBJECT_CLASS = "BucketObject";
/**
 * What binds the objects: the launcher's own, because the class is that of `SERVED_MAIN` and its name never changes. So a
 * configuration may leave both out, and others that it has aren't served.
 */
export const OWN_OBJECTS = {
  durable_objects: { bindings: [{ name: "BUCKETS", class_name: OBJECT_CLASS }] },
  migrations: [{ new_sqlite_classes: [OBJECT_CLASS] }],
} as const;
/** The main module that replaces the one in wrangler.toml, relative to the project's directory. */
export const SERVED_MAIN = "serve/worker/main.ts";
/** Prefixes a variable's name in workerd's environment. */
const ENVIRONMENT_PREFIX = "SLUICE_VAR_";
/** workerd takes a tenth of a second; the rest is for a busy machine. */
const START_TIMEOUT_MS = 30_000;
/** Between two health checks during start-up. */
const POLL_MS = 20;
/** How long new callers are still answered before the port closes: for requests already on their way. */
const LINGER_MS = 500;
/**
 * How long refusals may take to reach their callers once all have been sent: thousands go out per second.
 * What is still open after that can't be answered: open pages, stalled uploads.
 */
const REST_MS = 2_000;
/** A shell reports a process that was killed by a signal as this plus the signal's number. */
const SIGNAL_STATUS = 128;

export interface ServeOptions {
  /** The Worker, with `SERVED_MAIN` as its main module. */
  readonly bundle: WorkerBundle;
  /** The state directory, created if missing. */
  readonly stateDir: string;
  /** Name or address to listen on. */
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  /** Time limits that the relay enforces on clients; `undefined`: no relay, workerd itself listens. */
  readonly relay: ClientLimits | undefined;
  /** Variables and secrets that override those of wrangler.toml. They are never written to a file. */
  readonly vars: Readonly<Record<string, string>>;
  /** Maximum time from `stop` to the end, in milliseconds; 0 ends without answering waiting callers. */
  readonly graceMs: number;
}

/** Everything that `serve` has started. */
interface Started {
  readonly workerd: ChildProcess;
  readonly relay: FrontRelay | undefined;
  readonly state: StateFolder;
  readonly port: number;
  readonly openness: Openness;
  readonly fileLimit: number;
}

/** A running Sluice. */
export class Service {
  /** Its address, without a trailing slash. */
  readonly url: string;
  /** Who may acquire and read, as reported by the Worker itself. */
  readonly openness: Openness;
  /** How many files the launcher and workerd may each have open. */
  readonly fileLimit: number;
  /** Settles when workerd and the relay have ended, with the exit status for the launcher. */
  readonly ended: Promise<number>;
  readonly #workerd: ChildProcess;
  readonly #relay: FrontRelay | undefined;
  readonly #controlSocket: string;
  readonly #graceMs: number;
  #stopping: Promise<void> | undefined = undefined;

  /** See `serve`. */
  constructor(started: Started, options: ServeOptions) {
    const { workerd, relay, state, port, openness, fileLimit } = started;
    this.#workerd = workerd;
    this.#relay = relay;
    this.url = `http://${authority(options.host, port)}`;
    this.openness = openness;
    this.fileLimit = fileLimit;
    this.#controlSocket = state.controlSocket;
    this.#graceMs = options.graceMs;
    this.ended = exitStatus(workerd).then(async (status) => {
      await relay?.finish();
      state[Symbol.dispose]();
      return this.#stopping ? 0 : status;
    });
  }

  /**
   * Shuts down in order: waiting and new callers get `503 unavailable` and have taken nothing. workerd
   * then ends shortly after, or at the end of the grace period if some callers can't be answered.
   * Resolves when it has ended.
   */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  /** Ends at once, like a power cut; the state is safe. */
  kill(): void {
    this.#workerd.kill("SIGKILL");
  }

  async #stop(): Promise<void> {
    const ended = new AbortController();
    const grace = setTimeout(this.#graceMs, undefined, { signal: ended.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const inOrder = this.#endInOrder(ended.signal);
    // Callers that can't be answered are cut off at the end of the grace period.
    inOrder.catch(() => undefined);
    await this.ended;
    ended.abort();
    await grace;
  }

  async #endInOrder(signal: AbortSignal): Promise<void> {
    await refuseCallers(this.#controlSocket, signal);
    await setTimeout(LINGER_MS, undefined, { signal });
    this.#relay?.close();
    this.#workerd.kill("SIGTERM");
    await setTimeout(REST_MS, undefined, { signal });
    this.kill();
  }
}

/**
 * Starts workerd and resolves when it answers.
 *
 * @throws {ServeError} If the port or the directory is not available, the configuration is invalid, or
 * workerd doesn't start.
 *
 * @example
 * const bundle = await bundleWorker({ main: SERVED_MAIN });
 * const vars = { PUBLIC: "true" };
 * const relay = { headMs: 10_000, bodyMs: 30_000, idleMs: 75_000 };
 * const at = { stateDir: "state", host: "127.0.0.1", port: 8787 };
 * const service = await serve({ bundle, ...at, relay, vars, graceMs: 5_000 });
 * process.once("SIGTERM", () => void service.stop());
 * process.exitCode = await service.ended;
 */
export async function serve(options: ServeOptions): Promise<Service> {
  const { host, port } = options;
  const fileLimit = await openFileLimit();
  const state = await StateFolder.take(options.stateDir);
  const configDir = await mkdtemp(join(tmpdir(), "sluice-serve-"));
  let workerd: ChildProcess | undefined;
  try {
    await checkAddress(host, port);
    const buckets = join(state.bucketsDir, `${WORKER_NAME}-${OBJECT_CLASS}`);
    const folder = new BucketFolder(buckets, state.asideDir);
    folder.inspect((line) => console.error(line));
    workerd = await startWorkerd(configDir, state, folder, options);
    await watchFolder(folder, workerd, state.filesSocket);
    const ownPort = await portOnceUp(workerd, state, options);
    const openness = await askOpenness(state.controlSocket);
    const relay = await startRelay(workerd, state, fileLimit, options);
    const started = { workerd, relay, state, port: relay?.port ?? ownPort, openness, fileLimit };
    return new Service(started, options);
  } catch (error) {
    if (workerd) {
      workerd.kill("SIGKILL");
      await exitStatus(workerd).catch(() => undefined);
    }
    state[Symbol.dispose]();
    throw error;
  } finally {
    // workerd has read its configuration by now.
    await rm(configDir, { recursive: true, force: true });
  }
}

/** Looks after the buckets' files until workerd has ended. */
async function watchFolder(
  folder: BucketFolder,
  workerd: ChildProcess,
  socketPath: string,
): Promise<void> {
  const ended = new AbortController();
  workerd.once("exit", () => ended.abort());
  if (workerd.pid !== undefined) folder.watch(workerd.pid, ended.signal);
  await serveBucketFolder(folder, socketPath, ended.signal);
}

/** The port that workerd listens on, once it answers; 0 if it listens for the relay. */
async function portOnceUp(
  workerd: ChildProcess,
  state: StateFolder,
  { host, relay }: ServeOptions,
): Promise<number> {
  const settled = new AbortController();
  const { signal } = settled;
  const ready = async (): Promise<number> => {
    const port = await listeningPort(workerd);
    const isDirect = relay === undefined;
    const target = isDirect ? { host: reachable(host), port } : { socketPath: state.httpSocket };
    await untilHealthy(target, signal);
    return port;
  };
  const gone = async (): Promise<never> => {
    const status = await exitStatus(workerd);
    const message = `workerd exited with status ${status} before it answered`;
    throw new ServeError(message, { isLasting: false });
  };
  const late = async (): Promise<never> => {
    await setTimeout(START_TIMEOUT_MS, undefined, { signal });
    const message = `workerd did not answer within ${START_TIMEOUT_MS} ms`;
    throw new ServeError(message, { isLasting: false });
  };
  const ends = [ready(), gone(), late()];
  // Only the first to settle counts; the others must not end as unhandled rejections.
  for (const end of ends) end.catch(() => undefined);
  try {
    return await Promise.race(ends);
  } finally {
    settled.abort();
  }
}

async function startRelay(
  { pid: serverPid }: ChildProcess,
  { httpSocket: socketPath }: StateFolder,
  fileLimit: number,
  { host, port, relay }: ServeOptions,
): Promise<FrontRelay | undefined> {
  if (relay === undefined || serverPid === undefined) return undefined;
  try {
    const own = { host, port, socketPath, serverPid, fileLimit };
    return await FrontRelay.listen({ ...relay, ...own });
  } catch (cause) {
    throw addressError(cause, host, port);
  }
}

async function startWorkerd(
  configDir: string,
  state: StateFolder,
  folder: BucketFolder,
  { bundle, host, port, relay, vars: given }: ServeOptions,
): Promise<ChildProcess> {
  const vars = withAllowedHosts(given, bundle.config.vars, host);
  const names = Object.keys(vars);
  const address = relay === undefined ? authority(host, port) : `unix:${state.httpSocket}`;
  const configPath = await writeWorkerd(configDir, {
    stateDir: state.bucketsDir,
    workers: [
      {
        name: WORKER_NAME,
        bundle: { ...bundle, config: { ...bundle.config, ...OWN_OBJECTS } },
        fromEnvironment: Object.fromEntries(names.map((name) => [name, ENVIRONMENT_PREFIX + name])),
        services: { BUCKET_FOLDER: { service: "folder" }, LAUNCHER: { service: "launcher" } },
      },
    ],
    folders: { folder: folder.dir },
    servers: { launcher: `unix:${state.filesSocket}` },
    sockets: [
      { name: "http", address, worker: WORKER_NAME },
      {
        name: "control",
        address: `unix:${state.controlSocket}`,
        worker: WORKER_NAME,
        entrypoint: "Control",
      },
    ],
  });
  const workerd = spawn(workerdPath(), ["serve", configPath, "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    // workerd inherits nothing else of this process's environment.
    env: Object.fromEntries(Object.entries(vars).map(([k, v]) => [ENVIRONMENT_PREFIX + k, v])),
    // A Ctrl-C in the terminal goes to the launcher, which answers waiting callers first.
    detached: true,
  });
  guardGroup(workerd);
  return workerd;
}

/** The exit status as a shell would report it; 1 instead of 0, since exiting by itself is not a success. */
async function exitStatus(workerd: ChildProcess): Promise<number> {
  if (workerd.exitCode === null && workerd.signalCode === null) {
    try {
      await once(workerd, "exit");
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new ServeError(`Cannot start workerd: ${detail}`, { isLasting: false, cause });
    }
  }
  const { exitCode, signalCode } = workerd;
  if (signalCode !== null) return SIGNAL_STATUS + constants.signals[signalCode];
  return exitCode === null || exitCode === 0 ? 1 : exitCode;
}

/** Checks the address before workerd does, whose messages are long and name no option. */
async function checkAddress(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port });
    await once(probe, "listening");
  } catch (cause) {
    throw addressError(cause, host, port);
  } finally {
    if (probe.listening) {
      probe.close();
      await once(probe, "close");
    }
  }
}

function addressError(cause: unknown, host: string, port: number): ServeError {
  const { code = "" } = cause as NodeJS.ErrnoException;
  return new ServeError(addressFault(code, host, port), { isLasting: false, cause });
}

function addressFault(code: string, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `--port: ${port} is in use on ${host}`;
    case "EACCES":
      return `--port: this user may not listen on ${port}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `--host: ${host} is not an address of this machine`;
    default:
      return `Cannot listen on ${authority(host, port)}: ${code}`;
  }
}

/** The port, from the line that workerd writes to its control pipe when it starts to listen. */
async function listeningPort(workerd: ChildProcess): Promise<number> {
  const lines = createInterface({ input: workerd.stdio[3] as NodeJS.ReadableStream });
  for await (const line of lines) {
    const { event, socket, port } = JSON.parse(line) as Record<string, unknown>;
    if (event === "listen" && socket === "http") return Number(port);
  }
  // The pipe has ended because the process has, which the caller reports.
  return new Promise(() => undefined);
}

async function untilHealthy(target: RequestOptions, signal: AbortSignal): Promise<void> {
  const healthz = { ...target, path: "/healthz" };
  for (;;) {
    const response = await ask(healthz, signal).catch(() => undefined);
    if (response?.statusCode === 200) {
      response.resume();
      return;
    }
    if (response) {
      const problem = (await json(response).catch(() => ({}))) as { detail?: string };
      const detail = problem.detail ?? `/healthz answers ${response.statusCode}`;
      throw new ServeError(`The configuration is invalid: ${detail}`, { isLasting: true });
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** Tells the Worker to refuse all callers. Resolves once it has answered those that waited. */
async function refuseCallers(socketPath: string, signal: AbortSignal): Promise<void> {
  const response = await ask({ socketPath, path: "/", method: "POST" }, signal);
  response.resume();
  await once(response, "end", { signal });
}

/**
 * Who may acquire and read. The running Worker is asked, because a second implementation of the same
 * rules could disagree with it.
 */
async function askOpenness(socketPath: string): Promise<Openness> {
  try {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const answer = await json(await ask({ socketPath, path: "/" }, signal));
    return (answer as { readonly openness: Openness }).openness;
  } catch (cause) {
    const message = "Cannot ask workerd who may call it";
    throw new ServeError(message, { isLasting: false, cause });
  }
}

/** Sends a request on a new connection; resolves with the head of the response. */
async function ask(target: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const call = request({ ...target, headers: { Host: "launcher" }, agent: false, signal });
  call.end();
  const [response] = (await once(call, "response", { signal })) as [IncomingMessage];
  return response;
}

function authority(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address to connect to: the wildcard addresses are only for listening. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
