/** The Worker, built once for all the runs of `npm run serve` in a test file. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { removeDir } from "./remove-dir.ts";
import { Served } from "./served.ts";

/** A bundle, in a directory that also has room for the state of each run and for a test's own files. */
export class ServedBundle implements AsyncDisposable {
  /** The directory, removed with the bundle. */
  readonly dir: string;
  /** What `--write-bundle` wrote. */
  readonly bundleDir: string;
  #states = 0;

  private constructor(dir: string) {
    this.dir = dir;
    this.bundleDir = join(dir, "bundle");
  }

  /** @throws {Error} If the Worker can't be built, with the output. */
  static async build(): Promise<ServedBundle> {
    const bundle = new ServedBundle(await mkdtemp(join(tmpdir(), "sluice-served-")));
    const building = new Served(["--write-bundle", bundle.bundleDir]);
    const { code } = await building.ended;
    if (code === 0) return bundle;
    await bundle[Symbol.asyncDispose]();
    throw new Error(`Cannot build the Worker: ${building.output}`);
  }

  /** The path of a state directory that doesn't exist yet. */
  newState(): string {
    this.#states += 1;
    return join(this.dir, `state${this.#states}`);
  }

  /** Options that run this bundle over `state`, followed by others. */
  argsFor(state: string, ...others: readonly string[]): string[] {
    return ["--bundle", this.bundleDir, "--state", state, ...others];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeDir(this.dir);
  }
}
