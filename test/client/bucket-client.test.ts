/** What each verb for a bucket as a whole sends, and what it makes of the answer. */
import { describe, expect, it } from "vitest";

import { createClient, type Client } from "../../src/client/client.ts";

const snapshot = { bucket: "a/b", policy: {}, tokens: 1 };
const buckets = { buckets: [], omitted: 3 };
const history = { intervalMs: 10_000, points: [] };
const waiters = { waiters: [], omitted: 0 };
const dryRun = { snapshot, refused: [], moved: 0 };

function clientOf(response: () => Response): { client: Client; sent: string[] } {
  const sent: string[] = [];
  const client = createClient({
    url: "http://sluice.test",
    fetch: async (url, { method, body = "" }) => {
      sent.push(`${method} ${url.replace("http://sluice.test", "")} ${body}`);
      return response();
    },
  });
  return { client, sent };
}

type Call = (client: Client) => Promise<unknown>;

function problem(status: number, reason: string): () => Response {
  const body = JSON.stringify({ status, reason, detail: "Because" });
  return () => new Response(body, { status });
}

describe("a call for a bucket", () => {
  it.each<readonly [Call, object | null, string, unknown]>([
    [(client) => client.inspect("a/b"), snapshot, "GET /buckets/a%2Fb ", snapshot],
    [
      (client) => client.setPolicy("a/b", { capacity: 5 }, { note: "why" }),
      snapshot,
      'PUT /buckets/a%2Fb {"capacity":5,"note":"why"}',
      snapshot,
    ],
    [
      (client) => client.dropOverride("a/b"),
      snapshot,
      "DELETE /buckets/a%2Fb/policy?to=configured ",
      snapshot,
    ],
    [
      (client) => client.dropOverride("a/b", { to: "previous" }),
      snapshot,
      "DELETE /buckets/a%2Fb/policy?to=previous ",
      snapshot,
    ],
    [(client) => client.reset("a/b"), null, "DELETE /buckets/a%2Fb ", undefined],
    [
      (client) => client.pause("a/b", { untilMs: 5 }),
      snapshot,
      'POST /buckets/a%2Fb/pause {"untilMs":5}',
      snapshot,
    ],
    [
      (client) => client.dryRun("a/b", { capacity: 5 }),
      dryRun,
      'POST /buckets/a%2Fb/dry-run {"capacity":5}',
      dryRun,
    ],
    [(client) => client.listWaiters("a/b"), waiters, "GET /buckets/a%2Fb/waiters ", waiters],
    [
      (client) => client.listWaiters("a/b", { limit: 7 }),
      waiters,
      "GET /buckets/a%2Fb/waiters?limit=7 ",
      waiters,
    ],
    [(client) => client.listBuckets(), buckets, "GET /buckets ", buckets],
    [
      (client) => {
        return client.listBuckets({ prefix: "a/b", sort: "name", limit: 7, recent: true });
      },
      buckets,
      "GET /buckets?prefix=a%2Fb&sort=name&limit=7&recent=true ",
      buckets,
    ],
    [(client) => client.history("a/b"), history, "GET /buckets/a%2Fb/history ", history],
    [
      (client) => client.removeWaiter("a/b", "1795425904731.002-17"),
      null,
      "DELETE /buckets/a%2Fb/waiters/1795425904731.002-17 ",
      true,
    ],
  ])("%# is sent, and its answer is read", async (call, body, line, outcome) => {
    const status = body === null ? 204 : 200;
    const { client, sent } = clientOf(() => {
      return new Response(body && JSON.stringify(body), { status });
    });
    expect(await call(client)).toEqual(outcome);
    expect(sent).toEqual([line]);
  });

  it("resolves with false if nobody of that id waits", async () => {
    const { client, sent } = clientOf(problem(404, "unknown-waiter"));
    expect(await client.removeWaiter("x", "1-1")).toBe(false);
    expect(sent).toHaveLength(1);
  });

  it.each<readonly [Call, () => Response, string]>([
    [(client) => client.dropOverride("x"), problem(409, "no-override"), "no-override"],
    [(client) => client.removeWaiter("x", "1-1"), problem(404, "unknown-bucket"), "unknown-bucket"],
    [(client) => client.removeWaiter("x", "1-1"), () => Response.json({}), "unexpected-answer"],
    [(client) => client.listWaiters("x"), () => Response.json({}), "unexpected-answer"],
    [(client) => client.listBuckets(), () => Response.json({}), "unexpected-answer"],
    [(client) => client.history("x"), () => Response.json({}), "unexpected-answer"],
    [(client) => client.dryRun("x", {}), () => Response.json({}), "unexpected-answer"],
    [(client) => client.inspect("x"), () => Response.json({}), "unexpected-answer"],
    [(client) => client.reset("x"), () => Response.json({}), "unexpected-answer"],
  ])("%# rejects with anything else, after one attempt", async (call, response, reason) => {
    const { client, sent } = clientOf(response);
    await expect(call(client)).rejects.toMatchObject({ reason });
    expect(sent).toHaveLength(1);
  });

  it.each<readonly [Call, string]>([
    [(client) => client.setPolicy("x", {}, { note: "a\nb" }), "note must be at most 200 printable"],
    [(client) => client.setPolicy("x", {}, { token: "t" } as never), '"token" is not one of note'],
    [(client) => client.dropOverride("x", { to: "x" as never }), "to must be one of configured"],
    [(client) => client.listBuckets({ prefix: "#" }), "prefix must be empty or 1 to 128"],
    [(client) => client.listBuckets({ sort: "x" as never }), "sort must be one of waiters"],
    [(client) => client.listBuckets({ limit: 1_001 }), "limit must be an integer from 1 to 1000"],
    [(client) => client.listBuckets({ recent: 1 as never }), "recent must be true or false"],
    [(client) => client.listWaiters("x", { limit: 0 }), "limit must be an integer from 1 to 1000"],
    [(client) => client.removeWaiter("x", ".."), 'id must be that of a waiter: got ".."'],
    [(client) => client.removeWaiter("x", "a/b"), "id must be that of a waiter"],
    [(client) => client.removeWaiter("x", ""), "id must be that of a waiter"],
    [(client) => client.removeWaiter("..", "1-1"), 'bucket must not be "." or ".."'],
  ])("%# is checked before it is sent", async (call, message) => {
    const { client, sent } = clientOf(() => Response.json({}));
    await expect(call(client)).rejects.toThrow(message);
    expect(sent).toEqual([]);
  });
});

describe("an acquire that an admin removes", () => {
  it("is refused with cancelled-by-admin, and is not asked again", async () => {
    const { client, sent } = clientOf(problem(503, "cancelled-by-admin"));
    expect(await client.acquire("x", { timeoutMs: 500 })).toEqual({
      ok: false,
      bucket: "x",
      tokens: 1,
      reason: "cancelled-by-admin",
      detail: "Because",
    });
    expect(sent).toHaveLength(1);
  });
});
