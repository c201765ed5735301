import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { KeyedGrant, KeyedGrantStore } from "../../src/bucket/idempotency-store.ts";

import { IdempotencyStore, askedIn, isSameAsked } from "../../src/bucket/idempotency-store.ts";
import { ADMIN, grantOf, problemOf, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

const TEN_MINUTES_MS = 600_000;

/** Asks with a key. */
function ask(name: string, key: string, query = "", init: RequestInit = {}): Promise<Response> {
  const headers = { "Idempotency-Key": key };
  return request(`/acquire?bucket=${name}${query}`, { ...init, headers });
}

/** A bucket of five, one a second, all of them there. */
async function open(): Promise<string> {
  const name = uniqueName();
  const body = JSON.stringify({ capacity: 5, initialTokens: 5 });
  await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
  return name;
}

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

describe("isSameAsked", () => {
  const asked = { tokens: 2, limits: { tpm: 3 }, timeoutMs: 0, holdMs: 1_000 };

  it("compares all that a caller asks for, and its key isn't part of it", () => {
    const call = { ...asked, idempotencyKey: "k" };
    expect(askedIn(call)).toEqual(asked);
    expect(isSameAsked(asked, call)).toBe(true);
    for (const name of ["limits", "timeoutMs", "holdMs"] as const) {
      const { [name]: _, ...less } = asked;
      expect(isSameAsked(asked, less), name).toBe(false);
      expect(isSameAsked(less, asked), name).toBe(false);
    }
    expect(isSameAsked(asked, { ...asked, holdMs: 1_001 })).toBe(false);
  });
});

describe("Idempotency-Key of a grant", () => {
  it("asked again gets the same grant, and nothing is taken twice", async () => {
    const name = await open();
    const first = await grantOf(ask(name, '"a"', "&tokens=2"));
    vi.setSystemTime(Date.now() + 700);
    const again = await ask(name, '"a"', "&tokens=2");
    expect(again.headers.get("RateLimit")).toBe('"*";r=3;t=1');
    expect(await grantOf(again)).toEqual(first);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3, granted: 1 });
  });

  it("asked again says what is in the bucket now", async () => {
    const name = await open();
    const first = await grantOf(ask(name, '"a"'));
    await request(`/acquire?bucket=${name}&tokens=4`);
    const again = await ask(name, '"a"');
    expect(again.headers.get("RateLimit")).toBe('"*";r=0;t=1');
    expect(await grantOf(again)).toEqual(first);
    vi.setSystemTime(Date.now() + 300_000);
    expect((await ask(name, '"a"')).headers.get("RateLimit")).toBe('"*";r=5');
  });

  it("is the same with and without quotes, by GET and by POST", async () => {
    const name = await open();
    const first = await grantOf(ask(name, "8e03978e-40d5-43dd-bc93-6894a57f9324"));
    for (const method of ["GET", "POST"]) {
      const again = ask(name, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "", { method });
      expect(await grantOf(again)).toEqual(first);
    }
    await grantOf(ask(name, String.raw`"a\"\\"`));
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3, granted: 2 });
  });

  it("counts for its bucket alone", async () => {
    const [one, other] = [await open(), await open()];
    await grantOf(ask(one, '"a"'));
    await grantOf(ask(other, '"a"'));
    expect((await snapshotOf(one)).granted + (await snapshotOf(other)).granted).toBe(2);
  });

  it("with other parameters is refused with 422, and nothing is taken", async () => {
    const name = await open();
    await grantOf(ask(name, '"a"', "&tokens=2&timeoutMs=0"));
    for (const query of ["&tokens=1&timeoutMs=0", "&tokens=2&timeoutMs=1", "&tokens=2"]) {
      const problem = await problemOf(ask(name, '"a"', query), 422, "idempotency-key-reused");
      expect(problem.detail).toContain('The key "a" was already used');
    }
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3, granted: 1, refused: 0 });
  });

  it("is kept for ten minutes", async () => {
    const name = await open();
    const first = await grantOf(ask(name, '"a"'));
    vi.setSystemTime(Date.now() + TEN_MINUTES_MS - 1);
    expect(await grantOf(ask(name, '"a"'))).toEqual(first);
    vi.setSystemTime(Date.now() + 1);
    const later = await grantOf(ask(name, '"a"'));
    expect(later.grantedAtMs).toBe(first.grantedAtMs + TEN_MINUTES_MS);
    expect(await grantOf(ask(name, '"a"'))).toEqual(later);
  });

  it("is forgotten with the bucket", async () => {
    const name = await open();
    await grantOf(ask(name, '"a"'));
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await grantOf(ask(name, '"a"'));
    expect(await snapshotOf(name)).toMatchObject({ tokens: 0, granted: 1 });
  });

  it("survives an eviction and a crash, with the tokens taken once", async () => {
    const name = await open();
    const first = await grantOf(ask(name, '"a"', "&tokens=2"));
    await evictDurableObject(stubOf(name));
    expect(await grantOf(ask(name, '"a"', "&tokens=2"))).toEqual(first);
    await abortAllDurableObjects();
    expect(await grantOf(ask(name, '"a"', "&tokens=2"))).toEqual(first);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 3, granted: 1 });
  });

  it("survives a crash in the middle of a batch", async () => {
    const name = uniqueName();
    const body = JSON.stringify({ capacity: 10_000, refillTokens: 10_000, initialTokens: 10_000 });
    await request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    for (let index = 0; index < 5; index += 1) await request(`/acquire?bucket=${name}`);
    const first = await grantOf(ask(name, '"a"', "&tokens=7"));
    await abortAllDurableObjects();
    expect(await grantOf(ask(name, '"a"', "&tokens=7"))).toEqual(first);
    expect((await snapshotOf(name)).tokens).toBeLessThanOrEqual(10_000 - 12);
  });
});

