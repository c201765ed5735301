/**
 * What a user might run in place of Sluice: Node's `http` with `rate-limiter-flexible`, which counts in
 * memory or in Redis. It answers what Sluice answers, and 429 where nothing is left.
 *
 *   node http-server.ts ANSWER [REDIS_PORT]
 *
 * ANSWER is JSON, `fields` and `body`. Prints the port that it listens on.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { createClient } from "@redis/client";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

const [answerText = "{}", redisPort] = process.argv.slice(2);
const { fields, body } = JSON.parse(answerText) as { fields: Record<string, string>; body: string };

const bodyBytes = Buffer.byteLength(body);

/** In windows of a second: more than anybody asks for, as of all that are measured here. */
const LIMIT = { points: 1_000_000, duration: 1 };

const limiter = redisPort === undefined ? new RateLimiterMemory(LIMIT) : await inRedis(redisPort);

async function inRedis(port: string): Promise<RateLimiterRedis> {
  const storeClient = createClient({ url: `redis://127.0.0.1:${port}` });
  await storeClient.connect();
  return new RateLimiterRedis({ ...LIMIT, storeClient, useRedisPackage: true });
}

const server = createServer((_request, response) => {
  limiter.consume("bench").then(
    () => response.writeHead(200, { ...fields, "Content-Length": bodyBytes }).end(body),
    (refusal: unknown) => {
      // Anything else is a failure of its store.
      response.writeHead(refusal instanceof RateLimiterRes ? 429 : 500).end();
    },
  );
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
