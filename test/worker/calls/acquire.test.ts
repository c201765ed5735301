import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import { ADMIN, problemOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

async function put(name: string, fields: object): Promise<Response> {
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) };
  return request(`/buckets/${encodeURIComponent(name)}`, init);
}

describe("/acquire", () => {
  it("answers 200 with what was granted, by GET and by POST", async () => {
    for (const method of ["GET", "POST"]) {
      const name = uniqueName();
      const response = await request(`/acquire?bucket=${name}`, { method });
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe("application/json");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(await response.json()).toEqual({
        bucket: name,
        tokens: 1,
        remaining: 0,
        waitedMs: 0,
        grantedAtMs: Date.now(),
      });
    }
  });

  it("takes its parameters from a JSON body, too", async () => {
    const name = uniqueName();
    await put(name, { capacity: 5, refillTokens: 5 });
    const body = JSON.stringify({ bucket: name, tokens: 3, timeoutMs: 0 });
    const response = await request("/acquire", { method: "POST", body });
    expect(await response.json()).toMatchObject({ bucket: name, tokens: 3, remaining: 2 });
    const mixed = await request(`/acquire?bucket=${name}`, {
      method: "POST",
      body: '{"tokens":2}',
    });
    expect(await mixed.json()).toMatchObject({ tokens: 2, remaining: 0 });
  });

  it("carries the RateLimit fields and exposes them to browsers", async () => {
    const name = uniqueName();
    await put(name, { capacity: 10, refillTokens: 4, refillIntervalMs: 1_500 });
    const granted = await request(`/acquire?bucket=${name}`);
    expect(granted.headers.get("RateLimit-Policy")).toBe('"*";q=10;w=5');
    expect(granted.headers.get("RateLimit")).toBe('"*";r=3;t=2');
    vi.setSystemTime(Date.now() + 600);
    const refused = await request(`/acquire?bucket=${name}&tokens=9&timeoutMs=0`);
    expect(refused.headers.get("RateLimit-Policy")).toBe('"*";q=10;w=5');
    expect(refused.headers.get("RateLimit")).toBe('"*";r=3;t=1');
    for (const { headers } of [granted, refused]) {
      expect(headers.get("Access-Control-Expose-Headers")).toBe(
        "RateLimit, RateLimit-Policy, Retry-After",
      );
    }
  });

  it("answers 429 timeout with the wait in milliseconds, and in whole seconds not too few", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    vi.setSystemTime(Date.now() + 1);
    const response = await request(`/acquire?bucket=${name}&timeoutMs=998`);
    const problem = await problemOf(response, 429, "timeout");
    expect(problem).toMatchObject({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      retryAfterMs: 999,
      "violated-policies": ["*"],
    });
    expect(response.headers.get("Retry-After")).toBe("1");
    const later = await request(`/acquire?bucket=${name}&tokens=1&timeoutMs=0`);
    vi.setSystemTime(Date.now() + 999);
    expect(later.headers.get("Retry-After")).toBe("1");
    expect((await request(`/acquire?bucket=${name}&timeoutMs=0`)).status).toBe(200);
  });

  it("rounds Retry-After up", async () => {
    const name = uniqueName();
    await put(name, { refillIntervalMs: 2_001 });
    await request(`/acquire?bucket=${name}`);
    const response = await request(`/acquire?bucket=${name}&timeoutMs=0`);
    expect(response.headers.get("Retry-After")).toBe("3");
  });

  it("answers 429 queue-full where queueLimit callers wait", async () => {
    const name = uniqueName();
    await put(name, { queueLimit: 0 });
    await request(`/acquire?bucket=${name}`);
    const problem = await problemOf(await request(`/acquire?bucket=${name}`), 429, "queue-full");
    expect(problem).toMatchObject({ retryAfterMs: 1_000, "violated-policies": ["*"] });
  });

  it("answers 422 exceeds-capacity, and says how many fit", async () => {
    const response = await request(`/acquire?bucket=${uniqueName()}&tokens=2`);
    const problem = await problemOf(response, 422, "exceeds-capacity");
    expect(problem.detail).toBe("Cannot acquire 2 tokens: capacity is 1");
    expect(problem).not.toHaveProperty("retryAfterMs");
  });

  it("answers 400 where timeoutMs exceeds the bucket's maxWaitMs, and names both", async () => {
    const name = uniqueName();
    const response = await request(`/acquire?bucket=${name}&timeoutMs=60001`);
    const { errors } = await problemOf(response, 400, "invalid-request");
    expect(errors).toEqual([
      { field: "timeoutMs", message: "timeoutMs must be an integer from 0 to 60000: got 60001" },
    ]);
    await put(name, { maxWaitMs: 3_600_000 });
    expect((await request(`/acquire?bucket=${name}&timeoutMs=60001`)).status).toBe(200);
  });

  it("answers 400 to a hold that the bucket's policy doesn't allow, and names both", async () => {
    const name = uniqueName();
    const errorsOf = async (query: string): Promise<unknown> => {
      const response = await request(`/acquire?bucket=${name}&${query}`);
      return (await problemOf(response, 400, "invalid-request")).errors;
    };
    const needed = 'holdMs needs a policy with hold, such as hold = { max = "10m" }: got 1000';
    expect(await errorsOf("holdMs=1000")).toEqual([{ field: "holdMs", message: needed }]);
    await put(name, { hold: { max: "10m" } });
    expect(await errorsOf("holdMs=600001&timeoutMs=60001")).toEqual([
      { field: "timeoutMs", message: "timeoutMs must be an integer from 0 to 60000: got 60001" },
      {
        field: "holdMs",
        message: "holdMs must be at most the policy's hold.maxMs, 600000: got 600001",
      },
    ]);
    expect((await request(`/acquire?bucket=${name}&holdMs=600000`)).status).toBe(200);
  });

  it("frees the place of a caller that leaves", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const controller = new AbortController();
    const { signal } = controller;
    const gone = request(`/acquire?bucket=${name}`, { signal }).catch(() => "gone");
    while ((await snapshotOf(name)).waiters < 1) await settle();
    const stays = request(`/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters < 2) await settle();
    controller.abort();
    while ((await snapshotOf(name)).waiters > 1) await settle();
    await pass(name, 1_000);
    expect((await stays).status).toBe(200);
    expect(await gone).toBe("gone");
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, cancelled: 1 });
  });

  it("takes nothing with HEAD", async () => {
    const name = uniqueName();
    const response = await request(`/acquire?bucket=${name}`, { method: "HEAD" });
    expect(response.status).toBe(405);
    expect((await snapshotOf(name)).granted).toBe(0);
  });

  it("a wait of millions of years is told as the longest that JSON's readers can tell", async () => {
    const name = uniqueName();
    const slowest = { capacity: 1e9, refillTokens: 1, refillIntervalMs: 86_400_000 };
    const body = JSON.stringify({ ...slowest, initialTokens: 0 });
    await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    const response = await request(`/acquire?bucket=${name}&tokens=1000000000&timeoutMs=0`);
    expect(response.status).toBe(429);
    expect(response.headers.get("Retry-After")).toBe("9007199254741");
    expect(await response.text()).toContain('"retryAfterMs":9007199254740991,');
    expect(response.headers.get("RateLimit-Policy")).toBe('"*";q=1000000000;w=86400000000000');
  });
});

describe("bad input", () => {
  const long = "9".repeat(1_000_000);
  const badNumbers = [
    "",
    " ",
    "-1",
    "1.5",
    "1e3",
    "+1",
    "0x1",
    "abc",
    "NaN",
    "null",
    "１",
    "1\0",
    "é",
  ];
  const badNames = [
    "",
    " ",
    "a b",
    "a\0",
    "é",
    "名",
    "a*",
    "<x>",
    '"',
    "a%b",
    "x".repeat(129),
    long,
  ];
  const queries: [string, string[]][] = [
    ...badNames.map((name): [string, string[]] => [
      `bucket=${encodeURIComponent(name)}`,
      ["bucket"],
    ]),
    ["", ["bucket"]],
    ["bucket=bad:1&bucket=bad:1", ["bucket"]],
    ["bucket=bad:1&tokens=1&tokens=1", ["tokens"]],
    ["bucket=bad:1&timeoutMs=1&timeoutMs=1", ["timeoutMs"]],
    ["bucket=bad:1&tokens=0", ["tokens"]],
    ["bucket=bad:1&tokens=9007199254740993", ["tokens"]],
    [`bucket=bad:1&tokens=${long}`, ["tokens"]],
    ["bucket=bad:1&timeoutMs=3600001", ["timeoutMs"]],
    [`bucket=bad:1&timeoutMs=${long}`, ["timeoutMs"]],
    ["bucket=%zz&tokens=x&timeoutMs=y", ["bucket", "tokens", "timeoutMs"]],
    ...badNumbers.flatMap((value): [string, string[]][] => [
      [`bucket=bad:1&tokens=${encodeURIComponent(value)}`, ["tokens"]],
      [`bucket=bad:1&timeoutMs=${encodeURIComponent(value)}`, ["timeoutMs"]],
    ]),
  ];

  async function objectCount(): Promise<number> {
    return (await listDurableObjectIds(env.BUCKETS)).length;
  }

  it("in the query: 400 names every faulty field, and no object is made", async () => {
    const before = await objectCount();
    for (const [query, fields] of queries) {
      const problem = await problemOf(await request(`/acquire?${query}`), 400, "invalid-request");
      expect(
        problem.errors?.map((error) => error.field),
        query.slice(0, 80),
      ).toEqual(fields);
      for (const { message } of problem.errors ?? []) expect(message.length).toBeLessThan(200);
    }
    expect(await objectCount()).toBe(before);
  });

  it("in the body: 400 names every faulty field, and no object is made", async () => {
    const before = await objectCount();
    const wrong = ["1", null, true, [], {}, 1.5, -1, 1e300];
    const bodies: [string, string[]][] = [
      ["nonsense", ["body"]],
      ["[]", ["body"]],
      ["null", ["body"]],
      ["1", ["body"]],
      ['{"bucket":"bad:1"', ["body"]],
      ['{"bucket":"bad:1","bucket":"bad:1"}', ["body"]],
      ['{"bucket":"bad:1","tokens":1,"tok\\u0065ns":1}', ["body"]],
      ['{"tokens":1}', ["bucket"]],
      ['{"bucket":7}', ["bucket"]],
      ['{"bucket":"bad:1","token":1}', ["token"]],
      ['{"bucket":"bad:1","__proto__":{}}', ["__proto__"]],
      ["bucket=bad:1", ["body"]],
      ["\0", ["body"]],
      ...wrong.flatMap((value): [string, string[]][] => [
        [JSON.stringify({ bucket: "bad:1", tokens: value }), ["tokens"]],
        [JSON.stringify({ bucket: "bad:1", timeoutMs: value }), ["timeoutMs"]],
      ]),
    ];
    for (const [body, fields] of bodies) {
      const response = await request("/acquire", { method: "POST", body });
      const problem = await problemOf(response, 400, "invalid-request");
      expect(
        problem.errors?.map((error) => error.field),
        body,
      ).toEqual(fields);
    }
    const twice = await request("/acquire?bucket=bad:1", {
      method: "POST",
      body: '{"bucket":"b"}',
    });
    await problemOf(twice, 400, "invalid-request");
    expect(await objectCount()).toBe(before);
  });
});
