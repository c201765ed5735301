import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import { ADMIN, problemOf, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { alarmAtMs, pass, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

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

describe("/buckets/NAME", () => {
  it("shows a bucket that nobody has acquired from as it would start, and starts nothing", async () => {
    const name = uniqueName();
    const read = async (): Promise<unknown> => snapshotOf(name);
    const expected = {
      bucket: name,
      policy: {
        name: "*",
        capacity: 1,
        refillTokens: 1,
        refillIntervalMs: 1_000,
        initialTokens: 1,
        queueLimit: 1_000,
        maxWaitMs: 60_000,
      },
      tokens: 1,
      waiters: 0,
      queuedTokens: 0,
      granted: 0,
      refused: 0,
      cancelled: 0,
    };
    expect(await read()).toEqual({ ...expected, nextTickAtMs: Date.now() + 1_000 });
    vi.setSystemTime(Date.now() + 1_234);
    expect(await read()).toEqual({ ...expected, nextTickAtMs: Date.now() + 1_000 });
    expect(await alarmAtMs(name)).toBeNull();
  });

  it("takes a name with every legal character, percent-encoded", async () => {
    const name = `${uniqueName()}/A-Z.a_z:0@9`;
    const response = await request(`/acquire?bucket=${encodeURIComponent(name)}`);
    expect(await response.json()).toMatchObject({ bucket: name });
    expect(await snapshotOf(name)).toMatchObject({ bucket: name, granted: 1 });
  });

  it("PUT overrides the numbers given, keeps the rest, and lasts", async () => {
    const name = uniqueName();
    const changed = await put(name, { capacity: 5, maxWaitMs: 1_000 });
    expect(changed.status).toBe(200);
    const policy = { capacity: 5, refillTokens: 1, maxWaitMs: 1_000, initialTokens: 1 };
    expect(await changed.json()).toMatchObject({ bucket: name, policy, tokens: 1 });
    expect(await (await put(name, { refillTokens: 3 })).json()).toMatchObject({
      policy: { ...policy, refillTokens: 3, initialTokens: 3 },
      tokens: 3,
    });
    expect(await snapshotOf(name)).toMatchObject({ policy: { capacity: 5, refillTokens: 3 } });
  });

  it("PUT of initialTokens is what a bucket starts with that has not started", async () => {
    const name = uniqueName();
    await put(name, { capacity: 9, initialTokens: 7 });
    expect(await snapshotOf(name)).toMatchObject({ tokens: 7 });
    const granted = await request(`/acquire?bucket=${name}&tokens=7`);
    expect(await granted.json()).toMatchObject({ remaining: 0 });
    expect(await (await put(name, { initialTokens: 9 })).json()).toMatchObject({ tokens: 0 });
  });

  it("PUT of nothing changes nothing", async () => {
    const name = uniqueName();
    const before = await snapshotOf(name);
    expect(await (await put(name, {})).json()).toEqual(before);
  });

  it("PUT cuts the tokens, keeps the order of those who wait and times them anew", async () => {
    const name = uniqueName();
    await put(name, { capacity: 10, refillTokens: 1, initialTokens: 5 });
    await request(`/acquire?bucket=${name}`);
    const held: Promise<Response>[] = [];
    for (const tokens of [6, 2, 1]) {
      held.push(request(`/acquire?bucket=${name}&tokens=${tokens}`));
      while ((await snapshotOf(name)).waiters < held.length) await settle();
    }
    expect(await (await put(name, { capacity: 3 })).json()).toMatchObject({
      tokens: 0,
      waiters: 0,
    });
    const [large, two, one] = held;
    await problemOf((await large) as Response, 422, "exceeds-capacity");
    expect(await (await two)?.json()).toMatchObject({ tokens: 2, remaining: 1 });
    expect((await one)?.status).toBe(200);
  });

  it("PUT refuses those who now come too late, with what they would have to wait", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const held = request(`/acquire?bucket=${name}&timeoutMs=2000`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    await put(name, { refillIntervalMs: 5_000 });
    expect(await problemOf(await held, 429, "timeout")).toMatchObject({ retryAfterMs: 5_000 });
  });

  it("DELETE refuses those who wait with bucket-reset, and leaves nothing behind", async () => {
    const name = uniqueName();
    await put(name, { capacity: 2, initialTokens: 1 });
    await request(`/acquire?bucket=${name}`);
    const held = request(`/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    const deleted = await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    expect(deleted.status).toBe(204);
    expect(await deleted.text()).toBe("");
    await problemOf(await held, 503, "bucket-reset");
    expect(await alarmAtMs(name)).toBeNull();
    expect(await snapshotOf(name)).toMatchObject({
      tokens: 1,
      granted: 0,
      policy: { capacity: 1 },
    });
    expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  });

  it("DELETE of a bucket that never was is a 204", async () => {
    const init = { method: "DELETE", headers: ADMIN };
    expect((await request(`/buckets/${uniqueName()}`, init)).status).toBe(204);
  });
});

describe("routes", () => {
  it("answers /healthz", async () => {
    const response = await request("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it.each(["/", "/acquire/", "/buckets", "/buckets/", "/buckets/a/b", "/ACQUIRE", "//", "/%00"])(
    "answers 404 not-found for %s",
    async (path) => {
      await problemOf(await request(path), 404, "not-found");
    },
  );

  it.each([
    ["/acquire", "PUT", "GET, POST, DELETE"],
    ["/acquire", "PATCH", "GET, POST, DELETE"],
    ["/acquire", "OPTIONS", "GET, POST, DELETE"],
    ["/buckets/x", "POST", "GET, HEAD, PUT, DELETE"],
    ["/buckets/x", "PATCH", "GET, HEAD, PUT, DELETE"],
    ["/healthz", "POST", "GET, HEAD"],
  ])("answers 405 for %s by %s", async (path, method, allowed) => {
    const response = await request(path, { method });
    await problemOf(response, 405, "method-not-allowed");
    expect(response.headers.get("Allow")).toBe(allowed);
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

  it("in the query of /acquire: 400 names every faulty field, and no object is made", async () => {
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

  it("in the body of /acquire: 400 names every faulty field, and no object is made", async () => {
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

  it("in a policy: 400 names every faulty field, and the bucket stays as it is", async () => {
    const name = uniqueName();
    const before = await snapshotOf(name);
    const limits: [string, number, number][] = [
      ["capacity", 1, 1_000_000_000],
      ["refillTokens", 1, 1_000_000_000],
      ["refillIntervalMs", 10, 86_400_000],
      ["initialTokens", 0, 1_000_000_000],
      ["queueLimit", 0, 10_000],
      ["maxWaitMs", 0, 3_600_000],
    ];
    for (const [field, min, max] of limits) {
      for (const value of [min - 1, max + 1, min + 0.5, `${min}`, null, true, [], {}, "x\0é"]) {
        const response = await put(name, { [field]: value });
        const { errors } = await problemOf(response, 400, "invalid-request");
        expect(errors?.map((error) => error.field)).toEqual([field]);
        expect(errors?.[0]?.message).toContain(`${field} must be an integer from ${min} to ${max}`);
      }
    }
    const bodies = [
      ['{"capacity":0,"refillTokens":0,"x":1}', ["capacity", "refillTokens", "x"]],
      ['{"capacity":5,"initialTokens":6}', ["initialTokens"]],
      ['{"capacity":5,"capacity":6}', ["body"]],
      ['{"__proto__":1}', ["__proto__"]],
      ['{"name":"x"}', ["name"]],
      ["[1]", ["body"]],
      ["{", ["body"]],
    ] as const;
    for (const [body, fields] of bodies) {
      const response = await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
      const { errors } = await problemOf(response, 400, "invalid-request");
      expect(
        errors?.map((error) => error.field),
        body,
      ).toEqual(fields);
    }
    expect(await snapshotOf(name)).toEqual(before);
  });

  it("in a name in the path: 400, and no object is made", async () => {
    const before = await objectCount();
    const names = [
      "%20",
      "a%20b",
      "%zz",
      "%",
      "%00",
      "%C3%A9",
      "a%25b",
      "%2541",
      "a%%33Ab",
      "a%3%41b",
      "a*",
      "x".repeat(129),
    ];
    for (const name of names) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const body = method === "PUT" ? { body: "{}" } : {};
        const response = await request(`/buckets/${name}`, { method, headers: ADMIN, ...body });
        const { errors } = await problemOf(response, 400, "invalid-request");
        expect(errors?.[0]?.field, name).toBe("NAME");
      }
    }
    expect(await objectCount()).toBe(before);
  });

  it("a body over 16 KiB: 413, announced or streamed, wherever it is sent", async () => {
    const name = uniqueName();
    const body = `{"capacity":${" ".repeat(16 * 1024)}5}`;
    for (const path of [`/buckets/${name}`, "/acquire"]) {
      const method = path === "/acquire" ? "POST" : "PUT";
      const announced = await request(path, { method, headers: ADMIN, body });
      await problemOf(announced, 413, "body-too-large");
      const stream = new Blob([body]).stream();
      const streamed = await request(path, { method, headers: ADMIN, body: stream });
      await problemOf(streamed, 413, "body-too-large");
    }
    const fits = `{"capacity":${" ".repeat(16 * 1024 - 14)}5}`;
    const accepted = await request(`/buckets/${name}`, {
      method: "PUT",
      headers: ADMIN,
      body: fits,
    });
    expect(accepted.status).toBe(200);
  });

  it("headers of the caller's own never reach the object", async () => {
    const name = uniqueName();
    const forged = JSON.stringify({
      bucket: name,
      tokens: 0,
      requeued: { arrivedAtMs: 0, elapsedMs: 0 },
    });
    await request(`/acquire?bucket=${name}`);
    const headers = { "sluice-call": forged };
    const response = await request(`/acquire?bucket=${name}&timeoutMs=0`, { headers });
    await problemOf(response, 429, "timeout");
  });
});
