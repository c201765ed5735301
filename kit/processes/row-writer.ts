/** Files as the installed workerd writes them, with whatever rows a test needs. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

import type { WorkerBundle } from "../../serve/worker-bundle.ts";

import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "./server.ts";

/** Has an object of the URL's path write the rows of its request's body, and end. */
const CODE = `
import { DurableObject } from "cloudflare:workers";
export class BucketObject extends DurableObject {
  async write(rows, isKept) {
    for (const [key, value] of Object.entries(rows)) this.ctx.storage.kv.put(key, value);
    await this.ctx.storage.sync();
    // It closes its file, which an idle object does after ten seconds.
    if (!isKept) this.ctx.abort("written");
    return this.ctx.id.toString();
  }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const id = env.BUCKETS.idFromName(pathname);
    try {
      await env.BUCKETS.get(id).write(await request.json(), searchParams.has("kept"));
    } catch (error) {
      if (error.message !== "written") throw error;
    }
    return new Response(id.toString());
  },
};
`;

const bundle: WorkerBundle = {
  config: {
    main: "main.js",
    compatibility_date: "2026-11-09",
    compatibility_flags: [],
    vars: {},
    durable_objects: { bindings: [{ name: "BUCKETS", class_name: "BucketObject" }] },
    migrations: [{ new_sqlite_classes: ["BucketObject"] }],
  },
  modules: [{ name: "main.js", kind: "esModule", content: Buffer.from(CODE) }],
};

/** A workerd whose objects write what a test gives them. */
export class RowWriter implements AsyncDisposable {
  readonly #server: WorkerdServer;

  private constructor(server: WorkerdServer) {
    this.#server = server;
  }

  static async start(): Promise<RowWriter> {
    return new RowWriter(await startWorkerd({ bundle }));
  }

  /** Where the files are. */
  get dir(): string {
    return join(this.#server.stateDir, `${MAIN_WORKER}-BucketObject`);
  }

  get pid(): number {
    return Number(this.#server.pid);
  }

  /**
   * Writes rows, by key.
   *
   * @param isKept Whether the object stays in memory and keeps its file open.
   * @returns The ID of the object.
   */
  async write(
    name: string,
    rows: Readonly<Record<string, unknown>>,
    isKept = false,
  ): Promise<string> {
    const url = `${this.#server.url}/${name}${isKept ? "?kept" : ""}`;
    const response = await fetch(url, { method: "POST", body: JSON.stringify(rows) });
    if (!response.ok) throw new Error(`Cannot write ${name}: ${await response.text()}`);
    return await response.text();
  }

  /** The names of all buckets' files, with their logs. */
  files(): string[] {
    return readdirSync(this.dir).filter((file) => /^[0-9a-f]{64}\./.test(file));
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop();
  }
}
