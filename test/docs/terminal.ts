/** The terminal of a page's reader: one bash, in which a block goes on in the folder of the one before. */
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { ProcessGroup } from "../../kit/processes/process-group.ts";

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** A folder for scripts and what they print, out of the reader's sight. */
  readonly scratch: string;
}

/** `npm install` of a large package takes some ten seconds, on a machine with a lot else to do. */
const TIMEOUT_MS = 150_000;

/** The last of an output, for messages. */
const MESSAGE_CHARACTERS = 3_000;

export class Terminal {
  readonly #group: ProcessGroup;
  readonly #scratch: string;
  #cwd: string;
  #count = 0;

  constructor({ cwd, env, scratch }: TerminalOptions) {
    this.#cwd = cwd;
    this.#scratch = scratch;
    this.#group = new ProcessGroup("bash", ["--noprofile", "--norc"], {
      cwd,
      env,
      withInput: true,
    });
  }

  /** The folder in which it is. */
  get cwd(): string {
    return this.#cwd;
  }

  /**
   * Runs `script` and resolves with what it prints, errors included.
   *
   * @param isStrict Whether a command that fails is a fault. After one the terminal is of no more use.
   * @throws {Error} If one fails, or takes too long.
   */
  async run(script: string, isStrict: boolean): Promise<string> {
    this.#count += 1;
    const file = join(this.#scratch, `step-${this.#count}`);
    writeFileSync(`${file}.sh`, script);
    closeSync(openSync(`${file}.out`, "w"));
    const mark = `step ${this.#count} ended in `;
    // A transcript may show `$?` of the command before.
    const setup = isStrict ? "set -eu -o pipefail" : "set +eu +o pipefail; (exit ${STATUS:-0})";
    const ending = `STATUS=$?; printf '%s%s\\n' '${mark}' "$PWD"`;
    this.#group.child.stdin?.write(
      `${setup}; . '${file}.sh' > '${file}.out' 2>&1 < /dev/null; ${ending}\n`,
    );
    const printed = (): string => readFileSync(`${file}.out`, "utf8");
    const cwd = await this.#ended(mark).catch((error: Error) => {
      throw new Error(`${error.message}:\n${printed().slice(-MESSAGE_CHARACTERS)}`);
    });
    this.#cwd = cwd;
    return printed();
  }

  /** Its exported variables, for a second terminal. */
  async exported(): Promise<Record<string, string>> {
    const entries = (await this.run("env -0", false)).split("\0").filter((entry) => entry !== "");
    return Object.fromEntries(
      entries.map((entry) => [
        entry.slice(0, entry.indexOf("=")),
        entry.slice(entry.indexOf("=") + 1),
      ]),
    );
  }

  /** Ends everything that was started in it. */
  close(): Promise<void> {
    return this.#group.kill();
  }

  /** Resolves with the folder in which the step ended. */
  async #ended(mark: string): Promise<string> {
    const { child } = this.#group;
    const done = new AbortController();
    const { signal } = done;
    const exited = once(child, "exit", { signal }).then(() => {
      throw new Error("a command failed");
    });
    const late = setTimeout(TIMEOUT_MS, undefined, { signal }).then(() => {
      throw new Error(
        `it has not ended after ${TIMEOUT_MS / 1_000} s; if it is to stay up, mark it so`,
      );
    });
    const printed = (async () => {
      for (;;) {
        const [, cwd] = new RegExp(`${mark}(.*)\n`).exec(this.#group.output) ?? [];
        if (cwd !== undefined) return cwd;
        if (child.stdout) await once(child.stdout, "data", { signal });
      }
    })();
    try {
      return await Promise.race([printed, exited, late]);
    } finally {
      done.abort();
      for (const promise of [printed, exited, late]) promise.catch(() => undefined);
    }
  }
}
