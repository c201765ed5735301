/**
 * Fifty waits under one `AbortSignal`: of a client, of a client that follows streams, of an
 * in-process filter. Prints how many listeners the signal had during and after the waits, and how
 * many waits ended with its reason. The runtime's warnings about leaks go to standard error.
 */
import { getEventListeners } from "node:events";

import { createClient } from "../../src/client/index.ts";
import { createTokenBucketFilter } from "../../src/local/index.ts";

const WAITS = 50;

const stream = (): Response => {
  return new Response(new ReadableStream(), { headers: { "Content-Type": "text/event-stream" } });
};
const fetches: Readonly<Record<string, () => Promise<Response>>> = {
  client: () => new Promise(() => undefined),
  "client that follows": () => Promise.resolve(stream()),
  "client that pauses": () => Promise.reject(new Error("down")),
};

async function run(wait: (signal: AbortSignal) => Promise<unknown>): Promise<object> {
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Array.from({ length: WAITS }, () => wait(signal));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const waiting = getEventListeners(signal, "abort").length;
  controller.abort(new Error("enough"));
  const settled = await Promise.allSettled(waits);
  const cancelled = settled.filter(
    (result) => result.status === "rejected" && result.reason === signal.reason,
  );
  return { waiting, after: getEventListeners(signal, "abort").length, cancelled: cancelled.length };
}

const findings: Record<string, object> = {};
for (const [name, fetch] of Object.entries(fetches)) {
  const client = createClient({ url: "http://sluice.test", fetch });
  findings[name] = await run((signal) => client.acquire("x", { signal }));
}
const filter = createTokenBucketFilter(1, { initialTokens: 0 });
findings["filter"] = await run((signal) => filter.getToken({ signal, timeoutMs: 60_000 }));
console.log(JSON.stringify(findings));
