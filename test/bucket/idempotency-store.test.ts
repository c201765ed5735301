import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import type { KeyedGrant, KeyedGrantStore } from "../../src/bucket/idempotency-store.ts";

import {
  IdempotencyStore,
  askedIn,
  entriesOf,
  isSameAsked,
} from "../../src/bucket/idempotency-store.ts";
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

/** A disk of keyed grants. */
class KeyedDisk implements KeyedGrantStore {
  readonly rows = new Map<number, string>();
  readonly keys = new Map<string, KeyedGrant>();
  readonly earlier = {
    list: (): Iterable<[string, KeyedGrant]> => this.keys,
    delete: (key: string): void => void this.keys.delete(key),
  };

  list(): Iterable<[number, string]> {
    // In another order than slots have.
    return [...this.rows].toReversed();
  }

  put(slot: number, row: string): void {
    this.rows.set(slot, row);
  }
}

function grantedAt(grantedAtMs: number): KeyedGrant {
  const grant = { ok: true, tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs } as const;
  return { asked: { tokens: 1 }, grant };
}

describe("IdempotencyStore", () => {
  it("writes the grants of a turn in one row, and finds them again in a later instance", () => {
    const disk = new KeyedDisk();
    new IdempotencyStore(disk).keep(
      [
        ["a", grantedAt(1)],
        ["b", grantedAt(1)],
      ],
      1,
    );
    expect([...disk.rows.keys()]).toEqual([0]);
    const later = new IdempotencyStore(disk);
    expect(later.find("b", 600_000)).toEqual(grantedAt(1));
    expect(later.find("b", 600_001)).toBeUndefined();
    expect(later.find("c", 2)).toBeUndefined();
    later.keep([["c", grantedAt(2)]], 2);
    expect([...disk.rows.keys()]).toEqual([0, 1]);
  });

  it("keeps 10,000 at most, and forgets the oldest", () => {
    const disk = new KeyedDisk();
    const grants = new IdempotencyStore(disk);
    for (let index = 0; index < 25_000; index += 1) {
      grants.keep([[`key ${index}`, grantedAt(index)]], index);
    }
    for (const instance of [grants, new IdempotencyStore(disk)]) {
      expect(instance.find("key 14999", 25_000)).toBeUndefined();
      expect(instance.find("key 15000", 25_000)).toEqual(grantedAt(15_000));
    }
    // The slot of a row whose grants are forgotten is written again.
    expect(disk.rows.size).toBe(10_000);
  });

  it("writes a slot again once all grants of its row are forgotten, and no sooner", () => {
    const disk = new KeyedDisk();
    let grants = new IdempotencyStore(disk);
    grants.keep([["a", grantedAt(0)]], 0);
    grants.keep(
      [
        ["b", grantedAt(0)],
        ["c", grantedAt(5_000)],
      ],
      5_000,
    );
    const slotOf = (key: string): number | undefined => {
      return [...disk.rows].find(([, row]) => entriesOf(row).some(([one]) => one === key))?.[0];
    };
    for (const [index, key] of ["d", "e", "f"].entries()) {
      const nowMs = 600_000 + index;
      grants.keep([[key, grantedAt(nowMs)]], nowMs);
      // The same instance, or one that has to find out which slots are free.
      grants = new IdempotencyStore(disk);
    }
    expect(["a", "d", "c", "e", "f"].map(slotOf)).toEqual([undefined, 0, 1, 2, 3]);
    expect(grants.find("c", 604_999)).toEqual(grantedAt(5_000));
    grants.keep([["g", grantedAt(605_000)]], 605_000);
    expect(["c", "g"].map(slotOf)).toEqual([undefined, 1]);
  });

  it("takes the later of two grants with one key, whichever row it is in", () => {
    const disk = new KeyedDisk();
    const grants = new IdempotencyStore(disk);
    grants.keep([["a", grantedAt(0)]], 0);
    grants.keep([["b", grantedAt(1)]], 1);
    grants.keep([["a", grantedAt(600_000)]], 600_000);
    for (const instance of [grants, new IdempotencyStore(disk)]) {
      expect(instance.find("a", 600_001)).toEqual(grantedAt(600_000));
    }
    // The first row has nothing any more that counts.
    expect(disk.rows.size).toBe(2);
  });

  it("splits what is too long for one row", () => {
    const disk = new KeyedDisk();
    const grants = new IdempotencyStore(disk);
    const keys = Array.from({ length: 10_000 }, (_, index) => `${index}`.padStart(255, "k"));
    grants.keep(
      keys.map((key) => [key, grantedAt(7)]),
      7,
    );
    const lengths = [...disk.rows.values()].map((row) => row.length);
    expect(Math.max(...lengths)).toBeLessThan(501_000);
    expect(lengths.length).toBeLessThan(15);
    const later = new IdempotencyStore(disk);
    expect(keys.filter((key) => later.find(key, 8) === undefined)).toEqual([]);
  });

  it("finds again what was asked and granted, whatever it was, in the same instance and a later one", () => {
    const numbers = { ok: true, tokens: 2, remaining: 7, waitedMs: 30, grantedAtMs: 5 } as const;
    const limits = { tpm: { tokens: 3, remaining: 4 } };
    const hold = { id: "h", expiresAtMs: 1_005 };
    const grants: readonly (readonly [string, KeyedGrant])[] = [
      ["plain", { asked: { tokens: 2 }, grant: numbers }],
      ["with a time", { asked: { tokens: 2, timeoutMs: 0 }, grant: numbers }],
      [String.raw`a "quoted" \ key`, { asked: { tokens: 2 }, grant: numbers }],
      ["of limits", { asked: { tokens: 2, limits: { tpm: 3 } }, grant: { ...numbers, limits } }],
      ["held", { asked: { tokens: 2, holdMs: 1_000 }, grant: { ...numbers, hold } }],
      [
        "of permits",
        { asked: { tokens: 2 }, grant: { ...numbers, permit: { ...hold, fence: 1 } } },
      ],
      ["of the rest", { asked: { tokens: 2 }, grant: { ...numbers, limits } }],
    ];
    const disk = new KeyedDisk();
    const first = new IdempotencyStore(disk);
    first.keep(grants, 5);
    for (const instance of [first, new IdempotencyStore(disk)]) {
      expect(grants.map(([key]) => [key, instance.find(key, 6)])).toEqual(grants);
    }
  });

  it("reads rows in which each grant is written in full", () => {
    const disk = new KeyedDisk();
    disk.put(3, JSON.stringify([["a", grantedAt(1)]]));
    expect(new IdempotencyStore(disk).find("a", 2)).toEqual(grantedAt(1));
  });

  it("forgets everything with the disk", () => {
    const disk = new KeyedDisk();
    const grants = new IdempotencyStore(disk);
    grants.keep([["a", grantedAt(0)]], 0);
    disk.rows.clear();
    grants.forgetAll();
    expect(grants.find("a", 1)).toBeUndefined();
    grants.keep([["b", grantedAt(1)]], 1);
    expect([...disk.rows.keys()]).toEqual([0]);
  });
});

