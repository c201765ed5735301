/**
 * The relay in front of workerd, by itself: what it passes on, whom it ends and when, and what it says
 * where there is no room. Behind it stands a server of Node's that shows what has come of the other side.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { FrontRelay, roomFor, type FrontRelayOptions } from "../../serve/front-relay.ts";
import { send } from "../../kit/http/http-connection.ts";
import { ServedBundle } from "../../kit/processes/served-bundle.ts";
import { Served } from "../../kit/processes/served.ts";

/** Far less than any of it takes where it does not work, and far more than it takes where it does. */
const SOON_MS = 2_000;
const LIMITS = { headMs: 500, bodyMs: 500, idleMs: 1_000 };
/** Beyond all limits, and the tick that they are rounded up to. */
const BEYOND_LIMITS_MS = 2_000;
const MIB = 1024 * 1024;

let dir: string;
let server: Server;
let socketPath: string;
/** Connections of the server's that are open. */
const serverSockets = new Set<Socket>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-relay-"));
  socketPath = join(dir, "http.sock");
  server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing);
  });
  // The relay's limits are what is looked at.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.on("connection", (socket) => {
    serverSockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => serverSockets.delete(socket));
  });
  server.on("upgrade", (_, socket: Socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    socket.pipe(socket);
  });
  server.listen(socketPath);
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(dir, { recursive: true, force: true });
});

/** By its path: echoes, holds, streams, ends early, or breaks off. */
async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const path = incoming.url ?? "";
  switch (path) {
    case "/echo":
      incoming.pipe(outgoing);
      return;
    case "/hold":
      await setTimeout(BEYOND_LIMITS_MS);
      outgoing.end("held");
      return;
    case "/never":
      return;
    case "/large":
      outgoing.shouldKeepAlive = false;
      outgoing.end(Buffer.alloc(8 * MIB, "x"));
      return;
    case "/stream":
      outgoing.write("begun");
      await setTimeout(BEYOND_LIMITS_MS);
      outgoing.end("ended");
      return;
    case "/break":
      outgoing.write("begun");
      incoming.socket.destroy();
      return;
    case "/early":
      outgoing.writeHead(413, { "Content-Length": 0 }).end();
      return;
    default:
      outgoing.end(path);
  }
}

/** A relay for one test. */
async function listen(
  options: Partial<FrontRelayOptions> = {},
): Promise<AsyncDisposable & { port: number; relay: FrontRelay; url: string }> {
  const at = { host: "127.0.0.1", port: 0, socketPath, serverPid: process.pid };
  const relay = await FrontRelay.listen({ ...LIMITS, ...at, fileLimit: 3_000, ...options });
  const { port } = relay;
  const url = `http://127.0.0.1:${port}`;
  return { port, url, relay, [Symbol.asyncDispose]: async () => relay.destroy() };
}

/** A client's socket, and what has come to it. */
interface Client {
  readonly socket: Socket;
  received(): string;
  /** Settles at the server's end, or where the connection breaks, with how long that took. */
  readonly endedAfterMs: Promise<number>;
}

async function openClient(port: number, bytes: string | Buffer = ""): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let received = "";
  const startedAtMs = performance.now();
  const endedAfterMs = new Promise<number>((resolve) => {
    const end = (): void => resolve(performance.now() - startedAtMs);
    socket.once("end", end).once("close", end);
  });
  socket.on("error", () => undefined);
  socket.on("data", (piece) => (received += piece.toString("latin1")));
  await once(socket, "connect");
  if (bytes.length > 0) socket.write(bytes);
  return { socket, endedAfterMs, received: () => received };
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

async function until(isSo: () => boolean): Promise<void> {
  const givesUpAtMs = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > givesUpAtMs) throw new Error("It does not come to be so");
    await setTimeout(5);
  }
}

