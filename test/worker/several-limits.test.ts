/** Several limits in one bucket, and calendars, over HTTP: what is asked, answered, changed, paused and kept. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { PolicyFields } from "../../src/core/policy.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import { deployed } from "../../kit/edge/deployed.ts";
import {
  ADMIN,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../kit/edge/surfaces.ts";
import {
  pass,
  stubOf,
  uniqueName,
  useSteadyPauses,
  useVirtualTime,
} from "../../kit/edge/virtual-time.ts";

useVirtualTime();

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Requests a second, and LLM tokens a minute. */
const LLM = {
  capacity: 3,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 3,
  limits: {
    tpm: {
      capacity: 1_000,
      refillTokens: 1_000,
      refillIntervalMs: MINUTE_MS,
      initialTokens: 1_000,
    },
  },
} as const satisfies PolicyFields;
const DAILY = { capacity: 100, every: "day" } as const;

function put(name: string, body: unknown): Promise<Response> {
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(body) };
  return request(`/buckets/${encodeURIComponent(name)}`, init);
}

async function changed(name: string, body: unknown): Promise<BucketSnapshot> {
  const response = await put(name, body);
  expect(response.status).toBe(200);
  return response.json();
}

/** A bucket with a policy of its own. */
async function open(fields: object): Promise<string> {
  const name = uniqueName("limits");
  await changed(name, fields);
  return name;
}

function ask(name: string, query = "", init: RequestInit = {}): Promise<Response> {
  return request(`/acquire?bucket=${encodeURIComponent(name)}${query}`, init);
}

function keyed(key: string): RequestInit {
  return { headers: { "Idempotency-Key": key } };
}

/** A request that has to wait, once it does. */
async function wait(name: string, query = "", init: RequestInit = {}): Promise<Response[]> {
  const { waiters } = await snapshotOf(name);
  const answered: Response[] = [];
  void ask(name, query, init).then(
    (response) => answered.push(response),
    () => undefined,
  );
  while ((await snapshotOf(name)).waiters === waiters) await settle();
  return answered;
}

async function faultsOf(response: Response | Promise<Response>): Promise<ProblemBody["errors"]> {
  return (await problemOf(response, 400, "invalid-request")).errors;
}