describe("Idempotency-Key of a refusal", () => {
  it("is free: asked again, it may be granted", async () => {
    const name = await open();
    await request(`/acquire?bucket=${name}&tokens=5`);
    await problemOf(ask(name, '"a"', "&timeoutMs=0"), 429, "timeout");
    await problemOf(ask(name, '"a"', "&timeoutMs=0"), 429, "timeout");
    vi.setSystemTime(Date.now() + 1_000);
    await grantOf(ask(name, '"a"', "&timeoutMs=0"));
    await problemOf(ask(name, '"b"', "&tokens=6"), 422, "exceeds-capacity");
    await problemOf(ask(name, '"b"', "&tokens=5&timeoutMs=0"), 429, "timeout");
  });
});

describe("Idempotency-Key of one that waits", () => {
  async function waiting(): Promise<string> {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    return name;
  }

  it("asked again joins the same place, and both get the same grant", async () => {
    const name = await waiting();
    const first = ask(name, '"a"');
    await untilWaiters(name, 1);
    const behind = request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 2);
    vi.setSystemTime(Date.now() + 500);
    const again = ask(name, '"a"');
    await problemOf(ask(name, '"a"', "&timeoutMs=5000"), 422, "idempotency-key-reused");
    await pass(name, 500);
    const grant = await grantOf(first);
    expect(await grantOf(again)).toEqual(grant);
    expect(grant.waitedMs).toBe(1_000);
    expect(await snapshotOf(name)).toMatchObject({ granted: 2, waiters: 1 });
    await pass(name, 1_000);
    expect((await grantOf(behind)).waitedMs).toBe(2_000);
  });

  it("keeps its place until the last of its requests has left", async () => {
    const name = await waiting();
    const [one, other] = [new AbortController(), new AbortController()];
    const gone = ask(name, '"a"', "", { signal: one.signal }).catch(() => "gone");
    await untilWaiters(name, 1);
    const stays = ask(name, '"a"', "", { signal: other.signal }).catch(() => "gone");
    await settle();
    one.abort();
    expect(await gone).toBe("gone");
    await settle();
    expect(await snapshotOf(name)).toMatchObject({ waiters: 1, cancelled: 0 });
    other.abort();
    expect(await stays).toBe("gone");
    await untilWaiters(name, 0);
    expect(await snapshotOf(name)).toMatchObject({ granted: 1, cancelled: 1 });
    // The key is free again.
    const anew = ask(name, '"a"');
    await untilWaiters(name, 1);
    await pass(name, 1_000);
    expect((await grantOf(anew)).waitedMs).toBe(1_000);
  });

  it("shares its place with at most eight requests: queueLimit bounds what is held", async () => {
    const name = await waiting();
    const first = ask(name, '"a"');
    await untilWaiters(name, 1);
    const more = Array.from({ length: 7 }, () => ask(name, '"a"'));
    await settle();
    vi.setSystemTime(Date.now() + 400);
    const ninth = await ask(name, '"a"');
    expect(ninth.headers.get("RateLimit")).toBe('"*";r=0;t=1');
    expect(await problemOf(ninth, 429, "queue-full")).toMatchObject({
      detail: 'Cannot wait under the key "a": 8 requests already do',
      retryAfterMs: 59_600,
      "violated-policies": ["*"],
    });
    await pass(name, 600);
    const grant = await grantOf(first);
    for (const other of more) expect(await grantOf(other)).toEqual(grant);
  });

  it("of a reset object is put back to one place", async () => {
    const name = await waiting();
    const first = ask(name, '"a"');
    await untilWaiters(name, 1);
    const again = ask(name, '"a"');
    await settle();
    await abortAllDurableObjects();
    await untilWaiters(name, 1);
    await scheduler.wait(300);
    expect((await snapshotOf(name)).waiters).toBe(1);
    await pass(name, 1_000);
    expect(await grantOf(again)).toEqual(await grantOf(first));
    expect(await snapshotOf(name)).toMatchObject({ tokens: 0, granted: 2 });
  });

  it("is free after the bucket was reset", async () => {
    const name = await waiting();
    const first = ask(name, '"a"');
    await untilWaiters(name, 1);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await problemOf(first, 503, "bucket-reset");
    await grantOf(ask(name, '"a"', "&timeoutMs=0"));
  });
});

