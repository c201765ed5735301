/**
 * The fake behaves as a running Sluice does: the list of client behaviours runs over it, behind a server, with its clock
 * moved as time passes.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, expect, it } from "vitest";

import {
  behavioursOf,
  runClientBehaviours,
  type ClientFinding,
} from "../../kit/client/client-behaviours.ts";
import { clientPolicies } from "../../kit/client/client-runs.ts";
import { startFaultyServer } from "../../kit/http/faulty-server.ts";
import { freePort } from "../../kit/processes/server.ts";

interface Fake {
  readonly service: { fetch(request: Request): Promise<Response> };
  advance(durationMs: number): Promise<void>;
}

/** The compiler must not follow this name: the fake has the types of Workers. */
const fakePath: string = "../../src/testing/index.ts";
const { createFakeSluice } = (await import(fakePath)) as {
  readonly createFakeSluice: (options: { policies: object }) => Fake;
};

/** The fake checks no keys, and these show what happens without one. */
const ofKeys = new Set([
  "pause empties the bucket and skips its ticks",
  "a call that the service forbids throws SluiceError",
]);

const fake = createFakeSluice({ policies: clientPolicies });

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = "GET", headers } = incoming;
  const body = method === "GET" ? undefined : await buffer(incoming);
  const request = new Request(`http://${headers.host}${incoming.url}`, {
    method,
    headers: headers as Record<string, string>,
    ...(body && body.length > 0 && { body: new Uint8Array(body) }),
  });
  const response = await fake.service.fetch(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (!response.body) outgoing.end();
  // A caller that closes its connection cancels the body, and so leaves the queue.
  else await pipeline(Readable.fromWeb(response.body as never), outgoing).catch(() => undefined);
}

const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));

const stopped = new AbortController();

/** Moves the fake's clock along with the machine's. */
async function passTime(): Promise<void> {
  for (let seenAtMs = performance.now(); !stopped.signal.aborted; await sleep(2)) {
    const passedMs = Math.floor(performance.now() - seenAtMs);
    seenAtMs += passedMs;
    await fake.advance(passedMs);
  }
}

let findings: ClientFinding[] = [];
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using faulty = await startFaultyServer(url);
  const passing = passTime();
  findings = await runClientBehaviours({
    url,
    faultyUrl: faulty.url,
    deadUrl: `http://127.0.0.1:${await freePort()}`,
    adminToken: "any",
    transport: "http",
    run: "fake",
  });
  stopped.abort();
  await passing;
}, 120_000);
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it.each(behavioursOf("http").filter((name) => !ofKeys.has(name)))("%s", (behaviour) => {
  expect(findings.find((finding) => finding.name === behaviour)).toEqual({ name: behaviour });
});

it("a wait that a test leaves behind keeps no process alive", async () => {
  const program = `
    import { createFakeSluice } from ${JSON.stringify(new URL(fakePath, import.meta.url))};
    const policies = { x: { capacity: 1, refillTokens: 1, refillInterval: "1s" } };
    const fake = createFakeSluice({ policies });
    const { client } = fake;
    await client.acquire("x");
    void client.acquire("x").then(() => console.log("granted"));
    await fake.advance(0);
    console.log((await client.inspect("x")).waiters);
  `;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stdout).toBe("1\n");
}, 25_000);
