/** Runs `npm run serve` as a supervisor does. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import type { PolicyFields } from "../../src/core/policy.ts";

import { offlineEnv, projectDir } from "../../serve/worker-bundle.ts";
import { ProcessGroup } from "./process-group.ts";
import { removeDir } from "./remove-dir.ts";

/** The build takes a few seconds, the start a tenth of one; the rest is for a busy machine. */
const START_TIMEOUT_MS = 45_000;
/** Between two checks of its output. */
const POLL_MS = 20;

/** How a process ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Options of `Served.start`, for tests that aren't about the command line. */
export interface ServeOptions {
  /** Replaces the policies of wrangler.toml. */
  readonly policies: Readonly<Record<string, Partial<PolicyFields>>>;
  /** Further options of `npm run serve`. */
  readonly args?: readonly string[];
}

/** The command that starts the launcher. */
type Via = "node" | "npm" | "sh";

const commands: Readonly<Record<Via, readonly [string, ...string[]]>> = {
  node: [process.execPath, "--", "serve/main.ts"],
  npm: ["npm", "run", "serve", "--"],
  sh: ["sh"],
};

/** The launcher and its workerd. */
export class Served implements AsyncDisposable {
  readonly #group: ProcessGroup;
  readonly #ended: Promise<End>;
  /** A directory to remove with it. */
  #dir: string | undefined = undefined;

  /**
   * Starts it.
   *
   * @param args Its options; with `via` "sh", the arguments of the shell.
   * @param environment Overrides this process's environment.
   */
  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}, via: Via = "node") {
    const [command, ...before] = commands[via];
    this.#group = new ProcessGroup(command, [...before, ...args], {
      cwd: projectDir,
      env: { ...offlineEnv, ...environment },
    });
    // "close", since at "exit" some of its output may not have arrived yet.
    this.#ended = once(this.#group.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  /**
   * Starts it and resolves when it reports that it is ready.
   *
   * @throws {Error} If it ends first, with its output.
   */
  static async ready(
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
    via?: Via,
  ): Promise<Served> {
    const served = new Served(args, environment, via);
    await served.until("Ready on ");
    return served;
  }

  /** Starts it on a free port, open to anyone, with a state directory that is removed with it. */
  static async start({ policies, args = [] }: ServeOptions): Promise<Served> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-served-"));
    const vars = ["--var", "PUBLIC:true", "--var", `POLICIES:${JSON.stringify(policies)}`];
    try {
      const served = await Served.ready(["--port", "0", "--state", dir, ...vars, ...args]);
      served.#dir = dir;
      return served;
    } catch (error) {
      await removeDir(dir);
      throw error;
    }
  }

  /**
   * Resolves when it has printed `text`.
   *
   * @throws {Error} If it ends first, with its output.
   */
  until(text: string): Promise<void> {
    return this.#group.until(async (signal) => {
      while (!this.output.includes(text)) await setTimeout(POLL_MS, undefined, { signal });
    }, START_TIMEOUT_MS);
  }

  /** What it has printed. */
  get output(): string {
    return this.#group.output;
  }

  /** The address that it has printed. */
  get url(): string {
    return /Ready on (\S+)/.exec(this.output)?.[1] ?? "";
  }

  get pid(): number {
    return Number(this.#group.child.pid);
  }

  /** Resolves when it has ended, with how. */
  get ended(): Promise<End> {
    return this.#ended;
  }

  /** Sends a signal to the process that was started, and to no other. Doesn't wait. */
  signal(signal: NodeJS.Signals): void {
    this.#group.child.kill(signal);
  }

  /** Sends SIGTERM; resolves with how it ended, and after how long. */
  async terminate(): Promise<End & { readonly tookMs: number }> {
    const startedAtMs = performance.now();
    this.signal("SIGTERM");
    const end = await this.#ended;
    return { ...end, tookMs: performance.now() - startedAtMs };
  }

  /** The process ID of its workerd. */
  async workerdPid(): Promise<number> {
    for (const { pid, parent, command } of await processes()) {
      if (parent === this.pid && command.includes("workerd")) return pid;
    }
    throw new Error(`Process ${this.pid} has no workerd`);
  }

  /** Kills it and its workerd, unless they have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const workerd = await this.workerdPid().catch(() => undefined);
    await this.#group.kill();
    await this.#ended;
    if (workerd !== undefined) await untilGone(workerd);
    if (this.#dir !== undefined) await removeDir(this.#dir);
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes of this machine, with their command lines. */
export async function processes(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["axww", "-o", "pid=,ppid=,args="], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/**
 * Resolves when the process has ended.
 *
 * @throws {Error} If that takes too long.
 */
export async function untilGone(pid: number): Promise<void> {
  const givesUpAtMs = Date.now() + START_TIMEOUT_MS;
  while ((await processes()).some((process) => process.pid === pid)) {
    if (Date.now() > givesUpAtMs) {
      throw new Error(`Process ${pid} has not ended within ${START_TIMEOUT_MS} ms`);
    }
    await setTimeout(POLL_MS);
  }
}
