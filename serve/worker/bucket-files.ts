/** The Worker's view of the buckets' files under `npm run serve`. */
import type { BucketFiles, FileState } from "../../src/worker/config/bucket-files.ts";

/** An origin for the URLs of service bindings. Any name will do: it is never resolved. */
const ORIGIN = "http://files";

/**
 * Asks the directory itself whether a file exists, which workerd serves in its own thread: nothing can
 * create the object in between. For everything else it asks the launcher (bucket-folder-server.ts).
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
      // No file can be opened right now. The object will be asked, and report that.
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

  #idOf(name: string): string {
    return this.#objects.idFromName(name).toString();
  }

  /** `undefined` if the launcher doesn't answer: its failure must not fail a caller's request. */
  async #ask(method: string, name: string): Promise<Response | undefined> {
    try {
      return await this.#launcher.fetch(`${ORIGIN}/${this.#idOf(name)}`, { method });
    } catch (error) {
      console.error("Cannot ask the launcher", error);
      return undefined;
    }
  }
}