describe("what is asked", () => {
  it.each<[string, object, { rate: number; tpm: number }]>([
    ["", {}, { rate: 1, tpm: 1 }],
    ["&tokens=2", {}, { rate: 2, tpm: 2 }],
    ["&tokens.tpm=400", {}, { rate: 1, tpm: 400 }],
    ["&tokens.rate=2", {}, { rate: 2, tpm: 1 }],
    ["&tokens=3&tokens.rate=2", {}, { rate: 2, tpm: 3 }],
    ["&tokens.rate=2&tokens.tpm=7", {}, { rate: 2, tpm: 7 }],
    ["&tokens.tpm=0", {}, { rate: 1, tpm: 0 }],
    ["&tokens=0&tokens.tpm=5", {}, { rate: 0, tpm: 5 }],
    ["&tokens.rate=0", {}, { rate: 0, tpm: 1 }],
    ["&tokens%2Etpm=12", {}, { rate: 1, tpm: 12 }],
    ["&%74okens.%74pm=13", {}, { rate: 1, tpm: 13 }],
    ["", { "tokens.tpm": 400 }, { rate: 1, tpm: 400 }],
    ["&tokens.rate=2", { "tokens.tpm": 4 }, { rate: 2, tpm: 4 }],
    ["", { tokens: 0, "tokens.tpm": 5 }, { rate: 0, tpm: 5 }],
    ["&tokens=2", { "tokens.rate": 1 }, { rate: 1, tpm: 2 }],
  ])("%s and %j take %j", async (query, body, { rate, tpm }) => {
    const name = await open(LLM);
    const isPost = Object.keys(body).length > 0;
    const init = isPost ? { method: "POST", body: JSON.stringify(body) } : {};
    expect(await grantOf(ask(name, query, init))).toEqual({
      bucket: name,
      tokens: rate,
      remaining: 3 - rate,
      waitedMs: 0,
      grantedAtMs: Date.now(),
      limits: { tpm: { tokens: tpm, remaining: 1_000 - tpm } },
    });
    expect(await snapshotOf(name)).toMatchObject({
      tokens: 3 - rate,
      limits: { tpm: { tokens: 1_000 - tpm } },
    });
  });

  it.each([
    [
      "&tokens=0",
      "tokens",
      "tokens must be at least 1, unless tokens.NAME asks for at least 1 of a limit: got 0",
    ],
    [
      "&tokens=0&tokens.tpm=0",
      "tokens",
      "tokens must be at least 1 of one limit (rate, tpm): got 0 of each",
    ],
    [
      "&tokens.rate=0&tokens.tpm=0",
      "tokens",
      "tokens must be at least 1 of one limit (rate, tpm): got 0 of each",
    ],
    ["&tokens.tpd=1", "tokens.tpd", '"tpd" is no limit of this bucket: rate, tpm'],
    ["&tokens.TPM=1", "tokens.TPM", '"TPM" is no limit of this bucket: rate, tpm'],
    ["&tokens.=1", "tokens.", '"" is no limit of this bucket: rate, tpm'],
    ["&tokens.tpm.x=1", "tokens.tpm.x", '"tpm.x" is no limit of this bucket: rate, tpm'],
    ["&tokens.a%20b%22=1", 'tokens.a b"', '"a b\\"" is no limit of this bucket: rate, tpm'],
    [
      "&tokens.__proto__=1",
      "tokens.__proto__",
      '"__proto__" is no limit of this bucket: rate, tpm',
    ],
    [
      "&tokens.constructor=1",
      "tokens.constructor",
      '"constructor" is no limit of this bucket: rate, tpm',
    ],
    ["&tokens.toString=1", "tokens.toString", '"toString" is no limit of this bucket: rate, tpm'],
    [
      "&tokens.tpm=-1",
      "tokens.tpm",
      'tokens.tpm must be an integer from 0 to 9007199254740991: got "-1"',
    ],
    [
      "&tokens.tpm=",
      "tokens.tpm",
      'tokens.tpm must be an integer from 0 to 9007199254740991: got ""',
    ],
    ["&tokens.tpm=1&tokens.tpm=1", "tokens.tpm", "tokens.tpm is given 2 times"],
  ])("%s is a fault of %s", async (query, field, message) => {
    const name = await open(LLM);
    expect(await faultsOf(ask(name, query))).toEqual([{ field, message }]);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3, limits: { tpm: { tokens: 1_000 } } });
  });

  it("of a body: the same names, the same faults", async () => {
    const name = await open(LLM);
    const post = (body: string): Promise<Response> => ask(name, "", { method: "POST", body });
    expect(await faultsOf(post('{"tokens.tpd":1,"tokens.__proto__":2}'))).toEqual([
      { field: "tokens.tpd", message: '"tpd" is no limit of this bucket: rate, tpm' },
      { field: "tokens.__proto__", message: '"__proto__" is no limit of this bucket: rate, tpm' },
    ]);
    expect(await faultsOf(post('{"tokens.tpm":"1"}'))).toMatchObject([{ field: "tokens.tpm" }]);
    expect(await faultsOf(post('{"__proto__":1}'))).toMatchObject([{ field: "__proto__" }]);
    const twice = await ask(name, "&tokens.tpm=1", { method: "POST", body: '{"tokens.tpm":1}' });
    expect(await faultsOf(twice)).toMatchObject([{ message: "tokens.tpm is given 2 times" }]);
  });

  it("of more limits than a bucket can have is one fault", async () => {
    const name = await open(LLM);
    const names = Array.from({ length: 1_000 }, (_, index) => `&tokens.a${index}=1`);
    expect(await faultsOf(ask(name, names.join("")))).toEqual([
      { field: "tokens.", message: "tokens.NAME may be given for at most 8 limits: got 1000" },
    ]);
    expect(await faultsOf(ask(name, names.slice(0, 8).join("")))).toHaveLength(8);
  });

  it("of a bucket with one limit may name it, and no other", async () => {
    const name = uniqueName("limits");
    const grant = await grantOf(ask(name, "&tokens.rate=1&tokens=7"));
    expect(grant).toMatchObject({ tokens: 1, remaining: 0 });
    expect(grant).not.toHaveProperty("limits");
    expect(await faultsOf(ask(name, "&tokens.tpm=1"))).toEqual([
      { field: "tokens.tpm", message: '"tpm" is no limit of this bucket: rate' },
    ]);
  });

  it("of a limit that is called as a member of every object", async () => {
    const { tpm: constructor } = LLM.limits;
    const name = await open({ ...LLM, limits: { constructor } });
    expect(await grantOf(ask(name))).toMatchObject({
      limits: { constructor: { tokens: 1, remaining: 999 } },
    });
    expect(await grantOf(ask(name, "&tokens.constructor=9"))).toMatchObject({
      limits: { constructor: { tokens: 9, remaining: 990 } },
    });
  });

  it("is of the bucket's own policy, not of the configured one", async () => {
    const POLICIES = { "*": LLM };
    const name = uniqueName("limits");
    const path = `/acquire?bucket=${name}&timeoutMs=0&tokens.`;
    expect((await deployed({ POLICIES }, `${path}tpm=10`)).status).toBe(200);
    const limits = { tpm: null, day: DAILY };
    const init = { method: "PUT", headers: ADMIN, body: JSON.stringify({ limits }) };
    const answer = await deployed({ POLICIES }, `/buckets/${encodeURIComponent(name)}`, init);
    expect(answer.status).toBe(200);
    const grant = await deployed({ POLICIES }, `${path}day=10`);
    expect(await grant.json()).toMatchObject({ limits: { day: { tokens: 10, remaining: 90 } } });
    expect(await faultsOf(deployed({ POLICIES }, `${path}tpm=10`))).toEqual([
      { field: "tokens.tpm", message: '"tpm" is no limit of this bucket: rate, day' },
    ]);
  });
});

