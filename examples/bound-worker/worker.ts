/**
 * A Worker in front of a third-party service, which it calls no faster than a bucket allows, however many
 * callers arrive at once. Each waits for its token by RPC; one that hangs up frees its place.
 */
// In your own project, import it from "sluice/worker".
import type { Sluice } from "../../src/index.ts";

interface PacedEnv {
  readonly SLUICE: Service<typeof Sluice>;
  /** The address of the service. */
  readonly UPSTREAM: string;
}

/** How long a caller may wait. */
const PATIENCE_MS = 4_000;

export default {
  async fetch(request, env): Promise<Response> {
    const outcome = await env.SLUICE.acquire("upstream", { timeoutMs: PATIENCE_MS });
    if (!outcome.ok) {
      const { detail, retryAfterMs = 1_000 } = outcome;
      const seconds = Math.ceil(retryAfterMs / 1_000);
      return new Response(detail, { status: 429, headers: { "Retry-After": String(seconds) } });
    }
    const { pathname, search } = new URL(request.url);
    return fetch(new URL(pathname + search, env.UPSTREAM));
  },
} satisfies ExportedHandler<PacedEnv>;
