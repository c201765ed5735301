import { abortAllDurableObjects, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import type { GrantBody } from "../../../src/protocol/acquire-bodies.ts";

import { socketRequest } from "../../../src/wire/socket-call.ts";
import { Scrape } from "../../../kit/http/scrape.ts";
import {
  CLOSED,
  ONE_A_SECOND,
  bearer,
  deployed,
  type Entrypoint,
} from "../../../kit/edge/deployed.ts";
import { ADMIN, problemOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import {
  alarmAtMs,
  pass,
  stubOf,
  uniqueName,
  useVirtualTime,
} from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

const POLICIES = { "*": ONE_A_SECOND };

async function scrape(
  variables: Record<string, unknown>,
  query = "",
  init: RequestInit = {},
  entrypoint: Entrypoint = "front",
): Promise<Scrape> {
  const response = await deployed(variables, `/metrics${query}`, init, entrypoint);
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  return new Scrape(await response.text());
}

describe("/metrics", () => {
  it("tells what became of known callers, in Prometheus's units", async () => {
    const name = uniqueName("known");
    const policies = { [name]: { ...ONE_A_SECOND, queueLimit: 3 } };
    const acquire = (query = ""): Promise<Response> =>
      deployed({ POLICIES: policies }, `/acquire?bucket=${name}${query}`);
    const waiting = async (waiters: number): Promise<void> => {
      while ((await snapshotOf(name)).waiters !== waiters) await settle();
    };
    await acquire();
    const held: Promise<Response>[] = [];
    for (const count of [1, 2]) {
      held.push(acquire());
      await waiting(count);
    }
    vi.setSystemTime(Date.now() + 100);
    const controller = new AbortController();
    const { signal } = controller;
    const gone = request(`/acquire?bucket=${name}`, { signal }).catch(() => "gone");
    await waiting(3);
    expect((await acquire()).status).toBe(429);
    expect((await acquire("&timeoutMs=0")).status).toBe(429);
    expect((await acquire("&timeoutMs=1")).status).toBe(429);
    expect((await acquire("&tokens=2")).status).toBe(422);
    controller.abort();
    await gone;
    await waiting(2);

    const { policy } = await snapshotOf(name);
    const session = socketRequest("session", { bucket: name, policy });
    (await stubOf(name).fetch(session)).webSocket?.accept();

    const during = await scrape({ POLICIES: policies });
    const bucket = { bucket: name };
    expect(during.value("sluice_up", bucket)).toBe(1);
    expect(during.value("sluice_tokens", bucket)).toBe(0);
    expect(during.value("sluice_capacity_tokens", bucket)).toBe(1);
    expect(during.value("sluice_waiters", bucket)).toBe(2);
    expect(during.value("sluice_queued_tokens", bucket)).toBe(2);
    expect(during.value("sluice_oldest_wait_seconds", bucket)).toBe(0.1);
    expect(during.value("sluice_max_wait_seconds", bucket)).toBe(60);
    expect(during.value("sluice_sessions", bucket)).toBe(1);
    expect(during.value("sluice_leased_tokens", bucket)).toBeUndefined();
    expect(during.value("sluice_granted_requests_total", bucket)).toBe(1);
    expect(during.value("sluice_cancelled_requests_total", bucket)).toBe(1);
    for (const [reason, count] of [
      ["exceeds-capacity", 1],
      ["timeout", 2],
      ["queue-full", 1],
    ] as const) {
      expect(during.value("sluice_refused_requests_total", { ...bucket, reason })).toBe(count);
    }

    await pass(name, 2_000);
    for (const response of held) expect((await response).status).toBe(200);
    const after = await scrape({ POLICIES: policies });
    expect(after.value("sluice_waiters", bucket)).toBe(0);
    expect(after.value("sluice_oldest_wait_seconds", bucket)).toBe(0);
    expect(after.value("sluice_granted_requests_total", bucket)).toBe(3);
    expect(after.value("sluice_granted_tokens_total", bucket)).toBe(3);
    expect(after.steps("sluice_wait_seconds", bucket)).toEqual([
      ["0", 1],
      ["1", 2],
      ["2.5", 3],
    ]);
    expect(after.value("sluice_wait_seconds_sum", bucket)).toBe(3);
    expect(after.value("sluice_wait_seconds_count", bucket)).toBe(3);
    expect(after.value("sluice_policy_info", { ...bucket, policy: name })).toBe(1);
  });

  it("names and types each metric as Prometheus's conventions have it", async () => {
    const lease = { maxTokens: 1, ttlMs: 100 };
    const { families } = await scrape({ POLICIES: { [uniqueName()]: { ...ONE_A_SECOND, lease } } });
    expect([...families.values()].map(({ name, type }) => `${name} ${type}`)).toEqual([
      "sluice_up GAUGE",
      "sluice_policy_info GAUGE",
      "sluice_tokens GAUGE",
      "sluice_capacity_tokens GAUGE",
      "sluice_leased_tokens GAUGE",
      "sluice_paused GAUGE",
      "sluice_waiters GAUGE",
      "sluice_queued_tokens GAUGE",
      "sluice_oldest_wait_seconds GAUGE",
      "sluice_max_wait_seconds GAUGE",
      "sluice_sessions GAUGE",
      "sluice_granted_requests_total COUNTER",
      "sluice_granted_tokens_total COUNTER",
      "sluice_refused_requests_total COUNTER",
      "sluice_cancelled_requests_total COUNTER",
      "sluice_wait_seconds HISTOGRAM",
      "sluice_limit_tokens GAUGE",
      "sluice_limit_capacity_tokens GAUGE",
      "sluice_limit_paused GAUGE",
      "sluice_limit_blocking GAUGE",
      "sluice_limit_granted_tokens_total COUNTER",
      "sluice_busy_buckets GAUGE",
    ]);
    for (const { help } of families.values()) expect(help).toMatch(/\.$/);
  });

  it("has what is held and owed of each limit, and the permits, of buckets that have them", async () => {
    const name = uniqueName("held");
    const limits = { tpm: { ...ONE_A_SECOND, capacity: 50, initialTokens: 50 } };
    const policy = {
      ...ONE_A_SECOND,
      capacity: 5,
      initialTokens: 5,
      refillIntervalMs: 60_000,
      limits,
      hold: { maxMs: 60_000 },
      concurrency: { max: 3, ttlMs: 60_000 },
    };
    const variables = { POLICIES: { [name]: policy } };
    const acquired = `/acquire?bucket=${name}&tokens=3&tokens.tpm=50&holdMs=30000`;
    const { hold }: GrantBody = await (await deployed(variables, acquired)).json();
    const bucket = { bucket: name };
    const ofLimits = (seen: Scrape, metric: string): (number | undefined)[] => {
      return ["rate", "tpm"].map((limit) => seen.value(metric, { ...bucket, limit }));
    };
    vi.setSystemTime(Date.now() + 500);
    const held = await scrape(variables);
    expect(ofLimits(held, "sluice_limit_held_tokens")).toEqual([3, 50]);
    expect(ofLimits(held, "sluice_limit_owed_tokens")).toEqual([0, 0]);
    expect(held.value("sluice_permits", bucket)).toBe(3);
    expect(held.value("sluice_permits_held", bucket)).toBe(1);
    expect(held.value("sluice_oldest_permit_seconds", bucket)).toBe(0.5);

    const settle = { method: "POST", body: JSON.stringify({ used: { rate: 9 } }) };
    await deployed(variables, `/buckets/${name}/holds/${hold?.id}`, settle);
    await deployed(variables, `/buckets/${name}/permits/${hold?.id}`, { method: "DELETE" });
    const ended = await scrape(variables);
    expect(ofLimits(ended, "sluice_limit_held_tokens")).toEqual([0, 0]);
    expect(ofLimits(ended, "sluice_limit_owed_tokens")).toEqual([4, 0]);
    expect(ended.value("sluice_permits_held", bucket)).toBe(0);
    expect(ended.value("sluice_oldest_permit_seconds", bucket)).toBe(0);

    const plain = uniqueName("plain");
    const { families } = await scrape({ POLICIES: { [plain]: ONE_A_SECOND } });
    expect([...families.keys()].join()).not.toMatch(/permit|held|owed/);
  });

  it("has what each limit is and has given, beside the metrics of the first", async () => {
    const name = uniqueName("several");
    const limits = {
      tpm: { capacity: 500, refillTokens: 500, refillIntervalMs: 5_000 },
      // A name that every object has.
      constructor: { capacity: 9, every: "day" },
    };
    const policies = { [name]: { ...ONE_A_SECOND, capacity: 5, initialTokens: 5, limits } };
    const variables = { POLICIES: policies, ADMIN_TOKEN: "test-admin" };
    const acquire = (query: string): Promise<Response> =>
      deployed(variables, `/acquire?bucket=${name}${query}`);
    expect((await acquire("&tokens=2&tokens.tpm=300&tokens.constructor=0")).status).toBe(200);
    const of = (seen: Scrape, metric: string): (number | undefined)[] => {
      return ["rate", "tpm", "constructor"].map((limit) => {
        return seen.value(`sluice_limit_${metric}`, { bucket: name, limit });
      });
    };
    const before = await scrape(variables);
    expect(of(before, "tokens")).toEqual([3, 200, 9]);
    expect(of(before, "capacity_tokens")).toEqual([5, 500, 9]);
    expect(of(before, "granted_tokens_total")).toEqual([2, 300, 0]);
    expect(of(before, "blocking")).toEqual([0, 0, 0]);
    expect(before.value("sluice_tokens", { bucket: name })).toBe(3);
    expect(before.value("sluice_granted_tokens_total", { bucket: name })).toBe(2);

    const held = acquire("&tokens.tpm=400");
    while ((await scrape(variables)).value("sluice_waiters", { bucket: name }) !== 1)
      await settle();
    const body = JSON.stringify({
      untilMs: Date.now() + 60_000,
      tokens: 5,
      limits: ["constructor"],
    });
    const pause = { method: "POST", headers: ADMIN, body };
    expect((await deployed(variables, `/buckets/${name}/pause`, pause)).status).toBe(200);
    const during = await scrape(variables);
    expect(of(during, "blocking")).toEqual([0, 1, 0]);
    expect(of(during, "paused")).toEqual([0, 0, 1]);
    expect(of(during, "tokens")).toEqual([3, 200, 5]);
    expect(during.value("sluice_paused", { bucket: name })).toBe(0);
    await pass(name, 5_000);
    expect((await held).status).toBe(200);
    expect(of(await scrape(variables), "granted_tokens_total")).toEqual([3, 700, 1]);
  });

  it("names the only limit of a bucket as it does the first of several", async () => {
    const name = uniqueName("single");
    const policies = { [name]: ONE_A_SECOND };
    await deployed({ POLICIES: policies }, `/acquire?bucket=${name}`);
    const held = deployed({ POLICIES: policies }, `/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters !== 1) await settle();
    const labels = { bucket: name, limit: "rate" };
    const seen = await scrape({ POLICIES: policies });
    expect(seen.value("sluice_limit_blocking", labels)).toBe(1);
    expect(seen.value("sluice_limit_granted_tokens_total", labels)).toBe(1);
    expect(seen.valuesOf("sluice_limit_tokens", "limit")).toEqual(["rate"]);
    await pass(name, 1_000);
    expect((await held).status).toBe(200);
  });

  it("starts nothing, arms nothing and writes nothing", async () => {
    const [name, other] = [uniqueName("cold"), uniqueName("cold")];
    const cold = await scrape(
      { POLICIES: { [name]: ONE_A_SECOND, ...POLICIES } },
      `?bucket=${other}`,
    );
    for (const bucket of [name, other]) {
      expect(cold.value("sluice_tokens", { bucket })).toBe(1);
      expect(cold.value("sluice_wait_seconds_count", { bucket })).toBe(0);
      expect(await alarmAtMs(bucket)).toBeNull();
      const rows = await runInDurableObject(stubOf(bucket), (_, { storage }) => {
        return [...storage.kv.list()].length;
      });
      expect(rows).toBe(0);
    }
    vi.setSystemTime(Date.now() + 250);
    // It begins at its first acquire, not at the scrape.
    await deployed({ POLICIES }, `/acquire?bucket=${other}`);
    expect((await snapshotOf(other)).nextTickAtMs).toBe(Date.now() + 1_000);
  });

  it("shows what has a policy of its own by name, and what is asked for, once each", async () => {
    const [first, second, asked] = [uniqueName(), uniqueName(), uniqueName("asked/")];
    const policies = {
      ...POLICIES,
      "asked/*": ONE_A_SECOND,
      [second]: ONE_A_SECOND,
      [first]: ONE_A_SECOND,
    };
    const query = [asked, first, asked]
      .map((name) => `bucket=${encodeURIComponent(name)}`)
      .join("&");
    const named = await scrape({ POLICIES: policies });
    expect(named.valuesOf("sluice_up", "bucket")).toEqual([second, first]);
    const both = await scrape({ POLICIES: policies }, `?${query}`);
    expect(both.valuesOf("sluice_up", "bucket")).toEqual([second, first, asked]);
    expect(both.valuesOf("sluice_policy_info", "policy")).toEqual([second, first, "asked/*"]);
  });

  it.each([
    ["a bucket that no policy matches", "?bucket=web", 404, "unknown-bucket"],
    ["a name that is none", "?bucket=api:1&bucket=a%20b", 400, "invalid-request"],
    ["an empty name", "?bucket=", 400, "invalid-request"],
    ["more than 32", `?${"bucket=api:1&".repeat(33)}`, 400, "invalid-request"],
  ])("refuses %s, and asks no object", async (_, query, status, reason) => {
    const before = await listDurableObjectIds(env.BUCKETS);
    const response = await deployed({ POLICIES: { "api:*": ONE_A_SECOND } }, `/metrics${query}`);
    await problemOf(response, status, reason);
    expect(await listDurableObjectIds(env.BUCKETS)).toHaveLength(before.length);
  });

  it("names every name that is wrong", async () => {
    const response = await deployed({ POLICIES }, "/metrics?bucket=a%20b&bucket=c&bucket=%22");
    const { errors = [] } = await problemOf(response, 400, "invalid-request");
    const rule = "bucket must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ / -";
    expect(errors.map(({ message }) => message)).toEqual([
      `${rule}: got "a b"`,
      `${rule}: got "\\""`,
    ]);
  });

  it("says how many buckets may be asked for", async () => {
    const response = await deployed({ POLICIES }, `/metrics?${"bucket=x&".repeat(33)}`);
    const { errors } = await problemOf(response, 400, "invalid-request");
    const message = "bucket may be given at most 32 times: got 33";
    expect(errors).toEqual([{ field: "bucket", message }]);
  });

  it("takes 32 buckets that are asked for", async () => {
    const names = Array.from({ length: 32 }, () => uniqueName("many"));
    const all = await scrape({ POLICIES }, `?${names.map((name) => `bucket=${name}`).join("&")}`);
    expect(all.valuesOf("sluice_up", "bucket")).toEqual(names);
    expect(names.map((bucket) => all.value("sluice_up", { bucket }))).toEqual(names.map(() => 1));
  });

  it("says the same after a reset of the object, and of one whose process ends", async () => {
    const name = uniqueName("reset");
    const variables = { POLICIES: { [name]: { ...ONE_A_SECOND, maxWaitMs: 5_000 } } };
    const acquire = (query = ""): Promise<Response> =>
      deployed(variables, `/acquire?bucket=${name}${query}`);
    expect((await acquire()).status).toBe(200);
    expect((await acquire("&timeoutMs=0")).status).toBe(429);
    const held = acquire();
    while ((await snapshotOf(name)).waiters < 1) await settle();
    await pass(name, 1_000);
    expect((await held).status).toBe(200);
    // What is refused is written with the next grant.
    const before = await scrape(variables);
    await abortAllDurableObjects();
    expect(await scrape(variables)).toEqual(before);
    await stubOf(name).shutDown();
    expect((await acquire()).status).toBe(503);
    expect(await scrape(variables)).toEqual(before);
  });

  it("tells of a pause, while it lasts", async () => {
    const name = uniqueName("paused");
    const paused = async (): Promise<number | undefined> => {
      return (await scrape({ POLICIES }, `?bucket=${name}`)).value("sluice_paused", {
        bucket: name,
      });
    };
    expect(await paused()).toBe(0);
    const body = JSON.stringify({ untilMs: Date.now() + 5_000 });
    await request(`/buckets/${name}/pause`, { method: "POST", headers: ADMIN, body });
    expect(await paused()).toBe(1);
    vi.setSystemTime(Date.now() + 5_000);
    expect(await paused()).toBe(0);
  });

  it("answers as it is described", async () => {
    // `request` holds the answers against the description.
    for (const [query, status] of [
      ["", 200],
      [`?bucket=${uniqueName()}`, 200],
      ["?bucket=a%20b", 400],
    ] as const) {
      expect((await request(`/metrics${query}`)).status).toBe(status);
    }
  });

  it("answers GET and HEAD only", async () => {
    const head = await deployed({ POLICIES }, "/metrics", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const posted = await deployed({ POLICIES }, "/metrics", { method: "POST" });
    expect(posted.status).toBe(405);
    expect(posted.headers.get("Allow")).toBe("GET, HEAD");
  });
});

describe("who may scrape", () => {
  const [mine, others] = ["mine:1", "others:1"];
  const closed = {
    ...CLOSED,
    POLICIES: { ...POLICIES, [mine]: ONE_A_SECOND, [others]: ONE_A_SECOND },
    API_TOKEN: JSON.stringify([
      { token: "all", may: ["read"] },
      { token: "mine", may: ["read"], buckets: ["mine:*"] },
      { token: "acquirer", may: ["acquire"] },
    ]),
    ADMIN_TOKEN: "admin",
  };

  it("nobody, where nobody may read", async () => {
    await problemOf(deployed(CLOSED, "/metrics"), 401, "unauthorized");
  });

  it.each(["", "wrong", "acquirer", "admin"])("not the holder of the token %j", async (token) => {
    const init = token === "" ? {} : bearer(token);
    await problemOf(deployed(closed, "/metrics", init), 401, "unauthorized");
  });

  it("a token that may read sees all, and one bound to buckets sees these", async () => {
    const all = await scrape(closed, "", bearer("all"));
    expect(all.valuesOf("sluice_up", "bucket")).toEqual([mine, others]);
    const own = await scrape(closed, "?bucket=mine:2", bearer("mine"));
    expect(own.valuesOf("sluice_up", "bucket")).toEqual([mine, "mine:2"]);
  });

  it("a token bound to buckets may not ask for others, and does not learn whether they exist", async () => {
    const details = new Set<string>();
    for (const name of [others, "others:2"]) {
      const response = await deployed(closed, `/metrics?bucket=${name}`, bearer("mine"));
      const { detail } = await problemOf(response, 401, "unauthorized");
      details.add(detail.replace(name, "NAME"));
    }
    expect([...details]).toEqual(['This API key lacks the right "read" on "NAME"']);
  });

  it("bound Workers, without a token", async () => {
    const bound = await scrape(closed, "", {}, "bound");
    expect(bound.valuesOf("sluice_up", "bucket")).toEqual([mine, others]);
  });
});

it("an object of an older version, which doesn't say how long its head has waited, has no sample of it", async () => {
  const name = uniqueName("older");
  const policies = { [name]: ONE_A_SECOND };
  const acquire = (): Promise<Response> =>
    deployed({ POLICIES: policies }, `/acquire?bucket=${name}`);
  await acquire();
  const held = acquire();
  while ((await snapshotOf(name)).waiters !== 1) await settle();
  const stub = stubOf(name);
  const older = {
    stats: async (...given: Parameters<typeof stub.stats>) => {
      const { headQueuedAtMs, ...others } = await stub.stats(...given);
      expect(headQueuedAtMs).toBeDefined();
      return others;
    },
  };
  const seen = await scrape({ POLICIES: policies, BUCKETS: { getByName: () => older } });
  expect(seen.value("sluice_waiters", { bucket: name })).toBe(1);
  expect(seen.value("sluice_oldest_wait_seconds", { bucket: name })).toBeUndefined();
  await pass(name, 1_000);
  expect((await held).status).toBe(200);
});

describe("a bucket that cannot be reached", () => {
  /** The namespace, with objects of these names played by `stats`. */
  function namespaceWith(stats: (name: string) => Promise<unknown> | undefined): unknown {
    return {
      getByName: (name: string) => ({
        stats: (...given: Parameters<ReturnType<typeof stubOf>["stats"]>) =>
          stats(name) ?? stubOf(name).stats(...given),
        listBusy: async () => ({ buckets: [], shards: 1 }),
      }),
    };
  }

  it("is down, and all others are shown", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const [good, broken, last] = [uniqueName(), uniqueName("broken"), uniqueName()];
    const BUCKETS = namespaceWith((name) => {
      return name === broken ? Promise.reject(new Error("Reset")) : undefined;
    });
    const policies = { [good]: ONE_A_SECOND, [broken]: ONE_A_SECOND, [last]: ONE_A_SECOND };
    const seen = await scrape({ POLICIES: policies, BUCKETS });
    expect([good, broken, last].map((bucket) => seen.value("sluice_up", { bucket }))).toEqual([
      1, 0, 1,
    ]);
    expect(seen.valuesOf("sluice_tokens", "bucket")).toEqual([good, last]);
    expect(logged.mock.calls.map(([message]) => message)).toEqual([
      `Cannot reach 1 of 3 buckets: ${broken}`,
    ]);
  });

  it("cannot read its state: it is down, not the scrape", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const [good, broken] = [uniqueName(), uniqueName("unreadable")];
    const policies = { [broken]: ONE_A_SECOND, [good]: ONE_A_SECOND };
    await runInDurableObject(stubOf(broken), (_, { storage }) => {
      storage.kv.put("bucket", { format: 0 });
    });
    await abortAllDurableObjects();
    const seen = await scrape({ POLICIES: policies });
    expect(seen.value("sluice_up", { bucket: broken })).toBe(0);
    expect(seen.value("sluice_up", { bucket: good })).toBe(1);
    expect(logged).toHaveBeenCalledOnce();
  });
});
