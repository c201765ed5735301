/** One relayed connection, with its ticks counted by hand; front-relay.test.ts has the real time. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { RelayedConnection, type RelayHost } from "../../serve/relayed-connection.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LIMITS = { head: 2, body: 2, idle: 10, unclear: 20, kept: 5, linger: 3 };

let dir: string;
let front: Server;
/** Plays workerd. */
let back: Server;
const host: RelayHost = {
  get socketPath() {
    return join(dir, "http.sock");
  },
  startRequest: () => undefined,
  forget: () => undefined,
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "sluice-relayed-"));
  back = createServer().listen(host.socketPath);
  front = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await Promise.all([once(back, "listening"), once(front, "listening")]);
});
afterEach(() => {
  front.close();
  back.close();
  rmSync(dir, { recursive: true });
});

/** A client, its relayed connection, and what the client receives until its connection ends. */
async function open(sent: string, refusal?: string, overrides: Partial<RelayHost> = {}) {
  const { port } = front.address() as { port: number };
  const accepted = once(front, "connection") as Promise<[Socket]>;
  const client = connect(port, "127.0.0.1").on("error", () => undefined);
  const [near] = await accepted;
  const read = once(near, "data");
  const own = Object.create(host, Object.getOwnPropertyDescriptors(overrides)) as RelayHost;
  const relayed = new RelayedConnection(near, own, refusal);
  let received = "";
  client.setEncoding("latin1").on("data", (text: string) => {
    received += text;
  });
  const ended = once(client, "close").then(() => received);
  client.write(sent);
  await read;
  return { client, relayed, ended };
}

async function tick(relayed: RelayedConnection, ticks: number): Promise<void> {
  for (let count = 0; count < ticks; count += 1) relayed.tick(LIMITS);
}

it("connects to the server for a whole request, passes it on, and the answer back", async () => {
  const arrived = once(back, "connection") as Promise<[Socket]>;
  const { client, relayed } = await open(GET);
  expect({ isUnserved: relayed.isUnserved, isSpare: relayed.isSpare }).toEqual({
    isUnserved: false,
    isSpare: false,
  });
  const [server] = await arrived;
  expect(String((await once(server, "data"))[0])).toBe(GET);
  expect(relayed.isFresh).toBe(true);
  server.write(OK);
  expect(String((await once(client, "data"))[0])).toBe(OK);
  expect(relayed.isFresh).toBe(false);
  client.destroy();
  relayed.destroy();
});

it("closes the server's connection when the client ends its side", async () => {
  const arrived = once(back, "connection") as Promise<[Socket]>;
  const { client, relayed } = await open(GET);
  const [server] = await arrived;
  const left = once(server.resume(), "end");
  client.end();
  await left;
  expect(relayed.isUnserved).toBe(true);
  client.destroy();
});

it("keeps half a request to itself, and answers 408 once its time is over", async () => {
  const { relayed, ended } = await open("GET / HTT");
  expect(relayed.isUnserved).toBe(true);
  // The first tick notices the phase, and two are allowed.
  await tick(relayed, 3);
  expect(await ended).toMatch(
    /^HTTP\/1\.1 408 [^]*The head of the request did not arrive in time\n$/,
  );
});

it("may be closed to make room while nobody waits on it, after four ticks", async () => {
  const { client, relayed } = await open("\r\n");
  await tick(relayed, 3);
  expect(relayed.isSpare).toBe(false);
  await tick(relayed, 1);
  expect(relayed.isSpare).toBe(true);
  client.destroy();
  relayed.destroy();
});

it.each([
  ["one that is refused from the start", "full", {}],
  ["a request that may not start", undefined, { startRequest: () => "full" }],
])("answers %s with 503 and the reason", async (_, refusal, overrides) => {
  const { relayed, ended } = await open(GET, refusal, overrides);
  expect(relayed.isRefused).toBe(refusal !== undefined);
  const answer = await ended;
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('"detail":"full"');
});

it("answers 503 if it cannot reach the server", async () => {
  const { ended } = await open(GET, undefined, { socketPath: join(dir, "nobody.sock") });
  expect(await ended).toContain("The server cannot be reached at the moment");
});
