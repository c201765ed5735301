/** Work under a hold and a permit inside the Workers runtime, with its own streams. */
import { exports } from "cloudflare:workers";
import { expect, it, vi } from "vitest";

import { HOLDING, ONE_AT_A_TIME, openBucket } from "../../kit/edge/open-grants.ts";
import { createClient, withHold, withPermit, withRateLimit } from "../../src/client/index.ts";

const service = { fetch: (request: Request) => exports.default.fetch(request) };
const client = createClient({ service, retryForMs: 0 });

/** Two chunks, with LLM tokens told on the way. */
function answerOf(used: (tokens: { tpm: number }) => void): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      used({ tpm: 7 });
      controller.enqueue(chunk);
    },
  });
  const source = new Response("first;second").body;
  void source?.pipeTo(writable).catch(() => undefined);
  return new Response(readable, { status: 201, headers: { "X-Model": "small" } });
}

async function tokensOf(bucket: string): Promise<unknown> {
  const { limits } = await client.inspect(bucket);
  return limits?.["tpm"]?.tokens;
}

it("a response is settled when it has been read, or left", async () => {
  for (const end of ["read", "left"]) {
    const bucket = await openBucket(HOLDING);
    const kept: Promise<unknown>[] = [];
    const options = {
      limits: { tpm: 50 },
      waitUntil: (promise: Promise<unknown>) => kept.push(promise),
    };
    const outcome = await withHold(client, bucket, options, ({ used }) => answerOf(used));
    const response = outcome.ok ? outcome.value : new Response();
    expect([response.status, response.headers.get("X-Model")]).toEqual([201, "small"]);
    if (end === "read") expect(await response.text()).toBe("first;second");
    else await response.body?.cancel();
    await Promise.all(kept);
    if (end === "read") expect(await tokensOf(bucket)).toBe(93);
    else expect([93, 50]).toContain(await tokensOf(bucket));
  }
});

it("a permit is given back when a handler's answer has been read", async () => {
  const bucket = await openBucket(ONE_AT_A_TIME);
  const kept: Promise<unknown>[] = [];
  const ctx = { waitUntil: (promise: Promise<unknown>) => kept.push(promise) };
  const limited = withRateLimit<Request, object, object>(() => answerOf(vi.fn<() => void>()), {
    client,
    bucket,
  });
  const response = await limited(new Request("http://app.test/"), {}, ctx);
  const busy = await withPermit(client, bucket, { timeoutMs: 0 }, () => "never");
  expect(busy).toMatchObject({ ok: false, reason: "timeout", estimate: true });
  expect(await response.text()).toBe("first;second");
  await Promise.all(kept);
  expect(await withPermit(client, bucket, { timeoutMs: 0 }, ({ fence }) => fence > 0)).toEqual({
    ok: true,
    value: true,
  });
});
