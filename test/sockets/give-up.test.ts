/**
 * Callers that give up and say so. They wait in responses that say nothing, whose end nobody would notice: under
 * `npm start`, whose proxies keep their connections, and over raw workerd, which does not see a FIN.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { createClient } from "../../src/client/index.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { acquire, changePolicy, snapshotOf, untilBucket } from "../../kit/http/callers.ts";
import { HttpConnection } from "../../kit/http/http-connection.ts";
import { startDev, startWorkerd } from "../../kit/processes/server.ts";

/** Longer than any of these tests: who is out of the queue has left it, and was not granted. */
const INTERVAL_MS = 25_000;
/** For a call and an answer on a busy machine; a stream under `npm start` may take as long to be noticed. */
const AT_ONCE_MS = 1_000;

const servers = {
  "npm start": () => startDev({ args: ["--var", "ADMIN_TOKEN:admin"] }),
  "raw workerd": () => startWorkerd({ vars: { ADMIN_TOKEN: "admin" } }),
};

/** A client that asks for no streams. */
function plainClient(url: string, retryForMs?: number) {
  return createClient({
    url,
    ...(retryForMs !== undefined && { retryForMs }),
    fetch: (address, { headers: { Accept: _, ...headers }, ...init }) =>
      fetch(address, { ...init, headers }),
  });
}

const isWaiting = ({ waiters }: BucketSnapshot): boolean => waiters === 1;
const isFree = ({ waiters }: BucketSnapshot): boolean => waiters === 0;
const program = join(projectDir, "src/cli/main.ts");

function startProgram(url: string, bucket: string) {
  const args = [program, "acquire", bucket, "--wait", "50s", "--url", url];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  const ended = once(child, "close").then(([code]) => Number(code));
  return { child, ended };
}

describe.each(Object.entries(servers))("over %s", (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  /** A bucket without a token, and for long. */
  async function openEmpty(bucket: string): Promise<string> {
    await changePolicy(server, bucket, { refillIntervalMs: INTERVAL_MS });
    await acquire(server, bucket);
    return bucket;
  }

  it("a client whose signal aborts frees its place at once", async () => {
    const bucket = await openEmpty("signal");
    const controller = new AbortController();
    const asked = plainClient(server.url).acquire(bucket, { signal: controller.signal });
    const caught = asked.catch((error: unknown) => error);
    await untilBucket(server, bucket, isWaiting);
    const abortedAtMs = performance.now();
    controller.abort(new Error("enough"));
    expect(await caught).toMatchObject({ message: "enough" });
    const left = await untilBucket(server, bucket, isFree);
    expect(performance.now() - abortedAtMs).toBeLessThan(AT_ONCE_MS);
    expect(left).toMatchObject({ granted: 1, cancelled: 1 });
  });

  it("those behind a client that gives up move forward", async () => {
    const bucket = await openEmpty("behind");
    const controller = new AbortController();
    const client = plainClient(server.url);
    const first = client.acquire(bucket, { signal: controller.signal }).catch(() => "left");
    await untilBucket(server, bucket, isWaiting);
    const etas: number[] = [];
    const leaving = new AbortController();
    const second = createClient({ url: server.url }).acquire(bucket, {
      timeoutMs: 2 * INTERVAL_MS,
      signal: leaving.signal,
      onQueued: ({ position, etaMs }) => {
        etas.push(position);
        if (position === 2) controller.abort();
        else leaving.abort(new Error(`at the head, in ${etaMs <= INTERVAL_MS}`));
      },
    });
    await expect(second).rejects.toThrow("at the head, in true");
    expect([await first, etas]).toEqual(["left", [2, 1]]);
    const left = await untilBucket(server, bucket, isFree);
    expect(left).toMatchObject({ granted: 1, cancelled: 2 });
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "the program has left when %s has ended it",
    async (by) => {
      const bucket = await openEmpty(by);
      const { child, ended } = startProgram(server.url, bucket);
      await untilBucket(server, bucket, isWaiting);
      child.kill(by);
      expect(await ended).toBe(by === "SIGINT" ? 130 : 143);
      expect(await snapshotOf(server, bucket)).toMatchObject({ waiters: 0, cancelled: 1 });
    },
  );
});

describe("a program that is interrupted", () => {
  it("does not wait for a Sluice that does not answer", async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as AddressInfo;
    const asked = once(silent, "request");
    const { child, ended } = startProgram(`http://127.0.0.1:${port}`, "x");
    await asked;
    const word = once(silent, "request");
    const interruptedAtMs = performance.now();
    child.kill("SIGINT");
    const [request] = (await word) as [{ method: string; url: string }];
    expect([request.method, request.url]).toEqual(["DELETE", "/acquire?bucket=x"]);
    expect(await ended).toBe(130);
    // A second, and not the two for which the client would try.
    expect(performance.now() - interruptedAtMs).toBeLessThan(1_900);
    silent.closeAllConnections();
    silent.close();
  });
});

describe("a Worker that reaches Sluice by its URL", () => {
  it("says that its caller has left, though its request has ended with that", async () => {
    const policy = { capacity: 1, refillTokens: 1, refillIntervalMs: INTERVAL_MS };
    await using server = await startWorkerd({ policies: { "*": policy } });
    await using limited = await startWorkerd({
      main: "kit/workers/limited-by-url.ts",
      vars: { SLUICE_URL: server.url },
      reachesThisMachine: true,
    });
    const response = await fetch(`${limited.url}/gone`);
    expect([response.status, await response.text()]).toEqual([200, "passed"]);
    const connection = await HttpConnection.open(limited.url);
    connection.request("/gone").catch(() => undefined);
    await untilBucket(server, "gone", isWaiting);
    connection.reset();
    const left = await untilBucket(server, "gone", isFree);
    expect(left).toMatchObject({ granted: 1, cancelled: 1 });
  });
});
