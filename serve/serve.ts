/**
 * Sluice on a machine of one's own: workerd itself, with the state on disk, and a launcher that holds the
 * relay in front of it (front-relay.ts).
 *
 * The launcher starts workerd, waits until it answers, and ends it in order: workerd by itself, told to
 * end, waits for all that is held, and here callers are held for minutes. So they are told first
 * (worker/main.ts), then workerd may end, and at the end of a period of grace it has to. The state needs
 * none of this: it is safe under SIGKILL.
 *
 * workerd that ends by itself is not started again here. The launcher ends as it did, and what runs the
 * launcher (systemd, a container's engine) knows how often to try.
 *
 * Miniflare would be another launcher. It puts a Worker of its own before this one, which left 0.6 of the
 * requests a second (six rounds in turn), knows of nobody who waits, and leaves workerd running when it is
 * killed itself.
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
 * The name of the Worker in workerd. **Never change it**: the ids of all buckets and the folder of
 * their state are made from it, and under another one every bucket would start anew.
 */
const WORKER_NAME = "sluice";
/** Its class of objects, likewise. */
const OBJECT_CLASS = "BucketObject";
/** The main module in place of that of wrangler.toml: a path from the project's folder. */
export const SERVED_MAIN = "serve/worker/main.ts";
/** What stands before a variable's name in the environment of workerd. */
const ENVIRONMENT_PREFIX = "SLUICE_VAR_";
/** workerd takes a tenth of a second; this is for a machine with a lot else to do. */
const START_TIMEOUT_MS = 30_000;
/** Between two looks whether it answers. */
const POLL_MS = 20;
/** For how long newcomers are told before nobody listens any more: those that were on their way. */
const LINGER_MS = 500;
/**
 * For how long answers may still be on their way when all have been told: thousands go out in one second.
 * What is left then cannot be told anything: pages left open, uploads that stall.
 */
const REST_MS = 2_000;
/** Status of a shell for a process that a signal has ended, less the signal's number. */
const SIGNAL_STATUS = 128;

export interface ServeOptions {
  /** The Worker, with `SERVED_MAIN` as its main module. */
  readonly bundle: WorkerBundle;
  /** The folder of the state; made if it is not there. */
  readonly stateDir: string;
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** How long the relay lets clients take; `undefined`: there is no relay, and workerd itself listens. */
  readonly relay: ClientLimits | undefined;
  /** Variables and secrets, laid over those of wrangler.toml. They are written to no file. */
  readonly vars: Readonly<Record<string, string>>;
  /** Longest time from `stop` until all is over, milliseconds; 0: nobody is told. */
  readonly graceMs: number;
}

/** What has been started. */
interface Started {
  readonly workerd: ChildProcess;
  readonly relay: FrontRelay | undefined;
  readonly state: StateFolder;
  readonly port: number;
  readonly openness: Openness;
  readonly fileLimit: number;
}

/** Sluice, being served. */
export class Service {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** Who may acquire and read, as the Worker itself says. */
  readonly openness: Openness;
  /** How many files the launcher and workerd may each have open. */
  readonly fileLimit: number;
  /** Settles when workerd and the relay have gone, with the status that the launcher should end with. */
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
    this.ended = hasEnded(workerd).then(async (status) => {
      await relay?.finish();
      state[Symbol.dispose]();
      return this.#stopping ? 0 : status;
    });
  }

  /**
   * Ends it in order: all who wait and all who come are told `503 unavailable`, having taken nothing;
   * then workerd ends, a little later or, where they cannot all be told, when the period of grace is over.
   * Resolves when it has gone.
   */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  /** Ends it at once, as a power cut does; the state is safe. */
  kill(): void {
    this.#workerd.kill("SIGKILL");
  }

  async #stop(): Promise<void> {
    const ended = new AbortController();
    const grace = setTimeout(this.#graceMs, undefined, { signal: ended.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const told = this.#endInOrder(ended.signal);
    // Whoever cannot be told is cut off at the end of the period.
    told.catch(() => undefined);
    await this.ended;
    ended.abort();
    await grace;
  }

  async #endInOrder(signal: AbortSignal): Promise<void> {
    await tellToEnd(this.#controlSocket, signal);
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
 * @throws {ServeError} Where the port or the folder cannot be had, the configuration is illegal, or
 * workerd does not come up.
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
    folder.lookThrough((line) => console.error(line));
    workerd = await startWorkerd(configDir, state, folder, options);
    await lookAfter(folder, workerd, state.filesSocket);
    const ownPort = await portOnceUp(workerd, state, options);
    const openness = await askOpenness(state.controlSocket);
    const relay = await startRelay(workerd, state, fileLimit, options);
    const started = { workerd, relay, state, port: relay?.port ?? ownPort, openness, fileLimit };
    return new Service(started, options);
  } catch (error) {
    if (workerd) {
      workerd.kill("SIGKILL");
      await hasEnded(workerd).catch(() => undefined);
    }
    state[Symbol.dispose]();
    throw error;
  } finally {
    // workerd has read it.
    await rm(configDir, { recursive: true, force: true });
  }
}

