/**
 * A Worker that exports Sluice, and is bound to it as well. Never deployed. It answers how many clients a rate limit
 * has made in this isolate: at `/bound` for the binding, at any other path for the export.
 */
import type { Client } from "../../src/client/index.ts";

import { clientChooser } from "../../src/client/middleware/client-choice.ts";

export { BucketObject, Sluice } from "../../src/index.ts";

interface ChoosingEnv {
  readonly SLUICE: Fetcher;
}

const choose = clientChooser<{ env: unknown; ctx: ExecutionContext }>({}, (context) => context);
const chosen = { bound: new Set<Client>(), exported: new Set<Client>() };

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const isBound = new URL(request.url).pathname === "/bound";
    const client = choose({ env: isBound ? env : {}, ctx });
    const clients = isBound ? chosen.bound : chosen.exported;
    clients.add(client);
    // The runtime refuses to use some objects of an earlier request.
    const { ok } = await client.acquire("chosen");
    return Response.json({ ok, clients: clients.size });
  },
} satisfies ExportedHandler<ChoosingEnv>;
