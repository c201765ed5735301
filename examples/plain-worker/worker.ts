/**
 * A Worker without a framework, limited by Sluice, which is bound to it as `SLUICE`. In your own project,
 * import from "sluice/client".
 */
import { addressKey, bucketName, withRateLimit } from "../../src/client/index.ts";

interface Bindings {
  readonly SLUICE: Fetcher;
  readonly CUSTOMERS: Readonly<Record<string, string>>;
}

/** The customer whose API key this is: anyone may send any other header. */
function customerOf(request: Request, { CUSTOMERS }: Bindings): string | undefined {
  const key = request.headers.get("Authorization")?.replace("Bearer ", "");
  return new Map(Object.entries(CUSTOMERS)).get(key ?? "");
}

/** A bucket for each customer, and one for each IPv4 address or IPv6 /64 of callers without a key. */
function bucketOf(request: Request, env: Bindings): string {
  const customer = customerOf(request, env);
  if (customer !== undefined) return bucketName("api", customer);
  return bucketName("ip", addressKey(request.headers.get("CF-Connecting-IP")));
}

const limited = withRateLimit(
  (request: Request, env: Bindings) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/socket") return openSocket();
    // The headers of a fetched response are immutable; the caller still gets the RateLimit headers.
    if (pathname === "/elsewhere") return env.SLUICE.fetch("https://sluice/healthz");
    return Response.json({ hello: "world" });
  },
  {
    bucket: ({ request, env }) => bucketOf(request, env),
    tokens: ({ request }) => Number(new URL(request.url).searchParams.get("cost") ?? 1),
    waitMs: ({ request }) => Number(new URL(request.url).searchParams.get("wait") ?? 10_000),
    skip: ({ request }) => new URL(request.url).pathname === "/healthz",
  },
);

/** Answers each message with its length. */
function openSocket(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(String(String(data).length)));
  return new Response(null, { status: 101, webSocket: client });
}

export default { fetch: limited } satisfies ExportedHandler<Bindings>;
