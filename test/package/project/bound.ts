import type { Sluice } from "sluice/worker";

import { createClient, withPermit } from "sluice/client";

interface Env {
  readonly SLUICE: Service<typeof Sluice>;
}

/** A Worker that is bound to Sluice, by RPC and by a client over the binding. */
export default {
  async fetch(request, { SLUICE }): Promise<Response> {
    const outcome = await SLUICE.acquire("x", {
      onQueued: ({ position }) => console.log(position),
    });
    if (!outcome.ok) return new Response(outcome.detail, { status: 429 });
    const { policy } = await SLUICE.setPolicy("x", { capacity: 2 }, { token: "admin" });
    const client = createClient({ service: SLUICE });
    const other = await client.tryAcquire("y", { signal: request.signal, tokens: policy.capacity });
    const { signal } = request;
    const run = await withPermit(client, "z", { signal }, ({ fence }) => new Response(`${fence}`));
    if (run.ok) return run.value;
    const granted = await SLUICE.acquire("z", { holdMs: 5_000 });
    if (granted.ok && granted.hold) await SLUICE.settleHold("z", granted.hold.id, { rate: 0 });
    // @ts-expect-error No such option.
    await SLUICE.acquire("x", { timeout: 5 });
    return Response.json(other);
  },
} satisfies ExportedHandler<Env>;
