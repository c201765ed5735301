import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { WatchOptions } from "../../src/client/watch/watch.ts";
import type { WatchEvent, WatchMessage } from "../../src/protocol/watch-feed.ts";

import { watchBucket } from "../../src/client/watch/watch.ts";
import { acquire, acquirePath, arriveInTurn, snapshotOf } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { Relay } from "../../kit/http/relay.ts";
import {
  startDev,
  startWorkerd,
  type DevServer,
  type WorkerdServer,
} from "../../kit/processes/server.ts";

/** Tokens for whoever comes. */
const ABUNDANT = {
  capacity: 1_000_000,
  initialTokens: 1_000_000,
  refillTokens: 1_000_000,
  refillIntervalMs: 1_000,
};

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    policies: {
      "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 200 },
      "much*": ABUNDANT,
    },
  });
});
afterAll(async () => {
  await server?.stop();
});

/** Reads messages until one, with all before it, is as `isLast` says. Leaves the loop then. */
async function readUntil(
  options: WatchOptions,
  bucket: string,
  isLast: (messages: readonly WatchMessage[]) => boolean,
  onMessage: (messages: readonly WatchMessage[]) => void = () => undefined,
): Promise<WatchMessage[]> {
  const messages: WatchMessage[] = [];
  const signal = AbortSignal.timeout(50_000);
  for await (const message of watchBucket(options, bucket, { signal })) {
    messages.push(message);
    onMessage(messages);
    if (isLast(messages)) break;
  }
  return messages;
}

function eventsIn(messages: readonly WatchMessage[]): WatchEvent[] {
  return messages.flatMap(({ events }) => [...events]);
}

/** Requests that were settled, those among them that were left out counted as such. */
function settledIn(messages: readonly WatchMessage[]): number {
  const omitted = messages.reduce((sum, message) => sum + (message.omitted ?? 0), 0);
  return omitted + eventsIn(messages).filter(({ kind }) => kind !== "queued").length;
}

