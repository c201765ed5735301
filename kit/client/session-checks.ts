/** What a client does over a session and could not do, or not break, over HTTP: on every runtime, against a real Sluice. */
import type { Client, ClosableClient } from "../../src/client/client.ts";
import type { ClientSocket } from "../../src/client/index.ts";

import { withHold, withPermit } from "../../src/client/index.ts";
import {
  assert,
  assertEqual,
  assertGranted,
  errorOf,
  passMs,
  until,
  type Check,
} from "./client-checks.ts";

/** The number of sessions of a bucket. */
async function sessionsOf(client: Client, bucket: string): Promise<number> {
  const { sessions = 0 } = await client.inspect(bucket);
  return sessions;
}

/** Resolves once that many acquires of the bucket wait. */
function waiting(client: Client, bucket: string, count: number): Promise<void> {
  return until(async () => (await client.inspect(bucket)).waiters === count);
}

/** A client over HTTP, which opens no session by looking. */
function observer(connect: (options: { transport: "http" }) => ClosableClient): ClosableClient {
  return connect({ transport: "http" });
}

export const sessionChecks: Readonly<Record<string, Check>> = {
  async "all acquires of a bucket share a session, and are granted in order"(scene) {
    const { connect, bucket, adminToken } = scene;
    const watcher = observer(connect);
    const refill = { capacity: 1, refillIntervalMs: 100 };
    await connect({ token: adminToken }).setPolicy(bucket, refill);
    const client = connect();
    const ended: number[] = [];
    const acquired = Array.from({ length: 12 }, async (_, index) => {
      assertGranted(await client.acquire(bucket));
      ended.push(index);
    });
    await waiting(watcher, bucket, 8);
    assertEqual(await sessionsOf(watcher, bucket), 1);
    await Promise.all(acquired);
    assertEqual(
      ended,
      ended.toSorted((one, other) => one - other),
    );
    assertEqual((await watcher.inspect(bucket)).granted, 12);
  },

  async "a session closes a second after its last acquire, or with its client"({
    connect,
    bucket,
  }) {
    const watcher = observer(connect);
    const client = connect();
    assertGranted(await client.acquire(bucket));
    assertEqual(await sessionsOf(watcher, bucket), 1);
    await until(async () => (await sessionsOf(watcher, bucket)) === 0);
    const other = connect();
    const held = other.acquire(bucket, { timeoutMs: 10_000 });
    await until(async () => (await sessionsOf(watcher, bucket)) === 1);
    other.close();
    assertGranted(await held);
    assertEqual(await sessionsOf(watcher, bucket), 0);
  },

  async "a session that is cut while its acquires wait resumes, and they pay once"({
    connect,
    through,
    bucket,
  }) {
    const watcher = observer(connect);
    const client = through("sever");
    const ended: number[] = [];
    const acquired = [0, 1, 2].map(async (index) => {
      assertGranted(await client.acquire(bucket));
      ended.push(index);
    });
    await Promise.all(acquired);
    assertEqual([ended, (await watcher.inspect(bucket)).granted], [[0, 1, 2], 3]);
  },

  async "a grant whose frame is lost is given again"({ connect, through, run }) {
    const bucket = `five:${run}:lost-frame`;
    const outcome = await through("lose").acquire(bucket, { tokens: 2 });
    assertGranted(outcome);
    assertEqual([outcome.tokens, outcome.remaining], [2, 3]);
    assertEqual((await observer(connect).inspect(bucket)).granted, 1);
  },

  async "a settle whose frame is lost is sent again, and counts once"({ connect, through, run }) {
    const bucket = `held:${run}:lost-frame`;
    const asked = { limits: { tpm: 1_000 } };
    await withHold(through("misplace"), bucket, asked, ({ used }) => used({ tpm: 400 }));
    const { limits } = await observer(connect).inspect(bucket);
    assertEqual(limits?.["tpm"]?.tokens, 9_600);
  },

  async "a grant that crosses its cancel is given back"({ connect, run }) {
    const bucket = `single:${run}:crossing`;
    const caller = new AbortController();
    // The frame has arrived, and is not yet read.
    class Crossed implements ClientSocket {
      readonly #socket: ClientSocket;

      constructor(url: string, protocols: string[]) {
        this.#socket = new WebSocket(url, protocols);
      }

      addEventListener(...[type, listener]: Parameters<ClientSocket["addEventListener"]>): void {
        this.#socket.addEventListener(type, (event) => {
          if (String(event.data).includes('"granted"')) caller.abort();
          listener(event);
        });
      }

      send(text: string): void {
        this.#socket.send(text);
      }

      close(): void {
        this.#socket.close();
      }
    }
    const client = connect({ WebSocket: Crossed });
    const options = { signal: caller.signal, holdMs: 30_000, tokens: 10 };
    assertEqual((await errorOf(client.acquire(bucket, options))).name, "AbortError");
    const watcher = observer(connect);
    await until(async () => (await watcher.inspect(bucket)).tokens === 100);
    const next = await watcher.tryAcquire(bucket);
    assertGranted(next);
    await watcher.releasePermit(bucket, next.permit?.id ?? "");
  },

  async "a permit that its holder leaves alone comes back at its time"({ connect, run }) {
    const bucket = `single:${run}:left-alone`;
    const client = connect();
    const first = await client.acquire(bucket);
    assertGranted(first);
    const startedAtMs = Date.now();
    const second = await observer(connect).acquire(bucket, { timeoutMs: 10_000 });
    assertGranted(second);
    const tookMs = Date.now() - startedAtMs;
    assert(tookMs > 1_500 && tookMs < 5_000, `waited for ${tookMs} ms`);
    assertEqual(await client.extendPermit(bucket, first.permit?.id ?? ""), {
      ok: false,
      reason: "permit-lost",
    });
  },

  async "a permit goes on with the next connection, within its grace"(scene) {
    const { connect, through, run, adminToken } = scene;
    const bucket = `five:${run}:grace`;
    const watcher = observer(connect);
    const concurrency = { max: 1, ttlMs: 2_000, graceMs: 1_000 };
    await connect({ token: adminToken }).setPolicy(bucket, { concurrency });
    const client = through("sever");
    const working = withPermit(client, bucket, {}, () => passMs(4_000));
    await until(async () => (await watcher.inspect(bucket)).granted === 1);
    // It waits, and with that, the connection is cut.
    const second = client.acquire(bucket, { timeoutMs: 20_000 });
    const first = await working;
    assert(first.ok, "the permit was lost");
    const outcome = await second;
    assertGranted(outcome);
    assert(outcome.waitedMs > 3_000, `waited for ${outcome.waitedMs} ms`);
    await client.releasePermit(bucket, outcome.permit?.id ?? "");
  },

  async "auto opens a session once several acquires are under way"({ connect, bucket }) {
    const watcher = observer(connect);
    const client = connect({ transport: "auto" });
    assertGranted(await client.acquire(bucket));
    await passMs(100);
    assertEqual(await sessionsOf(watcher, bucket), 0);
    const acquired = Array.from({ length: 4 }, () => client.acquire(bucket, { timeoutMs: 10_000 }));
    await until(async () => (await sessionsOf(watcher, bucket)) === 1);
    for (const outcome of await Promise.all(acquired)) assertGranted(outcome);
    client.close();
  },
};
