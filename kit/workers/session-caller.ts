/**
 * A Worker that acquires ten times at once, within one request, as a WebSocket belongs to it: `/NAME/session` over a
 * service binding, `/NAME/auto` as with a URL. Answers with how many were granted, and the most sessions that the
 * bucket had meanwhile. Never deployed.
 */
import { DurableObject } from "cloudflare:workers";

import { createClient, type ClosableClient } from "../../src/client/index.ts";
import { BoundSocket } from "../../src/client/transport/bound-socket.ts";

interface SessionEnv {
  readonly SLUICE: Fetcher;
}

/** Has the name that the configuration binds; never called. */
export class BucketObject extends DurableObject {}

async function acquireTen(client: ClosableClient, bucket: string): Promise<object> {
  const ends: boolean[] = [];
  const acquired = Array.from({ length: 10 }, async () => {
    const { ok } = await client.acquire(bucket, { timeoutMs: 20_000 });
    ends.push(ok);
  });
  let sessions = 0;
  while (ends.length < acquired.length) {
    sessions = Math.max(sessions, (await client.inspect(bucket)).sessions ?? 0);
    await scheduler.wait(20);
  }
  await Promise.all(acquired);
  client.close();
  return { granted: ends.filter(Boolean).length, sessions };
}

export default {
  async fetch(request, { SLUICE }) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("fine");
    const [, bucket = "", transport = ""] = pathname.split("/");
    const client =
      transport === "auto"
        ? createClient({
            url: "https://sluice",
            fetch: (url, init) => SLUICE.fetch(url, init),
            WebSocket: class extends BoundSocket {
              constructor(url: string, protocols: string[]) {
                super(SLUICE, url.replace("wss:", "https:"), protocols);
              }
            },
            transport,
          })
        : createClient({ service: SLUICE, transport: "session" });
    return Response.json(await acquireTen(client, bucket));
  },
} satisfies ExportedHandler<SessionEnv>;