describe("what the relay passes on", () => {
  it("is the same bytes, both ways, also when they are many", async () => {
    await using relay = await listen();
    const body = randomBytes(16 * 1024);
    const echoed = await fetch(`${relay.url}/echo`, { method: "POST", body });
    expect(Buffer.from(await echoed.arrayBuffer()).equals(body)).toBe(true);

    const sent = randomBytes(16 * MIB);
    const upgrade = { Connection: "Upgrade", Upgrade: "x" };
    const outgoing = request(relay.url, { agent: false, headers: upgrade }).end();
    const [, socket] = (await once(outgoing, "upgrade")) as [IncomingMessage, Socket];
    socket.write(sent);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of socket) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
      if (bytes === sent.length) break;
    }
    socket.destroy();
    await until(() => serverSockets.size === 0);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("is requests that come together, answered in order, on one connection", async () => {
    await using relay = await listen();
    const before = serverSockets.size;
    const client = await openClient(relay.port, get("/a") + get("/b") + get("/c"));
    await until(() => client.received().includes("/c"));
    expect(client.received().match(/\/[abc]$|\/[abc](?=HTTP)/gm)).toEqual(["/a", "/b", "/c"]);
    expect(serverSockets.size).toBe(before + 1);
    client.socket.destroy();
  });

  it("is an answer to its end, though the server closes behind it", async () => {
    await using relay = await listen();
    const response = await fetch(`${relay.url}/large`);
    expect((await response.arrayBuffer()).byteLength).toBe(8 * MIB);
  });

  it("is that the server breaks off", async () => {
    await using relay = await listen();
    await expect(fetch(`${relay.url}/break`).then((r) => r.text())).rejects.toThrow();
  });

  it("is no faster than the other side reads", async () => {
    await using relay = await listen();
    const client = await openClient(relay.port, get("/large"));
    client.socket.pause();
    await setTimeout(300);
    // Of 8 MiB most is still at the server; the systems' buffers hold some.
    const [held] = [...serverSockets]
      .map(({ writableLength }) => writableLength)
      .toSorted((a, b) => b - a);
    expect(held).toBeGreaterThan(MIB);
    client.socket.resume();
    await client.endedAfterMs;
    expect(client.received().length).toBeGreaterThan(8 * MIB);
    client.socket.destroy();
  });

  it("is a WebSocket's bytes, for longer than any limit", async () => {
    await using relay = await listen();
    const upgrade = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
    const client = await openClient(relay.port, upgrade);
    await until(() => client.received().includes("101"));
    await setTimeout(BEYOND_LIMITS_MS);
    client.socket.write("still there");
    await until(() => client.received().endsWith("still there"));
    expect(client.socket.readyState).toBe("open");
    const before = serverSockets.size;
    client.socket.destroy();
    await until(() => serverSockets.size < before);
  });
});

describe("a client that leaves", () => {
  it.each([
    ["closes", (socket: Socket) => socket.destroy()],
    ["closes its side", (socket: Socket) => socket.end()],
    ["resets", (socket: Socket) => socket.resetAndDestroy()],
  ] as const)("%s: the server's connection closes", async (_, leave) => {
    await using relay = await listen();
    const before = serverSockets.size;
    const client = await openClient(relay.port, get("/never"));
    await until(() => serverSockets.size > before);
    leave(client.socket);
    const leftAtMs = performance.now();
    await until(() => serverSockets.size === before);
    expect(performance.now() - leftAtMs).toBeLessThan(250);
    client.socket.destroy();
  });
});

describe.concurrent("a client that takes too long", () => {
  it.each([
    ["half a head", "GET /a HTTP/1.1\r\nHo", "The head of the request did not arrive in time"],
    ["half a head behind an answer", `${get("/a")}GET /b`, "The head"],
    ["half a body", "POST /never HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbo", "The body"],
    [
      "no chunk",
      "POST /never HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nf",
      "The body",
    ],
    [
      "a chunk without end",
      "POST /never HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
      "The body",
    ],
  ])("for %s is ended, with 408 where no answer has begun", async (_, bytes, detail) => {
    await using relay = await listen();
    const client = await openClient(relay.port, bytes);
    expect(await client.endedAfterMs).toBeLessThan(SOON_MS);
    expect(client.received()).toContain("HTTP/1.1 408 Request Timeout\r\n");
    expect(client.received()).toContain(detail);
    client.socket.destroy();
  });

  it("byte by byte is ended all the same", async () => {
    await using relay = await listen();
    const client = await openClient(relay.port, "GET / HTTP/1.1\r\nX: ");
    const drip = setInterval(() => client.socket.write("x"), 50);
    expect(await client.endedAfterMs).toBeLessThan(SOON_MS);
    clearInterval(drip);
    client.socket.destroy();
  });

  it("for a body that is answered already is ended without a second answer", async () => {
    await using relay = await listen();
    const client = await openClient(
      relay.port,
      "POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbo",
    );
    await client.endedAfterMs;
    expect(client.received().match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413"]);
    client.socket.destroy();
  });

  it("to ask is ended, first time and between", async () => {
    await using relay = await listen();
    const silent = await openClient(relay.port);
    const idle = await openClient(relay.port, get("/a"));
    for (const client of [silent, idle]) {
      expect(await client.endedAfterMs).toBeGreaterThan(LIMITS.idleMs - 300);
      client.socket.destroy();
    }
    expect(silent.received()).toBe("");
  });

  it("has cost the server nothing before its head is here", async () => {
    await using relay = await listen({ headMs: 60_000, idleMs: 60_000 });
    const before = serverSockets.size;
    const clients = await Promise.all(
      Array.from({ length: 50 }, (_, i) => openClient(relay.port, i % 2 === 0 ? "" : "GET / HTT")),
    );
    await setTimeout(100);
    // Other tests of this file go on beside this one.
    expect(serverSockets.size).toBeLessThan(before + 25);
    for (const client of clients) client.socket.destroy();
  });
});

describe.concurrent("a client that waits", () => {
  it.each([
    ["for its answer", "/hold", "held"],
    ["for the rest of it", "/stream", "ended"],
  ])("%s may, for as long as the server lets it", async (_, path, end) => {
    await using relay = await listen();
    const response = await fetch(relay.url + path);
    expect(await response.text()).toContain(end);
  });

  it("may, though it has begun another request", async () => {
    await using relay = await listen();
    const client = await openClient(relay.port, `${get("/hold")}GET /b`);
    await until(() => client.received().includes("held"));
    expect(client.received()).not.toContain("408");
    client.socket.destroy();
  });
});

/** Opens files until it is told to close them. */
async function openFiles(count: number): Promise<AsyncDisposable> {
  const files: FileHandle[] = [];
  while (files.length < count) files.push(await open("/dev/null"));
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => file.close()));
  };
  return { [Symbol.asyncDispose]: close };
}