describe("who is granted", () => {
  it("nobody before the head, which waits for all of its tokens", async () => {
    const name = await open(LLM);
    await ask(name, "&tokens.tpm=900");
    const startMs = Date.now();
    const [large, small] = [await wait(name, "&tokens.tpm=500"), await wait(name)];
    expect(await snapshotOf(name)).toMatchObject({
      tokens: 2,
      headLimit: "tpm",
      limits: { tpm: { tokens: 100 } },
    });
    await pass(name, MINUTE_MS - 1);
    await settle();
    expect([...large, ...small]).toEqual([]);
    await pass(name, 1);
    await settle();
    expect(await large[0]?.json()).toMatchObject({
      remaining: 2,
      grantedAtMs: startMs + MINUTE_MS,
      limits: { tpm: { tokens: 500, remaining: 500 } },
    });
    expect(await small[0]?.json()).toMatchObject({
      remaining: 1,
      grantedAtMs: startMs + MINUTE_MS,
      limits: { tpm: { tokens: 1, remaining: 499 } },
    });
  });

  it("all or nothing: a refusal takes of no limit", async () => {
    const name = await open(LLM);
    await ask(name, "&tokens.tpm=900");
    for (const query of ["&tokens.tpm=101", "&tokens.rate=3"]) {
      await problemOf(ask(name, `${query}&timeoutMs=0`), 429, "timeout");
    }
    expect(await snapshotOf(name)).toMatchObject({ tokens: 2, limits: { tpm: { tokens: 100 } } });
    expect((await ask(name, "&tokens.rate=2&tokens.tpm=100&timeoutMs=0")).status).toBe(200);
  });

  it("200 requests at 10 a second use as many of the day's 1,000 as there are grants", async () => {
    const perSecond = { capacity: 10, refillTokens: 1, refillIntervalMs: 100, initialTokens: 10 };
    const name = await open({ ...perSecond, limits: { day: { capacity: 1_000, every: "day" } } });
    const answers: Promise<Response>[] = [];
    for (let sent = 0; sent < 200; sent += 1) {
      answers.push(ask(name, `&timeoutMs=${[0, 150, 400][sent % 3]}`));
      if (sent % 10 === 9) await settle();
      await pass(name, 10);
    }
    await settle();
    await pass(name, 1_000);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    const grants = statuses.filter((status) => status === 200).length;
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(grants).toBeGreaterThan(20);
    const { granted, refused, limits } = await snapshotOf(name);
    expect({ granted, refused }).toEqual({ granted: grants, refused: 200 - grants });
    expect(limits?.["day"]?.tokens).toBe(1_000 - grants);
  });

  it("a daily limit is full again at midnight, and not before", async () => {
    const name = await open({ capacity: 2, every: "day", maxWaitMs: HOUR_MS });
    const midnightMs = (Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS;
    vi.setSystemTime(midnightMs - 1_500);
    await ask(name, "&tokens=2");
    const problem = await problemOf(ask(name, "&timeoutMs=1499"), 429, "timeout");
    expect(problem.retryAfterMs).toBe(1_500);
    const answered = await wait(name);
    await pass(name, 1_499);
    await settle();
    expect(answered).toEqual([]);
    await pass(name, 1);
    await settle();
    expect(await answered[0]?.json()).toMatchObject({ remaining: 1, grantedAtMs: midnightMs });
  });
});

describe("what answers say", () => {
  const everyCalendar = {
    capacity: 10,
    refillTokens: 4,
    refillIntervalMs: 1_500,
    limits: {
      hourly: { capacity: 20, every: "hour" },
      daily: { capacity: 30, every: "day", timeZone: "Europe/Berlin" },
      weekly: { capacity: 40, every: "week", on: "sunday" },
      monthly: { capacity: 50, every: "month", on: 28, at: "23:59" },
    },
  };

  it("the RateLimit fields list all limits, calendars with the seconds of their period", async () => {
    const name = await open(everyCalendar);
    const midnightMs = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
    vi.setSystemTime(midnightMs + 1_000);
    const granted = await ask(name, "&tokens.hourly=2");
    expect(granted.headers.get("RateLimit-Policy")).toBe(
      '"*";q=10;w=5, "*/hourly";q=20;w=3600, "*/daily";q=30;w=86400, "*/weekly";q=40;w=604800, "*/monthly";q=50;w=2592000',
    );
    const items = granted.headers.get("RateLimit")?.split(", ") ?? [];
    expect(items.slice(0, 2)).toEqual(['"*";r=3;t=2', '"*/hourly";r=18;t=3599']);
    // Midnight in Berlin is an hour before that of UTC in winter, and two in summer; which it is depends on how many
    // virtual days other tests have had.
    const dailies = [22, 23].map((hours) => `"*/daily";r=29;t=${hours * 3_600 - 1}`);
    expect(dailies).toContain(items[2]);
    expect(items[3]).toMatch(/^"\*\/weekly";r=39;t=\d+$/);
    expect(items[4]).toMatch(/^"\*\/monthly";r=49;t=\d+$/);
    const refused = await ask(name, "&tokens=9&timeoutMs=0");
    expect(refused.headers.get("RateLimit-Policy")).toBe(granted.headers.get("RateLimit-Policy"));
    expect(refused.headers.get("RateLimit")).toBe(granted.headers.get("RateLimit"));
  });

  it("a full limit has no t", async () => {
    const name = await open(LLM);
    const granted = await ask(name, "&tokens.tpm=0");
    expect(granted.headers.get("RateLimit")).toBe('"*";r=2;t=1, "*/tpm";r=1000');
  });

  it("violated-policies of timeout: those limits by which it is too late", async () => {
    const name = await open(LLM);
    await ask(name, "&tokens=3&tokens.tpm=1000");
    const violated = async (query: string): Promise<ProblemBody> => {
      return problemOf(ask(name, query), 429, "timeout");
    };
    expect(await violated("&timeoutMs=0")).toMatchObject({
      retryAfterMs: MINUTE_MS,
      "violated-policies": ["*", "*/tpm"],
      detail: `Cannot acquire 1 token within 0 ms: the earliest is in ${MINUTE_MS} ms, limited by rate and tpm`,
    });
    expect(await violated("&timeoutMs=1000")).toMatchObject({ "violated-policies": ["*/tpm"] });
    expect(await violated("&timeoutMs=999&tokens.tpm=0")).toMatchObject({
      retryAfterMs: 1_000,
      "violated-policies": ["*"],
    });
  });

  it("violated-policies of queue-full: the limit that holds the head up", async () => {
    const name = await open({ ...LLM, queueLimit: 1 });
    await ask(name, "&tokens.tpm=1000");
    await wait(name, "&tokens.tpm=10");
    expect(await problemOf(ask(name), 429, "queue-full")).toMatchObject({
      "violated-policies": ["*/tpm"],
      detail: "Cannot wait for 1 token: 1 callers are waiting, queueLimit is 1",
    });
  });

  it("violated-policies of exceeds-capacity: the limits that can't ever hold so many", async () => {
    const name = await open(LLM);
    const over = async (query: string): Promise<ProblemBody> => {
      return problemOf(ask(name, query), 422, "exceeds-capacity");
    };
    expect(await over("&tokens=4")).toMatchObject({
      "violated-policies": ["*"],
      detail: "Cannot acquire 4 tokens: the capacity of rate is 3",
    });
    expect(await over("&tokens.tpm=1001")).toMatchObject({
      "violated-policies": ["*/tpm"],
      detail: "Cannot acquire 1 token, 1001 of tpm: the capacity of tpm is 1000",
    });
    expect(await over("&tokens=1001")).toMatchObject({ "violated-policies": ["*", "*/tpm"] });
  });

  it("a stream has the limits in its last event, and their fields before it", async () => {
    const name = await open(LLM);
    const reader = await stream(`/acquire?bucket=${name}&tokens.tpm=20`);
    await reader.done;
    expect(reader.last).toMatchObject({
      event: "granted",
      data: { tokens: 1, limits: { tpm: { tokens: 20, remaining: 980 } } },
    });
    const faulty = await stream(`/acquire?bucket=${name}&tokens.tpd=20`);
    await faulty.done;
    expect(faulty.last).toMatchObject({ event: "refused", data: { status: 400 } });
  });

  it("the snapshot shows each further limit: its fields and its state", async () => {
    const name = await open({ ...LLM, limits: { ...LLM.limits, day: DAILY } });
    await ask(name, "&tokens.tpm=10");
    const midnightMs = (Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS;
    const snapshot = await snapshotOf(name);
    expect(snapshot).toMatchObject({ tokens: 2, waiters: 0 });
    expect(snapshot).not.toHaveProperty("headLimit");
    expect(snapshot.limits).toEqual({
      tpm: { ...LLM.limits.tpm, tokens: 990, nextTickAtMs: Date.now() + MINUTE_MS },
      day: {
        capacity: 100,
        every: "day",
        timeZone: "UTC",
        at: "00:00",
        initialTokens: 100,
        tokens: 99,
        nextTickAtMs: midnightMs,
      },
    });
    expect(snapshot.policy.limits).toMatchObject({ tpm: LLM.limits.tpm, day: DAILY });
  });
});

describe("PUT", () => {
  it("replaces a named limit as a whole, removes one by null, and keeps the others", async () => {
    const hourly = { capacity: 50, every: "hour", at: "00:30" };
    const name = await open({ ...LLM, limits: { ...LLM.limits, day: DAILY, hourly } });
    await ask(name, "&tokens.tpm=10&tokens.day=20&tokens.hourly=30");
    const after = await changed(name, {
      limits: { day: null, hourly: { capacity: 25, every: "hour" } },
    });
    expect(Object.keys(after.limits ?? {})).toEqual(["tpm", "hourly"]);
    expect(after.policy.limits).toMatchObject({ tpm: LLM.limits.tpm });
    // Not given again, so `at` has its default.
    expect(after.limits).toMatchObject({
      tpm: { tokens: 990 },
      hourly: { at: "00:00", tokens: 20 },
    });
    expect(
      await changed(name, { limits: { hourly: { capacity: 5, every: "hour" } } }),
    ).toMatchObject({ limits: { hourly: { tokens: 5 } } });
    expect(await changed(name, { limits: null })).not.toHaveProperty("limits");
    expect((await snapshotOf(name)).policy).not.toHaveProperty("limits");
  });

  it("`every` drops the refill fields, and a refill field drops those of a calendar", async () => {
    const name = await open({ capacity: 10, refillTokens: 10, refillIntervalMs: 1_000 });
    await ask(name, "&tokens=4");
    const { policy, tokens } = await changed(name, { every: "week", on: "friday" });
    expect(tokens).toBe(6);
    expect(policy).toMatchObject({ capacity: 10, every: "week", on: "friday", timeZone: "UTC" });
    for (const field of ["refillTokens", "refillIntervalMs"])
      expect(policy).not.toHaveProperty(field);
    const back = await changed(name, { refillTokens: 2, refillIntervalMs: 500 });
    expect(back).toMatchObject({ tokens: 6, policy: { capacity: 10, refillTokens: 2 } });
    for (const field of ["every", "on", "at", "timeZone"]) {
      expect(back.policy).not.toHaveProperty(field);
    }
    // A bucket needs both of its refill fields, once they are gone.
    await changed(name, { every: "day" });
    expect(await faultsOf(put(name, { refillTokens: 2 }))).toEqual([
      { field: "refillIntervalMs", message: "refillIntervalMs is missing" },
    ]);
  });

  it("a new limit starts then with its initialTokens", async () => {
    const name = await open({ ...LLM, limits: {} });
    await ask(name);
    vi.setSystemTime(Date.now() + 90_500);
    const tpm = { ...LLM.limits.tpm, initialTokens: 7 };
    const after = await changed(name, { limits: { tpm, day: { ...DAILY, initialTokens: 3 } } });
    expect(after).toMatchObject({
      tokens: 3,
      limits: { tpm: { tokens: 7, nextTickAtMs: Date.now() + MINUTE_MS }, day: { tokens: 3 } },
    });
    // Again the same is no new limit.
    await ask(name, "&tokens.tpm=2");
    expect(await changed(name, { limits: { tpm } })).toMatchObject({
      limits: { tpm: { tokens: 5 }, day: { tokens: 2 } },
    });
  });

  it("times those who wait anew, by the limits that there are then", async () => {
    const name = await open(LLM);
    await ask(name, "&tokens.tpm=1000");
    const [mine, large] = [await wait(name), await wait(name, "&tokens=0&tokens.tpm=900")];
    await changed(name, {
      limits: { tpm: { ...LLM.limits.tpm, capacity: 800, initialTokens: 0 } },
    });
    await settle();
    await problemOf(large[0] as Response, 422, "exceeds-capacity");
    expect(mine).toEqual([]);
    await changed(name, { limits: { tpm: null } });
    await settle();
    expect(await mine[0]?.json()).toMatchObject({ tokens: 1, remaining: 1 });
  });

  it.each<[unknown, { field: string; message: string }[]]>([
    [
      { limits: { tpm: { capacity: 5, every: "day", refillTokens: 1 } } },
      [
        {
          field: "limits.tpm.refillTokens",
          message:
            "limits.tpm.refillTokens does not go with limits.tpm.every: a calendar limit fills up at each boundary",
        },
      ],
    ],
    [
      { limits: { tpm: { capacity: 5 } } },
      [
        {
          field: "limits.tpm.refillTokens",
          message:
            "limits.tpm.refillTokens is missing: limits.tpm is replaced as a whole, so give all of its fields, or limits.tpm.every for a calendar",
        },
        {
          field: "limits.tpm.refillIntervalMs",
          message:
            "limits.tpm.refillIntervalMs is missing: limits.tpm is replaced as a whole, so give all of its fields, or limits.tpm.every for a calendar",
        },
      ],
    ],
    [
      { limits: { tpm: { capacity: 5, every: "day", timeZone: "Europe/Atlantis" } } },
      [
        {
          field: "limits.tpm.timeZone",
          message:
            'limits.tpm.timeZone must be an IANA time zone, such as Europe/Berlin: got "Europe/Atlantis"',
        },
      ],
    ],
    [
      { limits: { rate: { capacity: 5, every: "day" } } },
      [
        {
          field: "limits.rate",
          message: "limits.rate is the policy's first limit: give its fields without limits.rate",
        },
      ],
    ],
    [
      { limits: 5 },
      [{ field: "limits", message: "limits must be a table of limits by name: got 5" }],
    ],
    [
      { every: "day", timeZone: "Nowhere" },
      [
        {
          field: "timeZone",
          message: 'timeZone must be an IANA time zone, such as Europe/Berlin: got "Nowhere"',
        },
      ],
    ],
    [{ at: "10:00" }, [{ field: "at", message: 'at needs every, as in every = "day"' }]],
    [
      { lease: { maxTokens: 5, ttlMs: 1_000 } },
      [
        {
          field: "lease",
          message:
            'lease cannot be combined with limits: leave out one of them, in a PUT by "lease": null',
        },
      ],
    ],
    [
      { lease: { maxTokens: 5, ttlMs: 1_000 }, limits: null, every: "month" },
      [
        {
          field: "lease",
          message:
            'lease cannot be combined with every: leave out one of them, in a PUT by "lease": null',
        },
      ],
    ],
  ])("%j is a 400, and the bucket stays as it is", async (fields, errors) => {
    const name = await open(LLM);
    const before = await snapshotOf(name);
    expect(await faultsOf(put(name, fields))).toEqual(errors);
    expect(await snapshotOf(name)).toEqual(before);
  });

  it("takes 7 further limits and no more, by legal names only", async () => {
    const name = await open(LLM);
    const named = (count: number): object => {
      return Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, DAILY]));
    };
    expect(await faultsOf(put(name, { limits: named(7) }))).toEqual([
      { field: "limits", message: "limits must be at most 7: got 8" },
    ]);
    await changed(name, { limits: { ...named(7), tpm: null } });
    const all = await grantOf(ask(name));
    expect(Object.keys(all.limits ?? {})).toHaveLength(7);
    for (const bad of ["Tpm", "1a", "a.b", "", "a".repeat(33), "__proto__"]) {
      const body = `{"limits":{${JSON.stringify(bad)}:${JSON.stringify(DAILY)}}}`;
      const init = { method: "PUT", headers: ADMIN, body };
      const faults = await faultsOf(request(`/buckets/${encodeURIComponent(name)}`, init));
      expect(faults?.map(({ field }) => field)).toContain(`limits.${bad}`);
    }
  });

  it("of a limit that is given twice is a fault", async () => {
    const name = await open(LLM);
    const body = '{"limits":{"a":{"capacity":1,"every":"day"},"a":{"capacity":9,"every":"day"}}}';
    const init = { method: "PUT", headers: ADMIN, body };
    await problemOf(request(`/buckets/${name}`, init), 400, "invalid-request");
  });
});

