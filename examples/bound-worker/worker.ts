/**
 * A Worker in front of somebody else's service, which it calls no faster than a bucket allows, however many
 * callers come at once: each waits for its token by RPC, and one that hangs up frees its place.
 */
// In a project of your own: from "sluice/worker".
import type { Sluice } from "../../src/index.ts";

interface PacedEnv {
  readonly SLUICE: Service<typeof Sluice>;
  /** Where the service is. */
  readonly UPSTREAM: string;
}

/** How long a caller is let wait. */
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