/** A watcher that reads nothing for as long as nobody resumes its socket. */
async function openIdle(port: number, bucket: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const fields = [
    `GET /buckets/${bucket}/watch HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(`${fields.join("\r\n")}\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  expect(head.toString("latin1")).toContain("101 Switching Protocols");
  socket.pause();
  return socket;
}

/** Acquires, so many at a time, until told to stop; resolves with how many. */
function flood(url: string, bucket: string, atOnce: number): { stop: () => Promise<number> } {
  const over = new AbortController();
  let acquired = 0;
  const callers = Array.from({ length: atOnce }, async () => {
    while (!over.signal.aborted) {
      await acquire({ url }, bucket);
      acquired += 1;
    }
  });
  return {
    stop: async () => {
      over.abort();
      await Promise.all(callers);
      return acquired;
    },
  };
}

describe.concurrent("a bucket is watched", () => {
  it("ten callers: queued in their order, granted in it, each at its tick", async () => {
    await acquire(server, "ten");
    let waits: Promise<unknown> = Promise.resolve();
    const messages = await readUntil(
      server,
      "ten",
      (all) => settledIn(all) === 9,
      (all) => {
        if (all.length === 1) waits = arriveInTurn(server, "ten", 9);
      },
    );
    await waits;
    expect(messages[0]).toMatchObject({ isFirst: true, snapshot: { granted: 1 }, events: [] });
    const events = eventsIn(messages);
    const granted = events.filter(({ kind }) => kind === "granted");
    const queued = events.filter(({ kind }) => kind === "queued");
    const idsOf = (list: readonly WatchEvent[]): number[] => list.map(({ id }) => id);
    expect(idsOf(granted)).toEqual(idsOf(granted).toSorted((a, b) => a - b));
    // One that comes at a tick need not wait.
    expect(idsOf(granted)).toEqual(expect.arrayContaining(idsOf(queued)));
    expect(queued.length).toBeGreaterThan(4);
    const nine = granted.map(({ atMs }) => atMs);
    for (const [i, atMs] of nine.entries()) {
      if (i > 0) expect(atMs - nine[i - 1]!).toBeGreaterThan(0);
    }
    expect(messages.at(-1)?.snapshot).toMatchObject({ granted: 10, waiters: 0 });
  });

  it("leaving the loop closes the connection; so does the signal, which ends it with its reason", async () => {
    await using relay = await Relay.open(server.port);
    await readUntil(relay, "left", () => true);
    while (relay.size > 0) await setTimeout(5);
    const controller = new AbortController();
    const reason = new Error("enough");
    const read = (async () => {
      for await (const message of watchBucket(relay, "left", { signal: controller.signal })) {
        expect(message.isFirst).toBe(true);
        controller.abort(reason);
      }
    })();
    await expect(read).rejects.toBe(reason);
    while (relay.size > 0) await setTimeout(5);
  });

  it("a connection that is cut is made again, and the feed goes on with the bucket as it is", async () => {
    await using relay = await Relay.open(server.port);
    const messages = await readUntil(
      relay,
      "cut",
      (all) => all.length === 2,
      (all) => {
        if (all.length > 1) return;
        relay.cut();
        void acquire(server, "cut");
      },
    );
    expect(messages[1]?.isFirst).toBe(true);
    const late = await readUntil(relay, "cut", (all) => all.at(-1)?.snapshot.granted === 1);
    expect(late[0]?.isFirst).toBe(true);
  });

  it("who is no reader of it learns why, at once", async () => {
    await using strict = await startWorkerd({
      vars: { API_TOKEN: '[{"token":"acquirer","may":["acquire"]},"reader"]' },
      policies: { some: ABUNDANT },
    });
    const { url } = strict;
    const attempt = (bucket: string, token?: string): Promise<unknown> => {
      return readUntil({ url, token }, bucket, () => true);
    };
    const unauthorized = { name: "SluiceError", reason: "unauthorized", status: 401 };
    await expect(attempt("some")).rejects.toMatchObject(unauthorized);
    await expect(attempt("some", "wrong")).rejects.toMatchObject(unauthorized);
    await expect(attempt("some", "acquirer")).rejects.toMatchObject({
      detail: 'This API key lacks the right "read" on "some"',
    });
    await expect(attempt("other", "reader")).rejects.toMatchObject({ reason: "unknown-bucket" });
    await expect(attempt("a b", "reader")).rejects.toThrow(RangeError);
    await expect(attempt("some", "reader")).resolves.toMatchObject([{ isFirst: true }]);
    expect(strict.output).not.toContain("reader");
  });
});

it("workerd killed and started again: the feed goes on", async () => {
  await using mortal = await startWorkerd({ policies: { "*": ABUNDANT } });
  await using relay = await Relay.open(mortal.port);
  await acquire(mortal, "mortal");
  const messages = await readUntil(
    relay,
    "mortal",
    (all) => settledIn(all) > 0,
    (all) => {
      if (all.length === 2) void acquire(mortal, "mortal");
      if (all.length > 1) return;
      void (async () => {
        await mortal.restart();
        relay.target = mortal.port;
      })();
    },
  );
  expect(messages.map(({ isFirst }) => isFirst)).toEqual([true, true, undefined]);
  // What was granted before is in the counts.
  expect(messages.at(-1)?.snapshot.granted).toBe(2);
});

it("an object with watchers leaves the memory where nothing happens, and comes back for what does", async () => {
  await using sleepy = await startWorkerd({
    main: "kit/workers/talkative.ts",
    policies: { "*": ABUNDANT },
  });
  const starts = (): number => sleepy.output.split("An object starts").length - 1;
  const watching = Array.from({ length: 3 }, () => {
    return readUntil(sleepy, "sleepy", (all) => settledIn(all) === 2);
  });
  while ((await snapshotOf(sleepy, "sleepy")).granted < 1) await acquire(sleepy, "sleepy");
  await setTimeout(500);
  expect(starts()).toBe(1);
  // The runtime waits for ten seconds.
  await setTimeout(14_000);
  await acquire(sleepy, "sleepy");
  expect(starts()).toBe(2);
  for (const messages of await Promise.all(watching)) {
    // One connection throughout.
    expect(messages.filter(({ isFirst }) => isFirst)).toHaveLength(1);
    expect(messages.at(-1)?.snapshot.granted).toBe(2);
  }
});

describe("under load", () => {
  it("100 watchers: each is told of each request, in a bounded number of messages", async () => {
    const startedAtMs = performance.now();
    const total = 2_000;
    const reads = Array.from({ length: 100 }, () => {
      return readUntil(server, "much:watched", (all) => settledIn(all) >= total);
    });
    for (;;) {
      const over = await send(server.url, "/buckets/much:watched/watch");
      expect(over.status).toBe(426);
      if ((await countWatchers(server, "much:watched")) === 100) break;
      await setTimeout(20);
    }
    for (let left = total; left > 0; left -= 50) {
      await Promise.all(Array.from({ length: 50 }, () => acquire(server, "much:watched")));
    }
    const all = await Promise.all(reads);
    const elapsedMs = performance.now() - startedAtMs;
    for (const messages of all) {
      expect(settledIn(messages)).toBe(total);
      expect(messages.filter(({ isFirst }) => isFirst)).toHaveLength(1);
      for (const { events } of messages) expect(events.length).toBeLessThanOrEqual(50);
      // Each of the hundred that join has the others told, too.
      expect(messages.length).toBeLessThanOrEqual(100 + 2 + elapsedMs / 100);
    }
  });

  it("one that does not read is closed before it takes much memory; the others are told all", async () => {
    const idle = await openIdle(server.port, "much:idle");
    const controller = new AbortController();
    const live: WatchMessage[] = [];
    const reading = (async () => {
      for await (const message of watchBucket(server, "much:idle", { signal: controller.signal })) {
        live.push(message);
      }
    })().catch(() => undefined);
    const flooding = flood(server.url, "much:idle", 20);
    // Until it has been sent as much as may be on its way, and somewhat more.
    const lengthOf = (message: WatchMessage): number => JSON.stringify(message).length;
    while (live.reduce((sum, message) => sum + lengthOf(message), 0) < 700_000) {
      await setTimeout(100);
    }
    const total = await flooding.stop();
    while (settledIn(live) < total) await setTimeout(20);
    controller.abort();
    await reading;
    expect(live.filter(({ isFirst }) => isFirst)).toHaveLength(1);
    const chunks: Buffer[] = [];
    idle.on("data", (bytes: Buffer) => chunks.push(bytes));
    idle.resume();
    await setTimeout(500);
    const bytes = Buffer.concat(chunks);
    expect(bytes.length).toBeGreaterThan(400_000);
    expect(bytes.length).toBeLessThan(512 * 1024 + 20_000);
    // A frame that closes, with the code and why.
    const why = "Over 524288 characters not reported as read";
    const close = Buffer.from([0x88, 2 + why.length, 4408 >> 8, 4408 & 0xff, ...Buffer.from(why)]);
    expect(bytes.subarray(-close.length)).toEqual(close);
    idle.destroy();
    // Several thousand acquires: on a busy machine they have taken a minute.
  }, 180_000);

  it("100 whose connections broke leave room for as many", async () => {
    for (let round = 0; round < 2; round += 1) {
      const sockets: Socket[] = [];
      while (sockets.length < 100) sockets.push(await openIdle(server.port, "broken"));
      expect(await countWatchers(server, "broken")).toBe(100);
      for (const socket of sockets) socket.resetAndDestroy();
      while ((await countWatchers(server, "broken")) === 100) await setTimeout(20);
      await setTimeout(200);
    }
  });

  it("a flood of rubbish from watchers: other callers and watchers are served", async () => {
    const rude = await openIdle(server.port, "much:rude");
    const frame = Buffer.from([0x81, 0x80, 1, 2, 3, 4]);
    rude.write(Buffer.concat(Array.from({ length: 100_000 }, () => frame)));
    const broken = await openIdle(server.port, "much:rude");
    broken.write(Buffer.from([0xf3, 0x80, 1, 2, 3, 4]));
    const messages = await readUntil(
      server,
      "much:rude",
      (all) => settledIn(all) === 1,
      (all) => {
        if (all.length === 1) void acquire(server, "much:rude");
      },
    );
    expect(messages.at(-1)?.snapshot.granted).toBe(1);
    for (const [socket, code] of [
      [rude, 1008],
      [broken, 1002],
    ] as const) {
      const chunks: Buffer[] = [];
      socket.on("data", (bytes: Buffer) => chunks.push(bytes));
      socket.resume();
      await setTimeout(300);
      expect(Buffer.concat(chunks).includes(Buffer.from([code >> 8, code & 0xff]))).toBe(true);
      socket.destroy();
    }
  });
});

/** How many watch a bucket: so many fewer than a hundred can. */
async function countWatchers(target: WorkerdServer, bucket: string): Promise<number> {
  const extra: Socket[] = [];
  try {
    const socket = connect(target.port, "127.0.0.1");
    extra.push(socket);
    await once(socket, "connect");
    socket.write(
      `GET /buckets/${bucket}/watch HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    return head.toString("latin1").includes(" 503 ") ? 100 : 0;
  } finally {
    for (const socket of extra) socket.destroy();
  }
}

describe("npm start", () => {
  let dev: DevServer;
  beforeAll(async () => {
    dev = await startDev({ args: ["--var", "API_TOKEN:t1"] });
  });
  afterAll(async () => {
    await dev?.stop();
  });

  it("is watched through wrangler's proxies, with the token as a subprotocol", async () => {
    const acquireOne = (): Promise<unknown> => {
      const headers = { Authorization: "Bearer t1" };
      return send(dev.url, acquirePath("dev"), { headers });
    };
    const messages = await readUntil(
      { url: dev.url, token: "t1" },
      "dev",
      (all) => settledIn(all) === 3,
      (all) => {
        if (all.length === 1) void Promise.all([acquireOne(), acquireOne(), acquireOne()]);
      },
    );
    const grants = eventsIn(messages).filter(({ kind }) => kind === "granted");
    expect(grants.map(({ atMs }) => atMs - grants[0]!.atMs)).toEqual([
      0,
      expect.closeTo(1_000, -2),
      expect.closeTo(2_000, -2),
    ]);
  });

  it("no page of another site may watch, and its own may", async () => {
    const ask = async (origin: string | undefined, host: string): Promise<number> => {
      const socket = connect(dev.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(
        `GET /buckets/dev/watch HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
          `Authorization: Bearer t1\r\n${origin === undefined ? "" : `Origin: ${origin}\r\n`}\r\n`,
      );
      const [head] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return Number(head.toString("latin1").split(" ")[1]);
    };
    const here = `127.0.0.1:${dev.port}`;
    const named = `localhost:${dev.port}`;
    expect(await ask(undefined, here)).toBe(101);
    expect(await ask(`http://${here}`, here)).toBe(101);
    expect(await ask(`http://${named}`, named)).toBe(101);
    expect(await ask("https://evil.test", here)).toBe(403);
    expect(await ask(`http://127.0.0.1:${dev.port + 1}`, here)).toBe(403);
    expect(await ask("null", here)).toBe(403);
  });
});
