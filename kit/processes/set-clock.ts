/** A wall clock for one process that a test can set. Compiles set-clock.c. */
import { execFile } from "node:child_process";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const SOURCE = new URL("set-clock.c", import.meta.url).pathname;

export class SetClock implements AsyncDisposable {
  readonly #dir: string;
  readonly #file: FileHandle;

  private constructor(dir: string, file: FileHandle) {
    this.#dir = dir;
    this.#file = file;
  }

  /** @throws {Error} If there is no C compiler (`cc`). */
  static async make(): Promise<SetClock> {
    const dir = await mkdtemp(join(tmpdir(), "sluice-clock-"));
    try {
      const library = join(dir, "set-clock.so");
      await promisify(execFile)("cc", ["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"]);
    } catch (cause) {
      await rm(dir, { recursive: true });
      const need = "This test sets the clock of one process and needs Linux and a C compiler (cc)";
      throw new Error(need, { cause });
    }
    const clock = new SetClock(dir, await open(join(dir, "ahead"), "w"));
    await clock.set(0);
    return clock;
  }

  /** Variables for the environment of the process that is to use this clock. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: join(this.#dir, "set-clock.so"),
      SET_CLOCK_FILE: join(this.#dir, "ahead"),
    };
  }

  /** Sets the clock `aheadMs` ahead of the real time. */
  async set(aheadMs: number): Promise<void> {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(aheadMs));
    await this.#file.write(bytes, 0, bytes.length, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await rm(this.#dir, { recursive: true });
  }
}
