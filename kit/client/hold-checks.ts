/** Holds and permits of the client on every runtime, against a real Sluice. */
import type { Client } from "../../src/client/client.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { withHold, withPermit } from "../../src/client/index.ts";
import {
  assert,
  assertEqual,
  assertGranted,
  errorOf,
  passMs,
  until,
  type Check,
  type Scene,
} from "./client-checks.ts";

/** One request, and an estimate of LLM tokens. */
const asked = { limits: { tpm: 1_000 } };

/** What is left of `rate` and `tpm`, and what is held of both. */
async function leftOf(client: Client, bucket: string): Promise<readonly unknown[]> {
  const snapshot = await client.inspect(bucket);
  const { heldTokens } = snapshot as BucketSnapshot & { heldTokens?: Record<string, number> };
  return [
    snapshot.tokens,
    snapshot.limits?.["tpm"]?.tokens,
    heldTokens?.["rate"],
    heldTokens?.["tpm"],
  ];
}

/** A client whose first call that `isLost` picks arrives, and whose answer doesn't. */
function losing(connect: Scene["connect"], isLost: (body: string) => boolean) {
  const lines: string[] = [];
  const client = connect({
    fetch: async (address, init) => {
      const response = await fetch(address, init);
      const { body = "" } = init;
      if (!isLost(body)) return response;
      lines.push(body);
      if (lines.length > 1) return response;
      await response.text();
      throw new TypeError("The answer was lost");
    },
  });
  return { client, lines };
}

/** A stream of Sluice that goes on for a minute: a request that waits. */
async function openStream(
  { bucket, adminToken, connect }: Scene,
  waitUrl: string,
  signal?: AbortSignal,
): Promise<Response> {
  await connect({ token: adminToken }).setPolicy(bucket, { refillIntervalMs: 50_000 });
  await connect().acquire(bucket);
  return fetch(`${waitUrl}/acquire?bucket=${encodeURIComponent(bucket)}&timeoutMs=60000`, {
    headers: { Accept: "text/event-stream", "Idempotency-Key": bucket },
    ...(signal && { signal }),
  });
}

