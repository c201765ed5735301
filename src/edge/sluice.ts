/**
 * The entrypoint for Workers of the same account, by a service binding:
 *
 *   [[services]]
 *   binding = "SLUICE"
 *   service = "sluice"
 *   entrypoint = "Sluice"
 *
 * Whoever deploys the caller has tied it to this one, so being bound is the right to acquire, read and
 * pause, and takes no `API_TOKEN`. No address on the Internet leads here: the runtime, not anything in a
 * request, says which entrypoint was called.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import type { SluiceEnv } from "./env.ts";

import { boundRoutes } from "./routes.ts";

/** Sluice as bound Workers see it: `env.SLUICE.fetch("https://sluice/acquire?bucket=x")`. */
export class Sluice extends WorkerEntrypoint<SluiceEnv> {
  /** The HTTP interface; admin calls need their `ADMIN_TOKEN` here, too. */
  override fetch(request: Request): Response | Promise<Response> {
    return boundRoutes.fetch(request, this.env, this.ctx);
  }
}