describe("Idempotency-Key that is none", () => {
  it.each([
    ["empty", ""],
    ["empty in quotes", '""'],
    ["too long", "x".repeat(256)],
    ["too long in quotes", `"${"x".repeat(256)}"`],
    ["not closed", '"a'],
    ["two", '"a", "b"'],
    ["two without quotes", "a, b"],
    ["with a parameter", '"a";b=c'],
    ["with a space and no quotes", "a b"],
    ["not ASCII", '"\u00E9"'],
    ["with an escape that is none", String.raw`"a\b"`],
  ])("%s: 400 names the field, and nothing is taken", async (_, key) => {
    const name = await open();
    const { errors } = await problemOf(ask(name, key), 400, "invalid-request");
    expect(errors?.map(({ field }) => field)).toEqual(["Idempotency-Key"]);
    expect((await snapshotOf(name)).granted).toBe(0);
  });

  it("is reported with all other faults", async () => {
    const { errors } = await problemOf(ask("a", "", "&tokens=0"), 400, "invalid-request");
    expect(errors?.map(({ field }) => field)).toEqual(["tokens", "Idempotency-Key"]);
  });

  it("255 characters are a key", async () => {
    expect((await ask(await open(), "x".repeat(255))).status).toBe(200);
  });
});

describe("IdempotencyStore", () => {
  function inMemory(): { store: KeyedGrantStore; stored: Map<string, KeyedGrant> } {
    const stored = new Map<string, KeyedGrant>();
    const store = {
      list: () => stored.entries(),
      put: (key: string, keyed: KeyedGrant) => void stored.set(key, keyed),
      delete: (key: string) => void stored.delete(key),
    };
    return { store, stored };
  }

  function grantedAt(grantedAtMs: number): KeyedGrant {
    const grant = { ok: true, tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs } as const;
    return { asked: { tokens: 1 }, grant };
  }

  it("keeps 10,000 at most, and forgets the oldest", () => {
    const { store, stored } = inMemory();
    const grants = new IdempotencyStore(store);
    for (let index = 0; index < 10_001; index += 1) {
      grants.keep(`key ${index}`, grantedAt(index), index);
    }
    expect(stored.size).toBe(10_000);
    expect(grants.find("key 0", 10_001)).toBeUndefined();
    expect(grants.find("key 1", 10_001)).toEqual(grantedAt(1));
  });

  it("forgets a few at a time, so that no turn is held up by thousands", () => {
    const { store, stored } = inMemory();
    const grants = new IdempotencyStore(store);
    for (let index = 0; index < 100; index += 1) grants.keep(`key ${index}`, grantedAt(0), 0);
    grants.keep("later", grantedAt(600_000), 600_000);
    expect(stored.size).toBe(101 - 16);
    for (let index = 0; index < 10; index += 1) {
      grants.keep(`later ${index}`, grantedAt(600_000), 600_000);
    }
    expect(stored.size).toBe(11);
  });

  it("forgets what is too old when a newer one comes, also what an earlier instance kept", () => {
    const { store, stored } = inMemory();
    // The store lists by key, not by age.
    stored.set("a", grantedAt(2_000));
    stored.set("b", grantedAt(1_000));
    const grants = new IdempotencyStore(store);
    grants.keep("c", grantedAt(601_000), 601_000);
    expect([...stored.keys()]).toEqual(["a", "c"]);
    expect(grants.find("a", 601_999)).toEqual(grantedAt(2_000));
    expect(grants.find("a", 602_000)).toBeUndefined();
  });
});