describe("a pause", () => {
  async function pause(name: string, body: object): Promise<Response> {
    const init = { method: "POST", headers: ADMIN, body: JSON.stringify(body) };
    return request(`/buckets/${encodeURIComponent(name)}/pause`, init);
  }

  it("is of the first limit, or of those that it names", async () => {
    const name = await open(LLM);
    await ask(name);
    const untilMs = Date.now() + 90_000;
    const first: BucketSnapshot = await (await pause(name, { untilMs })).json();
    expect(first).toMatchObject({
      tokens: 0,
      pausedUntilMs: untilMs,
      limits: { tpm: { tokens: 999 } },
    });
    expect(first.limits?.["tpm"]).not.toHaveProperty("pausedUntilMs");
    await pause(name, { untilMs: 0 });
    const second: BucketSnapshot = await (
      await pause(name, { untilMs, tokens: 500, limits: ["tpm"] })
    ).json();
    expect(second).not.toHaveProperty("pausedUntilMs");
    expect(second.limits?.["tpm"]).toMatchObject({
      tokens: 500,
      pausedUntilMs: untilMs,
      nextTickAtMs: second.limits?.["tpm"]?.nextTickAtMs,
    });
    const both = await (await pause(name, { untilMs, limits: ["tpm", "rate", "tpm"] })).json();
    expect(both).toMatchObject({
      tokens: 0,
      pausedUntilMs: untilMs,
      limits: { tpm: { tokens: 0, pausedUntilMs: untilMs } },
    });
    const resumed: BucketSnapshot = await (
      await pause(name, { untilMs: 0, limits: ["tpm"] })
    ).json();
    expect(resumed.pausedUntilMs).toBe(untilMs);
    expect(resumed.limits?.["tpm"]).not.toHaveProperty("pausedUntilMs");
  });

  it.each<[unknown, string]>([
    [["tpd"], '"tpd" is no limit of this bucket: rate, tpm'],
    [["tpm", "__proto__"], '"__proto__" is no limit of this bucket: rate, tpm'],
    [["constructor"], '"constructor" is no limit of this bucket: rate, tpm'],
    [[], "limits must be a list of the names of limits: got []"],
    ["tpm", 'limits must be a list of the names of limits: got "tpm"'],
    [[1], "limits must be a list of the names of limits: got [1]"],
  ])("of the limits %j is a fault, and so is its end", async (limits, message) => {
    const name = await open(LLM);
    const before = await snapshotOf(name);
    for (const untilMs of [Date.now() + MINUTE_MS, 0]) {
      expect(await faultsOf(pause(name, { untilMs, limits }))).toEqual([
        { field: "limits", message },
      ]);
    }
    expect(await snapshotOf(name)).toEqual(before);
  });

  it("of a calendar puts aside what its boundaries bring, until it ends", async () => {
    const name = await open({ ...LLM, limits: { hourly: { capacity: 10, every: "hour" } } });
    await ask(name, "&tokens.hourly=10");
    const hourMs = (Math.floor(Date.now() / HOUR_MS) + 1) * HOUR_MS;
    const untilMs = hourMs + MINUTE_MS;
    await pause(name, { untilMs, limits: ["hourly"] });
    vi.setSystemTime(untilMs - 1);
    expect(await snapshotOf(name)).toMatchObject({
      limits: { hourly: { tokens: 0, pausedTokens: 10, nextTickAtMs: untilMs } },
    });
    vi.setSystemTime(untilMs);
    expect(await snapshotOf(name)).toMatchObject({
      limits: { hourly: { tokens: 10, nextTickAtMs: hourMs + HOUR_MS } },
    });
  });
});

