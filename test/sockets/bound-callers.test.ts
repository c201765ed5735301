/**
 * Callers by a service binding, in two Workers of bare workerd: their clients are on real sockets, and
 * whoever goes away frees its place.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { untilBucket } from "../../kit/http/callers.ts";
import { HttpConnection, send } from "../../kit/http/http-connection.ts";
import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

const CALLER = "caller";
/** Longer than any of these tests: who is out of the queue has left it, and was not granted. */
const INTERVAL_MS = 60_000;

let server: WorkerdServer;
let callerUrl: string;
beforeAll(async () => {
  server = await startWorkerd({
    vars: { ADMIN_TOKEN: "admin" },
    policies: { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: INTERVAL_MS } },
    others: {
      [CALLER]: {
        main: "kit/workers/bound-caller.ts",
        services: { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } },
      },
    },
  });
  callerUrl = server.urlOf(CALLER);
});
afterAll(async () => {
  await server?.stop();
});

/** Empties the bucket, through the binding. */
async function empty(bucket: string): Promise<void> {
  const { body } = await send(callerUrl, `/wait/${bucket}`);
  expect(body).toMatchObject({ ok: true, bucket, remaining: 0 });
}

describe.concurrent("a caller by a service binding", () => {
  it.each(["wait", "fetch", "places"])("whose client leaves frees its place (%s)", async (way) => {
    const bucket = `leaves-${way}`;
    await empty(bucket);
    const connection = await HttpConnection.open(callerUrl);
    void connection.request(`/${way}/${bucket}`);
    await untilBucket(server, bucket, ({ waiters }) => waiters === 1);
    connection.reset();
    const left = await untilBucket(server, bucket, ({ waiters }) => waiters === 0);
    expect(left).toMatchObject({ granted: 1, cancelled: 1, queuedTokens: 0 });
  });

  it("that answers without waiting frees its place", async () => {
    await empty("forgets");
    expect(await send(callerUrl, "/forget/forgets")).toMatchObject({ body: "forgotten" });
    const left = await untilBucket(server, "forgets", ({ waiters }) => waiters === 0);
    expect(left).toMatchObject({ granted: 1, cancelled: 1 });
  });

  it("that aborts a client's signal frees its place, and goes on", async () => {
    await empty("signal");
    const { body } = await send(callerUrl, "/signal/signal");
    expect(body).toEqual({ reason: "TimeoutError", waiters: 0, cancelled: 1 });
  });

  it("is told its places by RPC", async () => {
    // The head is refused by a reset, so that nobody has to wait for a tick.
    await empty("places");
    const answer = send(callerUrl, "/places/places");
    await untilBucket(server, "places", ({ waiters }) => waiters === 1);
    const headers = { Authorization: "Bearer admin" };
    await send(server.url, "/buckets/places", { method: "DELETE", headers });
    const { body } = await answer;
    expect(body).toMatchObject({
      places: [{ position: 1, etaMs: expect.any(Number) }],
      outcome: { ok: false, reason: "bucket-reset" },
    });
  });

  it("that cannot be told its place by RPC frees it", async () => {
    await empty("deaf");
    const { body } = await send(callerUrl, "/deaf/deaf");
    expect(body).toEqual({ reason: "deaf", waiters: 0, cancelled: 1 });
  });

  it("is told by the runtime that a signal cannot go over RPC, and takes nothing", async () => {
    // Once this fails, the runtime sends signals without a flag, and rpc.ts is to say so.
    expect(await send(callerUrl, "/rpcsignal/signalled")).toMatchObject({ body: "DataCloneError" });
    const untouched = await untilBucket(server, "signalled", () => true);
    expect(untouched).toMatchObject({ granted: 0, waiters: 0 });
  });

  it("matches what is thrown by name, and reads its members", async () => {
    const { body } = await send(callerUrl, "/error/thrown");
    expect(body).toMatchObject({
      name: "SluiceError",
      reason: "unauthorized",
      status: 401,
      detail: "Unknown admin key",
    });
  });
});
