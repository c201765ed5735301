/**
 * The servers that the list of client behaviours needs, and the list as a bundle for any runtime.
 */
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { INTERVAL_MS, type ClientSurroundings } from "./client-checks.ts";

import { startFaultyServer } from "../http/faulty-server.ts";
import { freePort, startWorkerd, type WorkerdServer } from "../processes/server.ts";

const ADMIN_TOKEN = "test-admin";

const refill = { refillTokens: 1, refillIntervalMs: INTERVAL_MS };

/** The policies that the list needs: see `ClientSurroundings.url`. */
export const clientPolicies = {
  "one:*": { ...refill, capacity: 1 },
  "five:*": { ...refill, capacity: 5, initialTokens: 5, queueLimit: 1 },
  "held:*": {
    capacity: 100,
    every: "month",
    limits: { tpm: { capacity: 10_000, every: "month" } },
    hold: { maxMs: 60_000 },
  },
  "single:*": {
    capacity: 100,
    every: "month",
    hold: { maxMs: 60_000 },
    concurrency: { max: 1, ttlMs: 2_000 },
  },
} as const;

/** Servers for runs; runs with the same name must not overlap. */
export class ClientServers implements AsyncDisposable {
  readonly #servers: AsyncDisposableStack;
  readonly #surroundings: Omit<ClientSurroundings, "run" | "transport">;

  private constructor(
    servers: AsyncDisposableStack,
    surroundings: Omit<ClientSurroundings, "run" | "transport">,
  ) {
    this.#servers = servers;
    this.#surroundings = surroundings;
  }

  /** @param vars Variables of the Worker, in addition to those the list needs. */
  static async start(vars: Readonly<Record<string, unknown>> = {}): Promise<ClientServers> {
    await using servers = new AsyncDisposableStack();
    const sluice: WorkerdServer = servers.use(
      await startWorkerd({
        vars: { ADMIN_TOKEN, ...vars },
        policies: clientPolicies,
      }),
    );
    const faulty = servers.use(await startFaultyServer(sluice.url));
    return new ClientServers(servers.move(), {
      url: sluice.url,
      faultyUrl: faulty.url,
      deadUrl: `http://127.0.0.1:${await freePort()}`,
      adminToken: ADMIN_TOKEN,
    });
  }

  /** The surroundings of a run. */
  surroundingsOf(run: string, transport: ClientSurroundings["transport"]): ClientSurroundings {
    return { ...this.#surroundings, run, transport };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#servers.disposeAsync();
  }
}

/** A module of this folder, bundled with all its imports except `external`, as text. */
export async function bundleModule(name: string, external: string[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    external,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
