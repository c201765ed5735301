/** Buckets whose files can be seen: unused ones are answered for without an object. */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { shardNamed } from "../../src/directory/shards.ts";
import { ONE_A_SECOND, deployed } from "../../kit/edge/deployed.ts";
import { FakeFiles } from "../../kit/edge/fake-files.ts";
import { ADMIN } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

const put = (body: object): RequestInit => ({
  method: "PUT",
  headers: ADMIN,
  body: JSON.stringify(body),
});

/** What asks for nothing, and what no bucket of its policy can give. */
const inVain: readonly (readonly [what: string, path: (name: string) => string, RequestInit?])[] = [
  ["a snapshot", (name) => `/buckets/${name}`],
  ["metrics", (name) => `/metrics?bucket=${name}`],
  ["more tokens than fit", (name) => `/acquire?bucket=${name}&tokens=2`],
  ["more patience than allowed", (name) => `/acquire?bucket=${name}&timeoutMs=60001`],
  ["a hold where there are none", (name) => `/acquire?bucket=${name}&holdMs=1000`],
  [
    "more tokens than fit, as a stream",
    (name) => `/acquire?bucket=${name}&tokens=2`,
    { headers: { Accept: "text/event-stream" } },
  ],
  ["an empty PUT", (name) => `/buckets/${name}`, put({})],
  ["an illegal PUT", (name) => `/buckets/${name}`, put({ initialTokens: 2 })],
  ["a DELETE", (name) => `/buckets/${name}`, { method: "DELETE", headers: ADMIN }],
  [
    "the end of a pause",
    (name) => `/buckets/${name}/pause`,
    { method: "POST", headers: ADMIN, body: JSON.stringify({ untilMs: 0 }) },
  ],
  [
    "a dry run",
    (name) => `/buckets/${name}/dry-run`,
    { ...put({ capacity: 5, concurrency: { max: 1, ttlMs: 1_000 } }), method: "POST" },
  ],
  [
    "an override to take back",
    (name) => `/buckets/${name}/policy`,
    { method: "DELETE", headers: ADMIN },
  ],
  ["its history", (name) => `/buckets/${name}/history`],
  ["its waiters", (name) => `/buckets/${name}/waiters`],
  [
    "the removal of a waiter",
    (name) => `/buckets/${name}/waiters/1-1`,
    { method: "DELETE", headers: ADMIN },
  ],
  [
    "a settle of a hold",
    (name) => `/buckets/${name}/holds/any`,
    { method: "POST", body: JSON.stringify({ used: 1 }) },
  ],
  ["the end of a hold", (name) => `/buckets/${name}/holds/any`, { method: "DELETE" }],
  ["a permit to keep", (name) => `/buckets/${name}/permits/any`, { method: "PUT" }],
  ["a permit to release", (name) => `/buckets/${name}/permits/any`, { method: "DELETE" }],
  ["tokens of a limit that there isn't", (name) => `/acquire?bucket=${name}&tokens.tpd=1`],
  ["no tokens", (name) => `/acquire?bucket=${name}&tokens.rate=0`],
  [
    "a pause of a limit that there isn't",
    (name) => `/buckets/${name}/pause`,
    {
      method: "POST",
      headers: ADMIN,
      body: JSON.stringify({ untilMs: 4_200_000_000_000, limits: ["tpd"] }),
    },
  ],
];

/** The same of a bucket with several limits. */
const inVainOfSeveral: typeof inVain = [
  ["more tokens than fit one limit", (name) => `/acquire?bucket=${name}&tokens=2`],
  ["more tokens of one than fit", (name) => `/acquire?bucket=${name}&tokens.constructor=10`],
  ["tokens of a limit that there isn't", (name) => `/acquire?bucket=${name}&tokens.__proto__=1`],
  ["no tokens", (name) => `/acquire?bucket=${name}&tokens=0&tokens.constructor=0`],
  ["a snapshot", (name) => `/buckets/${name}`],
  ["an illegal PUT", (name) => `/buckets/${name}`, put({ limits: { rate: ONE_A_SECOND } })],
  [
    "the end of a pause",
    (name) => `/buckets/${name}/pause`,
    {
      method: "POST",
      headers: ADMIN,
      body: JSON.stringify({ untilMs: 0, limits: ["constructor"] }),
    },
  ],
];

