/**
 * A Worker whose answers stream for as long as anybody reads them, each under a grant of Sluice: `/limited/NAME`
 * behind a middleware, `/held/NAME` as work under a hold and a permit, which has used 3 tokens so far. NAME is
 * the bucket. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

import {
  createClient,
  refusalResponse,
  withHold,
  withRateLimit,
  type Client,
} from "../../src/client/index.ts";

interface StreamingEnv {
  readonly SLUICE: Fetcher;
}

/** Has the name that the configuration binds; never called. */
export class BucketObject extends DurableObject {}

const TICK_MS = 100;

function clientOf({ SLUICE }: StreamingEnv): Client {
  return createClient({ service: SLUICE });
}

function ticking(): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await scheduler.wait(TICK_MS);
      controller.enqueue(encoder.encode("data: tick\n\n"));
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

const nameIn = ({ url }: Request): string => new URL(url).pathname.split("/").at(-1) ?? "";

const limited = withRateLimit<Request, StreamingEnv, ExecutionContext>(ticking, {
  client: ({ env }) => clientOf(env),
  bucket: ({ request }) => nameIn(request),
});

async function held(request: Request, env: StreamingEnv, ctx: ExecutionContext): Promise<Response> {
  const waitUntil = (promise: Promise<unknown>): void => ctx.waitUntil(promise);
  const options = { tokens: 10, signal: request.signal, waitUntil };
  const outcome = await withHold(clientOf(env), nameIn(request), options, ({ used }) => {
    used(3);
    return ticking();
  });
  return outcome.ok ? outcome.value : refusalResponse(outcome);
}

export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("fine");
    return pathname.startsWith("/held/") ? held(request, env, ctx) : limited(request, env, ctx);
  },
} satisfies ExportedHandler<StreamingEnv>;