/** Until workerd has ended. */
async function lookAfter(
  folder: BucketFolder,
  workerd: ChildProcess,
  socketPath: string,
): Promise<void> {
  const ended = new AbortController();
  workerd.once("exit", () => ended.abort());
  if (workerd.pid !== undefined) folder.watch(workerd.pid, ended.signal);
  await serveBucketFolder(folder, socketPath, ended.signal);
}

/** The port that workerd listens on, as soon as it answers; 0 where it listens for the relay. */
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
    const status = await hasEnded(workerd);
    const message = `workerd ended with status ${status} before it answered`;
    throw new ServeError(message, { isLasting: false });
  };
  const late = async (): Promise<never> => {
    await setTimeout(START_TIMEOUT_MS, undefined, { signal });
    const message = `workerd did not answer within ${START_TIMEOUT_MS} ms`;
    throw new ServeError(message, { isLasting: false });
  };
  const ends = [ready(), gone(), late()];
  // Those that are not the first are not waited for.
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
        bundle,
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
    // Nothing of ours but what it is to have.
    env: Object.fromEntries(Object.entries(vars).map(([k, v]) => [ENVIRONMENT_PREFIX + k, v])),
    // A Ctrl-C in the terminal is for the launcher, which tells those who wait first.
    detached: true,
  });
  guardGroup(workerd);
  return workerd;
}

/** The status that a shell would give; 1 where it says that all is well, which by itself it is not. */
async function hasEnded(workerd: ChildProcess): Promise<number> {
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

/** workerd's own words for these are long and name no option. */
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
      return `--port: ${port} may not be listened on by this user`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `--host: ${host} is no address of this machine`;
    default:
      return `Cannot listen on ${authority(host, port)}: ${code}`;
  }
}

/** The port in the line that workerd writes to its control pipe when it listens for callers. */
async function listeningPort(workerd: ChildProcess): Promise<number> {
  const lines = createInterface({ input: workerd.stdio[3] as NodeJS.ReadableStream });
  for await (const line of lines) {
    const { event, socket, port } = JSON.parse(line) as Record<string, unknown>;
    if (event === "listen" && socket === "http") return Number(port);
  }
  // The pipe has ended and so has the process, which is what the caller will be told.
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
      throw new ServeError(`The configuration is illegal: ${detail}`, { isLasting: true });
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** Tells the Worker that its process ends. Resolves once it has told all who waited. */
async function tellToEnd(socketPath: string, signal: AbortSignal): Promise<void> {
  const response = await ask({ socketPath, path: "/", method: "POST" }, signal);
  response.resume();
  await once(response, "end", { signal });
}

/**
 * Who may acquire and read: asked of the Worker that runs, because no second reading of the variables
 * could be trusted to agree with its own.
 */
async function askOpenness(socketPath: string): Promise<Openness> {
  try {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const answer = await json(await ask({ socketPath, path: "/" }, signal));
    return (answer as { readonly openness: Openness }).openness;
  } catch (cause) {
    const message = "workerd does not say who may call it";
    throw new ServeError(message, { isLasting: false, cause });
  }
}

/** Sends a request on a connection of its own; resolves with the head of the answer. */
async function ask(target: RequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const call = request({ ...target, headers: { Host: "launcher" }, agent: false, signal });
  call.end();
  const [response] = (await once(call, "response", { signal })) as [IncomingMessage];
  return response;
}

function authority(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** All addresses at once are none to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
