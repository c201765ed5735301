/**
 * Child processes that do not outlive the one that started them.
 *
 * `npm start` is a tree of seven processes, and killing its root leaves the rest running. So each
 * server is started as the leader of a process group, which can be killed as a whole. Nor does a test
 * run always get to clean up: it may be killed itself. So beside each group stands a guard (guard.ts of
 * `npm run serve`). POSIX only, like process groups.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

import { guardGroup } from "../../serve/guard.ts";

/** Output kept for messages; what a server says last is what matters. */
const MAX_OUTPUT_CHARACTERS = 20_000;

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Also opens the child's file descriptor 3 for us to read. */
  readonly withControlPipe?: boolean;
}

/** A running command and all that it has started. */
export class ProcessGroup {
  readonly child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = "";

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    const { cwd, env, withControlPipe = false } = options;
    this.child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
      stdio: withControlPipe ? ["ignore", "pipe", "pipe", "pipe"] : ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#exited = once(this.child, "exit").catch(() => undefined);
    // No such command: it has no process and says so here.
    this.child.once("error", (error) => this.#keep(error.message));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    }
    const { pid } = this.child;
    if (pid === undefined) return;
    guardGroup(this.child);
    // The root may go by itself and leave the others behind.
    this.child.once("exit", () => signalGroup(pid, "SIGKILL"));
  }

  /** What it has written so far, standard output and error together. */
  get output(): string {
    return this.#output;
  }

  /**
   * What `ready` resolves with; its signal tells it to give up.
   *
   * @throws {Error} With the output so far, where the command ends before that or `timeoutMs` is over;
   * the group is killed then.
   */
  async until<Value>(
    ready: (signal: AbortSignal) => Promise<Value>,
    timeoutMs: number,
  ): Promise<Value> {
    const done = new AbortController();
    const ended = this.#exited.then(() => {
      throw new Error("it ended");
    });
    const late = setTimeout(timeoutMs, undefined, { signal: done.signal }).then(() => {
      throw new Error(`it was not ready within ${timeoutMs} ms`);
    });
    try {
      return await Promise.race([ready(done.signal), ended, late]);
    } catch (cause) {
      await this.kill();
      const command = this.child.spawnargs.join(" ");
      throw new Error(`Cannot start ${command}: ${String(cause)}\n${this.#output}`, { cause });
    } finally {
      done.abort();
      late.catch(() => undefined);
      ended.catch(() => undefined);
    }
  }

  /** Kills all of it with SIGKILL and resolves when the root has gone. Again does nothing. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#exited;
  }

  /** Lets it end as Ctrl-C does, so that it can tidy up; after `timeoutMs` kills it. */
  async interrupt(timeoutMs: number): Promise<void> {
    this.#signal("SIGINT");
    const done = new AbortController();
    const late = setTimeout(timeoutMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([this.#exited, late]);
    done.abort();
    await this.kill();
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid !== undefined && exitCode === null && signalCode === null) signalGroup(pid, signal);
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has gone.
  }
}
