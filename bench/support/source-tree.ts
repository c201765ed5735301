/** Another clone of Sluice on this machine, to be measured beside this one. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

/** The sources of one version, with its packages installed. */
export class SourceTree {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** The one that this program belongs to. */
  static readonly here = new SourceTree(fileURLToPath(new URL("../..", import.meta.url)));

  /**
   * The clone at `dir`.
   *
   * @param needed A file that the measurement takes from it, from its top.
   * @throws {RangeError} If there is no such file, or no packages.
   */
  static at(option: string, dir: string, needed: string): SourceTree {
    const root = resolve(dir);
    const missing = [needed, "node_modules"].find((path) => !existsSync(join(root, path)));
    if (missing === undefined) return new SourceTree(root);
    throw new RangeError(
      `${option} must be a clone of Sluice with its packages installed: ${root} has no ${missing}`,
    );
  }

  /** The directory of a clone. */
  get dir(): string {
    return this.#dir;
  }

  /** The address by which `import` finds one of its modules. */
  urlOf(path: string): string {
    return pathToFileURL(join(this.#dir, path)).href;
  }

  /** Its commit and whether it was changed since, as in `b4363b3 docs: the title, changed`. */
  async describe(): Promise<string> {
    const git = async (...args: string[]) => {
      const { stdout } = await promisify(execFile)("git", ["-C", this.#dir, ...args]);
      return stdout.trim();
    };
    try {
      const commit = await git("log", "-1", "--format=%h %s");
      return (await git("status", "--porcelain")) === "" ? commit : `${commit}, changed`;
    } catch {
      return "no commit";
    }
  }
}