describe("Rows of earlier versions, a grant in each", () => {
  it("are found, and deleted once they are forgotten, a few at a time", () => {
    const disk = new KeyedDisk();
    for (let index = 0; index < 40; index += 1) disk.keys.set(`old ${index}`, grantedAt(index));
    const grants = new IdempotencyStore(disk);
    expect(grants.find("old 39", 600_000)).toEqual(grantedAt(39));
    grants.keep([["a", grantedAt(600_020)]], 600_020);
    // 21 are forgotten.
    expect(disk.keys.size).toBe(40 - 16);
    grants.keep([["b", grantedAt(600_021)]], 600_021);
    expect([...disk.keys.keys()][0]).toBe("old 22");
    for (let turn = 0; turn < 3; turn += 1) grants.keep([[`${turn}`, grantedAt(700_000)]], 700_000);
    expect([disk.keys.size, disk.rows.size]).toEqual([0, 5]);
  });

  it("count, in order of their grants", () => {
    const disk = new KeyedDisk();
    disk.keys.set("b", grantedAt(2_000));
    disk.keys.set("a", grantedAt(1_000));
    const grants = new IdempotencyStore(disk);
    grants.keep([["a", grantedAt(601_000)]], 601_000);
    expect([...disk.keys.keys()]).toEqual(["b"]);
    expect(new IdempotencyStore(disk).find("a", 601_001)).toEqual(grantedAt(601_000));
    expect(grants.find("b", 601_999)).toEqual(grantedAt(2_000));
    expect(grants.find("b", 602_000)).toBeUndefined();
  });
});