describe("an idempotency key", () => {
  it("with the same tokens of each limit gets the same grant, which takes nothing again", async () => {
    const name = await open(LLM);
    const first = await (await ask(name, "&tokens.tpm=20&tokens.rate=1", keyed("k"))).json();
    const again = await ask(name, "&tokens.rate=1&tokens.tpm=20", keyed("k"));
    expect(await again.json()).toEqual(first);
    await evictDurableObject(stubOf(name));
    expect(await (await ask(name, "&tokens.tpm=20&tokens.rate=1", keyed("k"))).json()).toEqual(
      first,
    );
    await grantOf(ask(name, "&tokens.tpm=0&tokens.rate=1"));
    await grantOf(ask(name, "&tokens=0&tokens.tpm=5"));
    const last = await ask(name, "&tokens.tpm=20&tokens.rate=1", keyed("k"));
    expect(await last.json()).toEqual(first);
    expect(last.headers.get("RateLimit")).toBe('"*";r=1;t=1, "*/tpm";r=975;t=60');
    expect(await snapshotOf(name)).toMatchObject({ tokens: 1, limits: { tpm: { tokens: 975 } } });
  });

  it.each(["&tokens.tpm=21", "", "&tokens.tpm=20&tokens.rate=1", "&tokens.rate=20"])(
    "with %s instead of tokens.tpm=20 is reused, granted or waiting",
    async (query) => {
      const name = await open(LLM);
      await ask(name, "&tokens.tpm=20", keyed("granted"));
      await problemOf(ask(name, query, keyed("granted")), 422, "idempotency-key-reused");
      await ask(name, "&tokens.rate=2&tokens.tpm=970");
      await wait(name, "&tokens.tpm=20", keyed("waiting"));
      await problemOf(ask(name, query, keyed("waiting")), 422, "idempotency-key-reused");
    },
  );
});

