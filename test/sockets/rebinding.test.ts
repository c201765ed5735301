/**
 * DNS rebinding: a page whose name has come to lead to this machine calls the Sluice that runs here for
 * whoever sits at it. Each server as it is started by its command.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { HttpConnection, send } from "../../kit/http/http-connection.ts";
import { ServedBundle } from "../../kit/processes/served-bundle.ts";
import { Served } from "../../kit/processes/served.ts";
import { startDev } from "../../kit/processes/server.ts";

interface Reached {
  readonly url: string;
}

const EVIL = "evil.example:8787";
const OWN = [
  "localhost",
  "127.0.0.1:8787",
  "127.1.2.3",
  "[::1]:8787",
  "sluice.localhost",
  "10.1.2.3",
];

let bundle: ServedBundle;

beforeAll(async () => {
  bundle = await ServedBundle.build();
});
afterAll(async () => {
  await bundle[Symbol.asyncDispose]();
});

function served(...args: readonly string[]): Promise<Served> {
  return Served.ready(bundle.argsFor(bundle.newState(), "--port", "0", ...args));
}

async function statusAs(
  { url }: Reached,
  host: string,
  path = "/buckets/x",
  headers: Record<string, string> = {},
): Promise<number> {
  const answer = await send(url, path, { headers: { ...headers, Host: host } });
  return answer.status;
}

/** As a page of `host` opens it. */
async function statusOfWatch({ url }: Reached, host: string): Promise<number> {
  const connection = await HttpConnection.open(url);
  const answer = await connection.request("/buckets/x/watch", {
    headers: {
      Host: host,
      Origin: `http://${host}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "c2x1aWNlLXRlc3Qta2V5IQ==",
    },
  });
  return answer.status;
}

describe.each<[string, () => Promise<Reached & AsyncDisposable>]>([
  ["npm start", () => startDev()],
  ["npm run serve, open to everybody on this machine", () => served("--var", "PUBLIC:true")],
  ["the same with --host localhost", () => served("--var", "PUBLIC:true", "--host", "localhost")],
])("%s", (_, start) => {
  let server: Reached & AsyncDisposable;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each([
    ["/acquire?bucket=x", {}],
    ["/buckets/x", {}],
    ["/buckets/x", { Accept: "text/html" }],
    ["/metrics?bucket=x", {}],
    ["/openapi.json", {}],
    ["/docs", {}],
    ["/", { Accept: "text/html" }],
  ])("refuses %s %j under a foreign name", async (path, headers) => {
    expect(await statusAs(server, EVIL, path, headers)).toBe(421);
  });

  it("refuses its watcher, too, and nothing was taken", async () => {
    expect(await statusOfWatch(server, EVIL)).toBe(421);
    const { body } = await send(server.url, "/buckets/x");
    expect(body as BucketSnapshot).toMatchObject({ granted: 0 });
  });

  it.each(OWN)("answers as %s", async (host) => {
    expect(await statusAs(server, host)).toBe(200);
  });

  it("says whether it is well under any name", async () => {
    expect(await statusAs(server, EVIL, "/healthz")).toBe(200);
  });
});

describe("a reverse proxy's name, as the caller's browser knows it", () => {
  const PROXIED = "sluice.example.com";

  it.each<[string, readonly string[], Record<string, string>]>([
    [
      "is allowed by ALLOWED_HOSTS",
      ["--var", "PUBLIC:true", "--var", `ALLOWED_HOSTS:${PROXIED}`],
      {},
    ],
    ["needs no leave where a token is asked for", ["--var", "API_TOKEN:t1"], bearer("t1")],
    ["nor on an address that others reach", ["--var", "PUBLIC:true", "--host", "0.0.0.0"], {}],
  ])("%s", async (_, args, headers) => {
    await using server = await served(...args);
    const reached = { url: server.url.replace("0.0.0.0", "127.0.0.1") };
    expect(await statusAs(reached, PROXIED, "/acquire?bucket=x", headers)).toBe(200);
    if (args.includes(`ALLOWED_HOSTS:${PROXIED}`)) expect(await statusAs(server, EVIL)).toBe(421);
  });

  it("npm start takes names likewise", async () => {
    await using server = await startDev({ args: ["--var", `ALLOWED_HOSTS:${PROXIED}`] });
    expect(await statusAs(server, PROXIED)).toBe(200);
    expect(await statusAs(server, EVIL)).toBe(421);
  });
});

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
