/** The files of the buckets as the Worker sees them where `npm run serve` runs it. */
import type { BucketFiles, FileState } from "../../src/worker/config/bucket-files.ts";

/** What asks for it: any name will do, and nobody resolves it. */
const ORIGIN = "http://files";

/**
 * Whether a file is there is read from the folder itself, by workerd in its own thread: no object is made in
 * between. For the rest the launcher is asked (bucket-folder-server.ts).
 */
export class ServedBucketFiles implements BucketFiles {
  readonly #objects: DurableObjectNamespace;
  readonly #folder: Fetcher;
  readonly #launcher: Fetcher;

  constructor(objects: DurableObjectNamespace, folder: Fetcher, launcher: Fetcher) {
    this.#objects = objects;
    this.#folder = folder;
    this.#launcher = launcher;
  }

  async isUnused(name: string): Promise<boolean> {
    try {
      const url = `${ORIGIN}/${this.#idOf(name)}.sqlite`;
      return (await this.#folder.fetch(url, { method: "HEAD" })).status === 404;
    } catch {
      // No file can be opened just now. The object is asked, and will say so.
      return false;
    }
  }

  async stateOf(name: string): Promise<FileState | undefined> {
    const response = await this.#ask("GET", name);
    return response?.ok === true ? await response.json<FileState>() : undefined;
  }

  async setAside(name: string): Promise<boolean> {
    return (await this.#ask("DELETE", name))?.status === 204;
  }

  async noteEmptied(name: string): Promise<void> {
    await this.#ask("POST", name);
  }

  #idOf(name: string): string {
    return this.#objects.idFromName(name).toString();
  }

  /** `undefined` where the launcher does not answer: it must not be in the way of anything. */
  async #ask(method: string, name: string): Promise<Response | undefined> {
    try {
      return await this.#launcher.fetch(`${ORIGIN}/${this.#idOf(name)}`, { method });
    } catch (error) {
      console.error("Cannot ask the launcher", error);
      return undefined;
    }
  }
}