describe("a bucket that nobody has ever come to", () => {
  const POLICIES = { "*": ONE_A_SECOND };
  const SEVERAL = {
    "*": { ...ONE_A_SECOND, limits: { constructor: { capacity: 9, every: "day" } } },
  };
  const rowsOf = (rows: typeof inVain, policies: object): object[] => {
    return rows.map(([what, path, init = {}]) => ({ what, path, init, policies }));
  };

  it.each([...rowsOf(inVain, POLICIES), ...rowsOf(inVainOfSeveral, SEVERAL)] as {
    what: string;
    path: (name: string) => string;
    init: RequestInit;
    policies: object;
  }[])(
    "makes no object of $what, and answers as the object does",
    async ({ path, init, policies }) => {
      const name = uniqueName("unused");
      const url = path(encodeURIComponent(name));
      const FILES = new FakeFiles();
      const BUCKETS = {
        getByName: (asked: string) => {
          // Metrics list the busy buckets, too.
          if (shardNamed(asked) === undefined) throw new Error("The object is made");
          return env.BUCKETS.getByName(asked);
        },
      };
      await deployed({ POLICIES: policies }, "/buckets");
      const before = await listDurableObjectIds(env.BUCKETS);
      const without = await deployed({ POLICIES: policies, FILES, BUCKETS }, url, init);
      expect(await listDurableObjectIds(env.BUCKETS)).toEqual(before);
      const withObject = await deployed({ POLICIES: policies }, url, init);
      expect(without.status).toBe(withObject.status);
      expect(Object.fromEntries(without.headers)).toEqual(Object.fromEntries(withObject.headers));
      expect(await without.text()).toBe(await withObject.text());
    },
  );

  it.each([
    { what: "an acquire", path: (name: string) => `/acquire?bucket=${name}`, init: () => ({}) },
    {
      what: "an acquire that names its limit",
      path: (name: string) => `/acquire?bucket=${name}&tokens.rate=1&tokens=9`,
      init: () => ({}),
    },
    { what: "a PUT", path: (name: string) => `/buckets/${name}`, init: () => put({ capacity: 5 }) },
    {
      what: "a pause",
      path: (name: string) => `/buckets/${name}/pause`,
      init: () => ({ ...put({ untilMs: Date.now() + 60_000 }), method: "POST" }),
    },
  ])("is used from $what on", async ({ path, init }) => {
    const name = uniqueName("used");
    const FILES = new FakeFiles();
    const answer = await deployed({ POLICIES, FILES }, path(encodeURIComponent(name)), init());
    expect(answer.status).toBe(200);
    FILES.areUnused = false;
    const snapshot = await deployed({ POLICIES, FILES }, `/buckets/${encodeURIComponent(name)}`);
    const plain = await deployed({ POLICIES }, `/buckets/${encodeURIComponent(name)}`);
    expect(await snapshot.text()).toBe(await plain.text());
  });

  it("that was used keeps an override that allows more", async () => {
    const name = uniqueName("overridden");
    const FILES = new FakeFiles();
    const path = `/buckets/${encodeURIComponent(name)}`;
    expect((await deployed({ POLICIES, FILES }, path, put({ capacity: 5 }))).status).toBe(200);
    FILES.areUnused = false;
    const asked = `/acquire?bucket=${name}&tokens=2&timeoutMs=0`;
    expect((await deployed({ POLICIES, FILES }, asked)).status).toBe(429);
  });

  it("holds nothing any more once it was deleted", async () => {
    const name = uniqueName("deleted");
    const FILES = new FakeFiles();
    FILES.areUnused = false;
    await deployed({ POLICIES, FILES }, `/acquire?bucket=${name}`);
    const deletion = { method: "DELETE", headers: ADMIN };
    const path = `/buckets/${encodeURIComponent(name)}`;
    expect((await deployed({ POLICIES, FILES }, path, deletion)).status).toBe(204);
    expect(FILES.setAsideNames).toEqual([]);
    const snapshot = await deployed({ POLICIES, FILES }, path);
    expect(await snapshot.json()).toMatchObject({ granted: 0 });
  });
});
