/** `npm run serve`, as the process that a supervisor starts. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import type { PolicyFields } from "../../src/core/policy.ts";

import { offlineEnv, projectDir } from "../../serve/worker-bundle.ts";
import { ProcessGroup } from "./process-group.ts";

/** It builds for a few seconds and starts in a tenth of one; this is for a machine with a lot else to do. */
const START_TIMEOUT_MS = 45_000;
/** Between two looks at what it has printed. */
const POLL_MS = 20;

/** How a process has ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is served, where a test does not care for the command line. */
export interface ServeOptions {
  /** In place of the policies of wrangler.toml. */
  readonly policies: Readonly<Record<string, Partial<PolicyFields>>>;
  /** Further options of `npm run serve`. */
  readonly args?: readonly string[];
}

/** What starts the launcher. */
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
  /** A folder that goes with it. */
  #dir: string | undefined = undefined;

  /** Starts it; `environment` is laid over this process's. With `via` "sh" the arguments are the shell's. */
  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}, via: Via = "node") {
    const [command, ...before] = commands[via];
    this.#group = new ProcessGroup(command, [...before, ...args], {
      cwd: projectDir,
      env: { ...offlineEnv, ...environment },
    });
    // Not at its exit: what it has said may still be on its way then.
    this.#ended = once(this.#group.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  /** Starts it and resolves when it says that it is ready. Throws what it said where it ends before. */
  static async ready(
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
    via?: Via,
  ): Promise<Served> {
    const served = new Served(args, environment, via);
    await served.until("Ready on ");
    return served;
  }

  /** Starts it on a free port, open to everybody, with a state that goes with it. */
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

  /** Resolves when it has printed `text`. Throws what it said where it ends before that. */
  until(text: string): Promise<void> {
    return this.#group.until(async (signal) => {
      while (!this.output.includes(text)) await setTimeout(POLL_MS, undefined, { signal });
    }, START_TIMEOUT_MS);
  }

  /** What it has printed. */
  get output(): string {
    return this.#group.output;
  }

  /** Where it says that it is reached. */
  get url(): string {
    return /Ready on (\S+)/.exec(this.output)?.[1] ?? "";
  }

  get pid(): number {
    return Number(this.#group.child.pid);
  }

  /** How it has ended, as soon as it has. */
  get ended(): Promise<End> {
    return this.#ended;
  }

  /** Sends a signal to the process that was started, and to no other. */
  signal(signal: NodeJS.Signals): void {
    this.#group.child.kill(signal);
  }

  /** Sends SIGTERM and resolves with how it has ended, and after how long. */
  async terminate(): Promise<End & { readonly tookMs: number }> {
    const startedAtMs = performance.now();
    this.signal("SIGTERM");
    const end = await this.#ended;
    return { ...end, tookMs: performance.now() - startedAtMs };
  }

  /** The process of its workerd. */
  async workerdPid(): Promise<number> {
    for (const { pid, parent, command } of await processes()) {
      if (parent === this.pid && command.includes("workerd")) return pid;
    }
    throw new Error("It has no workerd");
  }

  /** Kills it, and workerd with it, unless they have ended. */
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

/** All processes of this machine, with what stands on their command lines. */
export async function processes(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["axww", "-o", "pid=,ppid=,args="], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Removes a folder whose last writers may be dying at this moment. */
async function removeDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Resolves when there is no such process any more. Throws where that takes too long. */
export async function untilGone(pid: number): Promise<void> {
  const givesUpAtMs = Date.now() + START_TIMEOUT_MS;
  while ((await processes()).some((process) => process.pid === pid)) {
    if (Date.now() > givesUpAtMs) throw new Error(`Process ${pid} does not end`);
    await setTimeout(POLL_MS);
  }
}
