/**
 * A sample's Worker under `npm start`, with a Sluice beside it: for bindings whose local parts are
 * wrangler's, and not the bare runtime's. Cloudflare's rate limiting binding is one.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { unstable_readConfig as readConfig } from "wrangler";

import type { Configured } from "./configuration.ts";

import { projectDir } from "../../serve/worker-bundle.ts";
import { startDev, type DevServer } from "../../kit/processes/server.ts";

const MINUTE_MS = 60_000;
/** What commands of a section take, and more. */
const SECTION_MS = 15_000;

/** Starts the module, a file in `dir`, with what the page configures. */
export async function startDevWorker(
  dir: string,
  file: string,
  { ratelimits, services, flags, policies }: Configured,
): Promise<DevServer> {
  const own = readConfig({ config: join(projectDir, "wrangler.toml") });
  const { name, main, compatibility_date, compatibility_flags, durable_objects, migrations } = own;
  const sluice = {
    name,
    main,
    compatibility_date,
    compatibility_flags,
    durable_objects,
    migrations,
  };
  const sample = { name: "sample", main: join(dir, file), compatibility_date };
  const configs = {
    "sample.json": { ...sample, compatibility_flags: flags, ratelimits, services },
    "sluice.json": { ...sluice, vars: { POLICIES: policies } },
  };
  const args: string[] = [];
  for (const [path, config] of Object.entries(configs)) {
    await writeFile(join(dir, path), JSON.stringify(config));
    args.push("--config", join(dir, path));
  }
  const server = await startDev({ args });
  // The binding's windows are those of the wall clock; what is asked next should fall into one.
  const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (leftMs < SECTION_MS) await setTimeout(leftMs);
  return server;
}