describe("a caller whose connection broke", () => {
  it("comes back to its place with the same tokens of each limit, and with no others", async () => {
    const name = await open(LLM);
    await grantOf(ask(name, "&tokens.tpm=1000"));
    const startMs = Date.now();
    const controller = new AbortController();
    const query = "&tokens=0&tokens.tpm=600";
    const init = { ...keyed("gone"), signal: controller.signal };
    const gone = await wait(name, query, init);
    const other = await wait(name, "&tokens.tpm=300");
    controller.abort();
    while ((await snapshotOf(name)).waiters > 1) await settle();
    expect(gone).toEqual([]);
    await problemOf(
      ask(name, "&tokens=0&tokens.tpm=601", keyed("gone")),
      422,
      "idempotency-key-reused",
    );
    const back = await wait(name, query, keyed("gone"));
    await pass(name, MINUTE_MS);
    await settle();
    const grantedAtMs = startMs + MINUTE_MS;
    expect(await back[0]?.json()).toMatchObject({
      grantedAtMs,
      limits: { tpm: { remaining: 400 } },
    });
    expect(await other[0]?.json()).toMatchObject({
      grantedAtMs,
      limits: { tpm: { remaining: 100 } },
    });
  });
});

describe("what survives", () => {
  it("a reset of the object: the tokens of each limit, and the places of those who wait", async () => {
    useSteadyPauses();
    const name = await open(LLM);
    await ask(name, "&tokens.tpm=990");
    const startMs = Date.now();
    const [first, second] = [
      await wait(name, "&tokens.tpm=600"),
      await wait(name, "&tokens=0&tokens.tpm=5"),
    ];
    await abortAllDurableObjects();
    // The Worker puts the callers back, and the object gathers for a while of real time.
    while ((await snapshotOf(name)).waiters < 2) await scheduler.wait(20);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 2, limits: { tpm: { tokens: 10 } } });
    await pass(name, MINUTE_MS);
    await settle();
    expect(await first[0]?.json()).toMatchObject({
      grantedAtMs: startMs + MINUTE_MS,
      limits: { tpm: { tokens: 600, remaining: 400 } },
    });
    expect(await second[0]?.json()).toMatchObject({
      tokens: 0,
      limits: { tpm: { remaining: 395 } },
    });
  });

  it("an eviction: limits of both kinds, and their pauses", async () => {
    const name = await open({ ...LLM, limits: { ...LLM.limits, day: DAILY } });
    await ask(name, "&tokens.tpm=10&tokens.day=5");
    const init = (body: object): RequestInit => {
      return { method: "POST", headers: ADMIN, body: JSON.stringify(body) };
    };
    const body = { untilMs: Date.now() + 5_000, tokens: 50, limits: ["day"] };
    await request(`/buckets/${encodeURIComponent(name)}/pause`, init(body));
    const before = await snapshotOf(name);
    await evictDurableObject(stubOf(name));
    expect(await snapshotOf(name)).toEqual(before);
  });

  it.each<[string, object, number]>([
    ["one token bucket", { capacity: 5 }, 4],
    ["two limits", LLM, 5],
    ["a calendar alone", DAILY, 5],
    ["two limits of which one is gone again", { limits: { tpm: null } }, 4],
  ])(
    "%s is written in the oldest format that can hold it, started or not",
    async (_, fields, format) => {
      const name = await open("limits" in fields ? LLM : {});
      const formatNow = (): Promise<number | undefined> =>
        runInDurableObject(stubOf(name), (__, { storage: { kv } }) => {
          return kv.get<BucketRecord>("bucket")?.format;
        });
      await changed(name, fields);
      expect(await formatNow()).toBe(format);
      await ask(name);
      expect(await formatNow()).toBe(format);
    },
  );

  it("a boundary that has brought its tokens, even if the table of time zones moves it", async () => {
    const name = await open({ ...DAILY, timeZone: "America/New_York" });
    await ask(name, "&tokens=60");
    const { nextTickAtMs } = await snapshotOf(name);
    vi.setSystemTime(nextTickAtMs);
    await ask(name, "&tokens=60");
    // As if the boundary had been an hour earlier by the table of that day.
    await runInDurableObject(stubOf(name), (_, { storage: { kv } }) => {
      const record = kv.get<BucketRecord>("bucket");
      const [limit] = record?.limiter.limits ?? [];
      const reachedAtMs = nextTickAtMs - HOUR_MS;
      kv.put("bucket", {
        ...record,
        limiter: { ...record?.limiter, limits: [{ ...limit, reachedAtMs }] },
      });
    });
    await evictDurableObject(stubOf(name));
    expect(await snapshotOf(name)).toMatchObject({
      tokens: 40,
      nextTickAtMs: nextTickAtMs + DAY_MS,
    });
  });

  it("a new configuration: limits keep their tokens by name, new ones start", async () => {
    const name = uniqueName("limits");
    const path = `/acquire?bucket=${name}&timeoutMs=0`;
    const before = { POLICIES: { "*": { ...LLM, limits: { ...LLM.limits, day: DAILY } } } };
    await grantOf(deployed(before, `${path}&tokens.day=40`));
    await evictDurableObject(stubOf(name));
    const berlin = { ...DAILY, timeZone: "Europe/Berlin" };
    const after = {
      POLICIES: { "*": { ...DAILY, limits: { day: berlin, hourly: { ...DAILY, every: "hour" } } } },
    };
    const grant: GrantBody = await (await deployed(after, path)).json();
    expect(grant).toMatchObject({
      tokens: 1,
      remaining: 1,
      limits: { day: { tokens: 1, remaining: 59 }, hourly: { tokens: 1, remaining: 99 } },
    });
  });
});
