/**
 * Child processes that don't outlive the process that started them.
 *
 * `npm start` is a tree of seven processes, and killing its root leaves the rest running. So each server is
 * started as the leader of a process group, which can be killed as a whole. A test run that is killed can't
 * clean up, so each group also has a guard (guard.ts of `npm run serve`). POSIX only, like process groups.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

import { guardGroup } from "../../serve/guard.ts";

/** How much of the output to keep for messages, from the end, which is what matters. */
const MAX_OUTPUT_CHARACTERS = 20_000;

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether to also open the child's file descriptor 3 for reading. */
  readonly withControlPipe?: boolean;
  /** Whether its standard input is open for writing; otherwise it is empty. */
  readonly withInput?: boolean;
}

/** A running command with everything it has started. */
export class ProcessGroup {
  readonly child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = "";

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    const { cwd, env, withControlPipe = false, withInput = false } = options;
    const input = withInput ? "pipe" : "ignore";
    this.child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
      stdio: withControlPipe ? [input, "pipe", "pipe", "pipe"] : [input, "pipe", "pipe"],
      detached: true,
    });
    this.#exited = once(this.child, "exit").catch(() => undefined);
    // If there is no such command, there is no process either, only this event.
    this.child.once("error", (error) => this.#keep(error.message));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    }
    const { pid } = this.child;
    if (pid === undefined) return;
    guardGroup(this.child);
    // The root may exit by itself and leave the others behind.
    this.child.once("exit", () => signalGroup(pid, "SIGKILL"));
  }

  /** What it has written so far to standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  /**
   * Resolves with what `ready` resolves with.
   *
   * @param ready Its signal is aborted when it should stop waiting.
   * @throws {Error} If the command ends first or `timeoutMs` has passed, with the output so far. The group
   * is then killed.
   */
  async until<Value>(
    ready: (signal: AbortSignal) => Promise<Value>,
    timeoutMs: number,
  ): Promise<Value> {
    const done = new AbortController();
    const ended = this.#exited.then(() => {
      throw new Error("it has ended");
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

  /** Kills the whole group with SIGKILL; resolves when the root has ended. Idempotent. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#exited;
  }

  /** Sends SIGINT, like Ctrl-C, so that it can clean up; kills the group after `timeoutMs`. */
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
    // The whole group has ended.
  }
}