describe("where there is no room", () => {
  /** Room for 100, and 36 more can be told that there is none. */
  const few = { fileLimit: 300, serverPid: 0, idleMs: 60_000, headMs: 60_000 };

  it("for another client it says so, at once, and has room again when one has gone", async () => {
    await using relay = await listen(few);
    const held = await Promise.all(
      Array.from({ length: roomFor(few.fileLimit) }, () => openClient(relay.port, get("/never"))),
    );
    await setTimeout(400);
    const startedAtMs = performance.now();
    const { status, headers, body } = await send(relay.url, "/a");
    expect(performance.now() - startedAtMs).toBeLessThan(250);
    expect({ status, body }).toMatchObject({
      status: 503,
      body: {
        status: 503,
        reason: "unavailable",
        retryAfterMs: 1_000,
        detail: "Too many connections: 100 are open, the limit of this server",
      },
    });
    expect(headers).toMatchObject({ "retry-after": "1", connection: "close" });
    const before = serverSockets.size;
    held[0]?.socket.destroy();
    await until(() => serverSockets.size < before);
    expect(await fetch(`${relay.url}/a`).then((response) => response.text())).toBe("/a");
    for (const client of held) client.socket.destroy();
  });

  it("1,000 that ask for nothing, or for half of something, make it for the next", async () => {
    await using relay = await listen(few);
    const clients: Client[] = [];
    while (clients.length < 1_000) {
      const some = Array.from({ length: 20 }, (_, i) =>
        openClient(relay.port, i % 2 === 0 ? "" : "GET / HTT").catch(() => undefined),
      );
      clients.push(...(await Promise.all(some)).flatMap((client) => client ?? []));
      await setTimeout(20);
    }
    await setTimeout(1_500);
    for (let i = 0; i < 10; i += 1) {
      const response = await fetch(`${relay.url}/a`, { signal: AbortSignal.timeout(SOON_MS) });
      expect(await response.text()).toBe("/a");
    }
    for (const client of clients) client.socket.destroy();
  });

  it("in the server's files no request begins, on connections of before neither", async () => {
    // workerd is played by this process.
    const own = { fileLimit: 800, serverPid: process.pid, idleMs: 60_000 };
    await using relay = await listen(own);
    const client = await openClient(relay.port, get("/a"));
    const waiting = fetch(`${relay.url}/hold`);
    await until(() => client.received().endsWith("/a"));
    {
      await using files = await openFiles(600);
      void files;
      await setTimeout(600);
      const { status, body } = await send(relay.url, "/b");
      expect({ status, body }).toMatchObject({ status: 503, body: { reason: "unavailable" } });
      client.socket.write(get("/b"));
      await client.endedAfterMs;
      expect(client.received()).toMatch(/503 Service Unavailable(.|\n|\r)* of 800 files are open/);
    }
    // Who waits already is not touched.
    expect(await waiting.then((response) => response.text())).toBe("held");
    client.socket.destroy();
  });

  it("in the server's files, that is over when there is: nobody needs to be connected meanwhile", async () => {
    await using relay = await listen({ fileLimit: 800, serverPid: process.pid });
    {
      await using files = await openFiles(600);
      void files;
      expect(await send(relay.url, "/b")).toMatchObject({ status: 503 });
    }
    expect((await fetch(`${relay.url}/b`)).status).toBe(200);
  });

  it("in the server's files for a crowd that comes before they are open, it is bounded", async () => {
    await using relay = await listen({ fileLimit: 800, serverPid: process.pid });
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => openClient(relay.port, get("/never"))),
    );
    await setTimeout(500);
    const refused = clients.filter((client) => client.received().includes("503")).length;
    // Of 600 files each may take six, beside those that are open.
    expect(clients.length - refused).toBeLessThanOrEqual(100);
    expect(refused).toBeLessThan(200);
    for (const client of clients) client.socket.destroy();
  });

  it("or nobody behind it, it says so", async () => {
    await using relay = await listen({ socketPath: join(dir, "nobody.sock") });
    const { status, body } = await send(relay.url, "/a");
    expect({ status, body }).toMatchObject({ status: 503, body: { reason: "unavailable" } });
  });
});

