/** Tokens are in nothing that Sluice says: neither in its answers nor in its log. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";

import { afterAll, beforeAll, expect, it } from "vitest";

import { send, type Answer, type RequestOptions } from "../../kit/http/http-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** No part of these is in anything else that is said here. */
const TOKENS = {
  all: "tq7wzk-9fj2",
  bound: "vh3xjp-8qd5",
  admin: "zk5fgq-4wn8",
  wrong: "jw6qvx-3kz7",
};
const PARTS = Object.values(TOKENS).flatMap((token) => token.split("-"));

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    vars: {
      API_TOKEN: JSON.stringify([
        TOKENS.all,
        { token: TOKENS.bound, buckets: ["bound:*"], may: ["read"] },
      ]),
      ADMIN_TOKEN: TOKENS.admin,
    },
    policies: {
      "full:*": {
        capacity: 1,
        refillTokens: 1,
        refillIntervalMs: 60_000,
        queueLimit: 0,
        initialTokens: 0,
      },
      "x:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000 },
      "bound:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000 },
    },
  });
});
afterAll(async () => {
  await server?.stop();
});

function as(token: string | undefined, options: RequestOptions = {}): RequestOptions {
  return {
    ...options,
    headers: { ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
  };
}

function expectNoToken(text: string): void {
  for (const part of PARTS) expect(text).not.toContain(part);
}

async function expectAnswer(
  [token, method, path, body]: readonly [string | undefined, string, string, object?],
  [status, reason]: readonly [number, string?],
): Promise<Answer> {
  const answer = await send(server.url, path, as(token, { method, ...(body && { body }) }));
  expect(answer.status, `${method} ${path}`).toBe(status);
  if (reason !== undefined) expect(answer.body).toMatchObject({ reason });
  expectNoToken(JSON.stringify([answer.headers, answer.body]));
  return answer;
}

it("every kind of answer, and the log of it", async () => {
  const { all, bound, admin, wrong } = TOKENS;
  const x = "/acquire?bucket=x:1";
  await expectAnswer([undefined, "GET", "/healthz"], [200]);
  await expectAnswer([all, "GET", x], [200]);
  await expectAnswer([bound, "GET", "/buckets/bound:1"], [200]);
  await expectAnswer([admin, "PUT", "/buckets/x:1", { capacity: 1 }], [200]);
  await expectAnswer([all, "GET", "/acquire?bucket=%20"], [400, "invalid-request"]);
  await expectAnswer([all, "POST", "/acquire", { token: 1 }], [400, "invalid-request"]);
  await expectAnswer([all, "GET", `${x}&timeoutMs=3600000`], [400, "invalid-request"]);
  await expectAnswer([admin, "PUT", "/buckets/x:1", { capacity: 0 }], [400, "invalid-request"]);
  await expectAnswer([undefined, "GET", x], [401, "unauthorized"]);
  await expectAnswer([wrong, "GET", x], [401, "unauthorized"]);
  await expectAnswer([bound, "GET", x], [401, "unauthorized"]);
  await expectAnswer([bound, "GET", "/buckets/x:1"], [401, "unauthorized"]);
  await expectAnswer([all, "DELETE", "/buckets/x:1"], [401, "unauthorized"]);
  await expectAnswer([admin, "GET", x], [401, "unauthorized"]);
  await expectAnswer([all, "GET", "/acquire?bucket=y"], [404, "unknown-bucket"]);
  await expectAnswer([all, "GET", "/nowhere"], [404, "not-found"]);
  await expectAnswer([all, "PATCH", x], [405, "method-not-allowed"]);
  const large = { capacity: "x".repeat(20_000) };
  await expectAnswer([admin, "PUT", "/buckets/x:1", large], [413, "body-too-large"]);
  await expectAnswer([all, "GET", `${x}&tokens=2`], [422, "exceeds-capacity"]);
  await expectAnswer([all, "GET", `${x}&timeoutMs=0`], [429, "timeout"]);
  await expectAnswer([all, "GET", "/acquire?bucket=full:1"], [429, "queue-full"]);
  await expectAnswer([admin, "DELETE", "/buckets/x:1"], [204]);
  expectNoToken(server.output);
});

/** Puts a state of no known format in place of every bucket's. */
async function spoilStates(dir: string): Promise<void> {
  for (const file of await readdir(dir, { recursive: true })) {
    if (!/[0-9a-f]{64}\.sqlite$/.test(file)) continue;
    const database = new DatabaseSync(join(dir, file));
    // A bucket that was reset has no table.
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").get()) {
      database.prepare("UPDATE _cf_KV SET value = ?").run(serialize({ format: 0 }));
    }
    database.close();
  }
}

it("a bucket whose state cannot be read: 503, and an error in the log", async () => {
  await expectAnswer([TOKENS.all, "GET", "/acquire?bucket=x:broken"], [200]);
  await server.kill();
  await spoilStates(server.stateDir);
  await server.restart();
  await expectAnswer([TOKENS.all, "GET", "/acquire?bucket=x:broken"], [503, "unavailable"]);
  expect(server.output).toContain("Cannot reach the bucket");
  expect(server.output).toContain("Cannot read a state of format 0");
  expectNoToken(server.output);
});