export const holdChecks: Readonly<Record<string, Check>> = {
  async "a hold is settled with what was used"({ connect, run }) {
    const client = connect();
    const bucket = `held:${run}:settled`;
    const outcome = await withHold(client, bucket, asked, async ({ used, grant }) => {
      assertEqual(await leftOf(client, bucket), [99, 9_000, 1, 1_000]);
      used({ tpm: 10 });
      used({ tpm: 400 });
      return grant.hold?.id.length ?? 0;
    });
    assert(outcome.ok && outcome.value > 16, `got ${JSON.stringify(outcome)}`);
    assertEqual(await leftOf(client, bucket), [99, 9_600, 0, 0]);
  },

  async "what was used beyond a hold is taken, too"({ connect, run }) {
    const client = connect();
    const bucket = `held:${run}:owed`;
    await withHold(client, bucket, asked, ({ used }) => used({ tpm: 2_500 }));
    assertEqual(await leftOf(client, bucket), [99, 7_500, 0, 0]);
  },

  async "work that throws settles what it used so far"({ connect, run }) {
    const client = connect();
    const bucket = `held:${run}:thrown`;
    const working = withHold(client, bucket, asked, ({ used }) => {
      used({ rate: 0, tpm: 0 });
      throw new Error("no answer");
    });
    assertEqual((await errorOf(working)).message, "no answer");
    assertEqual(await leftOf(client, bucket), [100, 10_000, 0, 0]);
  },

  async "work that says nothing leaves its estimate spent"({ connect, run }) {
    const client = connect();
    const bucket = `held:${run}:unsaid`;
    const caller = new AbortController();
    const options = { ...asked, signal: caller.signal };
    const working = withHold(client, bucket, options, async ({ signal }) => {
      caller.abort();
      signal.throwIfAborted();
    });
    assertEqual((await errorOf(working)).name, "AbortError");
    assertEqual(await leftOf(client, bucket), [99, 9_000, 0, 0]);
  },

  async "a refusal comes instead of the work"({ connect, run }) {
    const client = connect();
    const limits = { tpm: 10_001 };
    const outcome = await withHold(client, `held:${run}:refused`, { limits }, () => "never");
    assertEqual([outcome.ok, !outcome.ok && outcome.reason], [false, "exceeds-capacity"]);
  },

  async "a stream that its reader leaves half-way is settled then"(scene) {
    const client = scene.connect();
    const bucket = `held:${scene.run}:left`;
    const outcome = await withHold(client, bucket, asked, async ({ used, signal }) => {
      const response = await openStream(scene, scene.url, signal);
      used({ tpm: 50 });
      return response;
    });
    assert(outcome.ok, "granted");
    const reader = outcome.value.body?.getReader();
    const first = await reader?.read();
    assert(first?.done === false, "the stream had begun");
    assertEqual(await leftOf(client, bucket), [99, 9_000, 1, 1_000]);
    await reader?.cancel();
    await until(async () => (await leftOf(client, bucket))[3] === 0);
    assertEqual(await leftOf(client, bucket), [99, 9_950, 0, 0]);
    await until(async () => (await client.inspect(scene.bucket)).waiters === 0);
  },

  async "a stream whose connection breaks half-way is settled then"(scene) {
    const client = scene.connect();
    const bucket = `held:${scene.run}:broken`;
    const outcome = await withHold(client, bucket, asked, async ({ used }) => {
      const response = await openStream(scene, `${scene.faultyUrl}/sever`);
      used({ tpm: 70 });
      return response;
    });
    assert(outcome.ok, "granted");
    await errorOf(outcome.value.text());
    await until(async () => (await leftOf(client, bucket))[3] === 0);
    assertEqual(await leftOf(client, bucket), [99, 9_930, 0, 0]);
  },

  async "a settle whose answer is lost is sent again, and counts once"({ connect, run }) {
    const { client, lines } = losing(connect, (body) => body.includes("used"));
    const bucket = `held:${run}:lost`;
    const outcome = await withHold(client, bucket, asked, ({ used }) => used({ tpm: 400 }));
    assert(outcome.ok, "granted");
    assertEqual(lines, ['{"used":{"tpm":400}}', '{"used":{"tpm":400}}']);
    assertEqual(await leftOf(client, bucket), [99, 9_600, 0, 0]);
  },

  async "the holder of a hold may spend, extend and settle it"({ connect, run }) {
    const client = connect();
    const bucket = `held:${run}:verbs`;
    const granted = await client.acquire(bucket, { tokens: 10, holdMs: 5_000 });
    assertGranted(granted);
    const id = granted.hold?.id ?? "";
    const spent = await client.spendHold(bucket, id, 4);
    assertEqual(spent, { ok: true, ...granted.hold });
    const extended = await client.extendHold(bucket, id, 30_000);
    assert(
      extended.ok && extended.expiresAtMs >= granted.grantedAtMs + 30_000,
      `got ${JSON.stringify(extended)}`,
    );
    const settled = await client.settleHold(bucket, id, 6);
    assert(
      settled.ok && settled.settledAtMs >= granted.grantedAtMs,
      `got ${JSON.stringify(settled)}`,
    );
    const numbers = [settled.used, settled.returned, settled.owed];
    assertEqual(numbers, [
      { rate: 6, tpm: 6 },
      { rate: 4, tpm: 4 },
      { rate: 0, tpm: 0 },
    ]);
    assertEqual(await client.settleHold(bucket, id, 6), settled);
    const { settledAtMs } = settled;
    const refused = { ok: false, reason: "hold-settled", settledAtMs };
    assertEqual(await client.settleHold(bucket, id, 7), refused);
    const unknown = await client.dropHold(bucket, "nobody");
    assertEqual(unknown, { ok: false, reason: "unknown-hold" });
    const error = await errorOf(client.extendHold(bucket, id, 60_001));
    assertEqual(
      [error.name, "reason" in error && error.reason],
      ["SluiceError", "invalid-request"],
    );
  },

  async "a permit keeps others out until it is given back, beyond its time"({ connect, run }) {
    const client = connect();
    const bucket = `single:${run}:kept`;
    const ends: string[] = [];
    const first = withPermit(client, bucket, {}, async ({ fence }) => {
      await passMs(2_500);
      ends.push("first");
      return fence;
    });
    await until(async () => (await client.inspect(bucket)).granted === 1);
    const second = withPermit(client, bucket, {}, ({ fence }) => {
      ends.push("second");
      return fence;
    });
    const [one, two] = [await first, await second];
    assertEqual(ends, ["first", "second"]);
    assert(one.ok && two.ok && two.value > one.value, `got ${JSON.stringify([one, two])}`);
    const third = await client.tryAcquire(bucket);
    assertGranted(third);
    await client.releasePermit(bucket, third.permit?.id ?? "");
    await client.releasePermit(bucket, third.permit?.id ?? "");
    assertEqual(await client.extendPermit(bucket, third.permit?.id ?? ""), {
      ok: false,
      reason: "permit-lost",
    });
  },

  async "work whose permit is lost is stopped, and its stream, too"({ connect, run }) {
    const client = connect();
    const bucket = `single:${run}:lost`;
    const working = withPermit(client, bucket, {}, async ({ id, signal }) => {
      await client.releasePermit(bucket, id);
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    });
    assertEqual((await errorOf(working)).name, "PermitLostError");
    const outcome = await withPermit(client, bucket, {}, async ({ id }) => {
      await client.releasePermit(bucket, id);
      return new Response(new ReadableStream());
    });
    assert(outcome.ok, "granted");
    // Chromium has another error for `text()`.
    const reader = outcome.value.body?.getReader();
    assertEqual((await errorOf(Promise.resolve(reader?.read()))).name, "PermitLostError");
  },

  async "a caller that aborts stops its work and gives its permit back"({ connect, run }) {
    const client = connect();
    const bucket = `single:${run}:aborted`;
    const caller = new AbortController();
    const options = { signal: caller.signal, holdMs: 30_000, tokens: 10 };
    const working = withPermit(client, bucket, options, async ({ signal, used }) => {
      used(3);
      caller.abort();
      signal.throwIfAborted();
    });
    assertEqual((await errorOf(working)).name, "AbortError");
    const next = await client.tryAcquire(bucket);
    assertGranted(next);
    assertEqual(next.remaining, 96);
  },

  async "a grant that its caller no longer wants is given back"({ connect, run }) {
    const bucket = `single:${run}:unwanted`;
    const caller = new AbortController();
    // The answer is there, and not yet read.
    const client = connect({
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        if (init.method === "POST") caller.abort();
        return response;
      },
    });
    const options = { signal: caller.signal, holdMs: 30_000, tokens: 10 };
    assertEqual((await errorOf(client.acquire(bucket, options))).name, "AbortError");
    await until(async () => (await connect().inspect(bucket)).tokens === 100);
    assertGranted(await connect().tryAcquire(bucket));
  },

  async "a bucket without permits can't be worked on under one"({ connect, bucket }) {
    const error = await errorOf(withPermit(connect(), bucket, {}, () => "never"));
    assertEqual(error.name, "TypeError");
  },
};