describe("the relay's end", () => {
  it("sends what the server has sent, and takes no longer for those who do not read", async () => {
    const { relay, url, port } = await listen();
    const deaf = await openClient(port, get("/large"));
    deaf.socket.pause();
    const reading = fetch(`${url}/stream`).then((response) => response.text());
    reading.catch(() => undefined);
    await setTimeout(200);
    const startedAtMs = performance.now();
    await relay.finish();
    expect(performance.now() - startedAtMs).toBeLessThan(SOON_MS);
    await expect(fetch(`${url}/a`)).rejects.toThrow("fetch failed");
    deaf.socket.destroy();
  });
});

describe("in front of workerd", () => {
  const policies = {
    "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 3_600_000, maxWaitMs: 3_600_000 },
  };
  let bundle: ServedBundle;
  beforeAll(async () => {
    bundle = await ServedBundle.build();
  });
  afterAll(async () => {
    await bundle[Symbol.asyncDispose]();
  });

  function start(): Promise<Served> {
    return Served.start({ policies, args: ["--bundle", bundle.bundleDir] });
  }

  it.each([100_000, 1_000_000])("a body of %i bytes is answered 413, each time", async (size) => {
    await using served = await start();
    const body = " ".repeat(size);
    for (let round = 0; round < 15; round += 1) {
      const answer = await fetch(`${served.url}/acquire?bucket=x`, { method: "POST", body });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ reason: "body-too-large" });
    }
  });

  it.each([
    [
      "with a body that nobody reads",
      "GET /acquire?bucket=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
    ],
    [
      "with more behind it",
      "GET /acquire?bucket=x HTTP/1.1\r\nHost: localhost\r\n\r\nPOST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
    ],
  ])("a caller %s is seen to leave", async (_, head) => {
    await using served = await start();
    await send(served.url, "/acquire?bucket=x");
    const waiters = async (): Promise<unknown> => {
      return ((await send(served.url, "/buckets/x")).body as { waiters: number }).waiters;
    };
    const client = await openClient(Number(new URL(served.url).port), head + "x".repeat(1_000_000));
    await vi.waitFor(async () => expect(await waiters()).toBe(1), SOON_MS);
    client.socket.end();
    await vi.waitFor(async () => expect(await waiters()).toBe(0), SOON_MS);
    client.socket.destroy();
  });

  it("a 503 of the relay has the fields and the members of the Worker's", async () => {
    await using served = await start();
    await send(served.url, "/acquire?bucket=x");
    const waiting = send(served.url, "/acquire?bucket=x");
    await setTimeout(300);
    await served.terminate();
    const ofWorker = await waiting;
    await using relay = await listen({ socketPath: join(dir, "nobody.sock") });
    const ofRelay = await send(relay.url, "/a");
    const { connection, ...fields } = ofRelay.headers;
    expect(connection).toBe("close");
    const named = (headers: object): object => ({
      ...headers,
      "content-length": "",
      connection: "",
    });
    expect(named(fields)).toEqual(named(ofWorker.headers));
    expect(Object.keys(ofRelay.body as object)).toEqual(Object.keys(ofWorker.body as object));
    const { detail: _, ...ofRelayBody } = ofRelay.body as Record<string, unknown>;
    expect(ofWorker.body).toMatchObject(ofRelayBody);
  });
});
