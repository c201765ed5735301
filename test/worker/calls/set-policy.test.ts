import { describe, expect, it } from "vitest";

import { ADMIN, problemOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

async function put(name: string, fields: object): Promise<Response> {
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) };
  return request(`/buckets/${encodeURIComponent(name)}`, init);
}

describe("PUT /buckets/NAME", () => {
  it("overrides the numbers given, keeps the rest, and lasts", async () => {
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

  it("of initialTokens is what a bucket starts with that has not started", async () => {
    const name = uniqueName();
    await put(name, { capacity: 9, initialTokens: 7 });
    expect(await snapshotOf(name)).toMatchObject({ tokens: 7 });
    const granted = await request(`/acquire?bucket=${name}&tokens=7`);
    expect(await granted.json()).toMatchObject({ remaining: 0 });
    expect(await (await put(name, { initialTokens: 9 })).json()).toMatchObject({ tokens: 0 });
  });

  it("of nothing changes nothing", async () => {
    const name = uniqueName();
    const before = await snapshotOf(name);
    expect(await (await put(name, {})).json()).toEqual(before);
  });

  it("cuts the tokens, keeps the order of those who wait and times them anew", async () => {
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

  it("refuses those who now come too late, with what they would have to wait", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const held = request(`/acquire?bucket=${name}&timeoutMs=2000`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    await put(name, { refillIntervalMs: 5_000 });
    expect(await problemOf(await held, 429, "timeout")).toMatchObject({ retryAfterMs: 5_000 });
  });

  it("of an illegal policy: 400 names every faulty field, and the bucket stays as it is", async () => {
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
});

describe("PUT /buckets/NAME in human units", () => {
  const perMinute = { capacity: 10, refillTokens: 1, refillIntervalMs: 667, initialTokens: 10 };

  it("answers with the numbers that they stand for", async () => {
    const name = uniqueName();
    const limits = { tpm: { limit: "1200/1m" } };
    const changed = await put(name, { limit: "100/1m", burst: 10, maxWait: "30s", limits });
    expect(changed.status).toBe(200);
    const tpm = { capacity: 120, refillTokens: 3, refillIntervalMs: 167, initialTokens: 120 };
    const policy = { ...perMinute, maxWaitMs: 30_000, limits: { tpm } };
    expect(await changed.json()).toMatchObject({ policy });
    expect(await snapshotOf(name)).toMatchObject({ policy });
  });

  it("may change one of them alone", async () => {
    const name = uniqueName();
    await put(name, { limit: "100/1m" });
    const slower = await put(name, { maxWait: "10s", refillInterval: "1s" });
    expect(await slower.json()).toMatchObject({
      policy: { ...perMinute, refillIntervalMs: 1_000, maxWaitMs: 10_000 },
    });
  });

  it("makes a token bucket of a calendar", async () => {
    const name = uniqueName();
    const daily = await put(name, { capacity: 5, every: "day", timeZone: "Europe/Berlin" });
    expect(await daily.json()).toMatchObject({ policy: { every: "day" } });
    const { policy } = await (await put(name, { limit: "100/1m" })).json<{ policy: object }>();
    expect(policy).toMatchObject(perMinute);
    expect(policy).not.toHaveProperty("every");
    expect(policy).not.toHaveProperty("timeZone");
  });

  it.each([
    [{ limit: "100" }, "limit"],
    [{ limit: "100/1m", burst: 100 }, "burst"],
    [{ burst: 5 }, "burst"],
    [{ limit: "100/1m", capacity: 5 }, "limit"],
    [{ limit: "100/1m", every: "day" }, "limit"],
    [{ maxWait: "1s", maxWaitMs: 1_000 }, "maxWait"],
    [{ maxWait: 30 }, "maxWait"],
    [{ maxWaitMs: "30s" }, "maxWaitMs"],
    [{ lease: { maxTokens: 1, ttl: "1h" } }, "lease.ttl"],
    [{ limits: { tpm: { limit: "1/1s" } } }, "limits.tpm.limit"],
  ])("names the field at fault in %j as it was written", async (fields, field) => {
    const name = uniqueName();
    const { errors } = await problemOf(await put(name, fields), 400, "invalid-request");
    expect(errors?.map((fault) => fault.field)).toEqual([field]);
    expect(errors?.[0]?.message).toContain(field);
  });

  it("names what is missing for the bucket, in numbers", async () => {
    const name = uniqueName();
    await put(name, { capacity: 5, every: "day" });
    const answer = await put(name, { refillInterval: "1s" });
    const { errors } = await problemOf(answer, 400, "invalid-request");
    expect(errors).toEqual([{ field: "refillTokens", message: "refillTokens is missing" }]);
  });
});
