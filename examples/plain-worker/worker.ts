/**
 * A Worker without a framework, limited by Sluice, which is bound to it as `SLUICE`. In your own project,
 * import from "sluice/client".
 */
import { bucketName, withRateLimit } from "../../src/client/index.ts";

interface Bindings {
  readonly SLUICE: Fetcher;
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
    bucket: ({ request }) => bucketName("api", request.headers.get("X-Customer")),
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
