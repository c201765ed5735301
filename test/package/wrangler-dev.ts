/** `wrangler dev` of any version, in a project. */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { freePort } from "../../kit/processes/server.ts";
import { offlineEnv } from "../../serve/worker-bundle.ts";

/** It bundles and starts two workerds; the rest is for a busy machine. */
const START_TIMEOUT_MS = 60_000;
/** It ends within half a second, unless held requests keep it. */
const STOP_TIMEOUT_MS = 5_000;
/** Between two checks whether it is ready. */
const POLL_MS = 50;

export class WranglerDev implements AsyncDisposable {
  /** Its address, without a trailing slash. */
  readonly url: string;
  readonly #group: ProcessGroup;

  private constructor(group: ProcessGroup, url: string) {
    this.#group = group;
    this.url = url;
  }

  /**
   * Starts it on a free port, with new buckets. Resolves when it says that it is ready.
   *
   * @param script The path of wrangler.
   * @param args Further options, or another main module.
   * @throws {Error} If it doesn't start, with its output.
   */
  static async start(script: string, dir: string, ...args: string[]): Promise<WranglerDev> {
    const port = await freePort();
    const state = join(dir, ".wrangler", `state-${port}`);
    const options = ["dev", ...args, "--port", String(port), "--persist-to", state];
    const group = new ProcessGroup(process.execPath, [script, ...options], {
      cwd: dir,
      // Its own registry, so that a developer's wrangler doesn't find this one.
      env: { ...offlineEnv, WRANGLER_REGISTRY_PATH: join(dir, ".wrangler/registry") },
    });
    await group.until(async (signal) => {
      while (!group.output.includes("Ready on")) await setTimeout(POLL_MS, undefined, { signal });
    }, START_TIMEOUT_MS);
    return new WranglerDev(group, `http://localhost:${port}`);
  }

  /** What it has printed. */
  get output(): string {
    return this.#group.output;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#group.interrupt(STOP_TIMEOUT_MS);
  }
}
