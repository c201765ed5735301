import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { bearer, deployed } from "../../../kit/edge/deployed.ts";
import { askHold, heldGrant, HOLDING, idOf, openBucket } from "../../../kit/edge/open-grants.ts";
import { problemOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("POST /buckets/NAME/holds/ID", () => {
  it("settles a hold of several limits, and repeats the answer", async () => {
    const name = await openBucket(HOLDING);
    const grant = await heldGrant(name, "&tokens.tpm=40");
    expect(grant.hold).toEqual({ id: expect.any(String), expiresAtMs: Date.now() + 30_000 });
    expect(await snapshotOf(name)).toMatchObject({
      tokens: 9,
      heldTokens: { rate: 1, tpm: 40 },
      owedTokens: { rate: 0, tpm: 0 },
    });
    const settled = await askHold(name, idOf(grant), { used: { tpm: 25 } });
    expect(settled.status).toBe(200);
    const body: unknown = await settled.json();
    expect(body).toEqual({
      id: idOf(grant),
      used: { rate: 1, tpm: 25 },
      returned: { rate: 0, tpm: 15 },
      owed: { rate: 0, tpm: 0 },
      settledAtMs: Date.now(),
    });
    expect(await (await askHold(name, idOf(grant), { used: { tpm: 25 } })).json()).toEqual(body);
    const { tokens, limits, heldTokens } = await snapshotOf(name);
    expect([tokens, limits?.["tpm"]?.tokens, heldTokens]).toEqual([9, 75, { rate: 0, tpm: 0 }]);
  });

  it("takes a number only for a hold that took the same of each limit", async () => {
    const name = await openBucket(HOLDING);
    const same = await heldGrant(name, "&tokens=3");
    expect(await (await askHold(name, idOf(same), { used: 2 })).json()).toMatchObject({
      used: { rate: 2, tpm: 2 },
      returned: { rate: 1, tpm: 1 },
    });
    const different = await heldGrant(name, "&tokens.tpm=5");
    const problem = await problemOf(
      askHold(name, idOf(different), { used: 2 }),
      400,
      "invalid-request",
    );
    expect(problem.errors).toMatchObject([{ field: "used" }]);
  });

  it("refuses other numbers, and says when it was settled", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name));
    await askHold(name, id, { used: 1 });
    const problem = await problemOf(askHold(name, id, { used: 0 }), 409, "hold-settled");
    expect(problem).toMatchObject({ settledAtMs: Date.now() });
    expect(problem.detail).toContain(`settled at ${Date.now()}`);
    await problemOf(askHold(name, id, { extendMs: 1_000 }), 409, "hold-settled");
  });

  it("spends a part and keeps the rest", async () => {
    const name = await openBucket(HOLDING);
    const { hold } = await heldGrant(name, "&tokens=5");
    const id = hold?.id ?? "";
    expect(await (await askHold(name, id, { atLeast: 2 })).json()).toEqual(hold);
    expect(await snapshotOf(name)).toMatchObject({ heldTokens: { rate: 3, tpm: 3 } });
    await problemOf(askHold(name, id, { used: 1 }), 400, "invalid-request");
    await problemOf(askHold(name, id), 400, "invalid-request");
    expect(await (await askHold(name, id, { used: 3 })).json()).toMatchObject({
      returned: { rate: 2, tpm: 2 },
    });
  });

  it("extends it, at most to the policy's longest", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name));
    expect(await (await askHold(name, id, { extendMs: 60_000 })).json()).toEqual({
      id,
      expiresAtMs: Date.now() + 60_000,
    });
    const problem = await problemOf(
      askHold(name, id, { extendMs: 60_001 }),
      400,
      "invalid-request",
    );
    expect(problem.errors).toEqual([
      {
        field: "extendMs",
        message: "extendMs must be at most the policy's hold.maxMs, 60000: got 60001",
      },
    ]);
  });

  it("is found again after the object was reset, and so is what it settled", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name, "&tokens=5"));
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toMatchObject({ tokens: 5, heldTokens: { rate: 5 } });
    const settled: unknown = await (await askHold(name, id, { used: 1 })).json();
    expect(settled).toMatchObject({ returned: { rate: 4, tpm: 4 } });
    await abortAllDurableObjects();
    expect(await (await askHold(name, id, { used: 1 })).json()).toEqual(settled);
    expect(await snapshotOf(name)).toMatchObject({ tokens: 9, heldTokens: { rate: 0 } });
  });

  it("serves a waiter with what comes back", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name, "&tokens=10"));
    const waiting = request(`/acquire?bucket=${name}&tokens=4`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    await askHold(name, id, { used: 6 });
    expect(await (await waiting).json()).toMatchObject({ tokens: 4, remaining: 0 });
  });

  it("books what is over as owed", async () => {
    const name = await openBucket(HOLDING);
    await request(`/acquire?bucket=${name}&tokens=7`);
    const id = idOf(await heldGrant(name, "&tokens=3"));
    expect(await (await askHold(name, id, { used: 8 })).json()).toMatchObject({
      returned: { rate: 0 },
      owed: { rate: 5, tpm: 5 },
    });
    expect(await snapshotOf(name)).toMatchObject({ tokens: 0, owedTokens: { rate: 5, tpm: 0 } });
  });

  it("comes too late for more than what was over, and after ten minutes for anything", async () => {
    const name = await openBucket(HOLDING);
    const id = idOf(await heldGrant(name, "&tokens=4"));
    vi.setSystemTime(Date.now() + 30_000);
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toMatchObject({ heldTokens: { rate: 0, tpm: 0 } });
    const late = await problemOf(askHold(name, id, { extendMs: 1_000 }), 409, "hold-settled");
    expect(late).toMatchObject({ expiredAtMs: Date.now() });
    expect(await (await askHold(name, id, { used: { rate: 1, tpm: 9 } })).json()).toMatchObject({
      returned: { rate: 0, tpm: 0 },
      owed: { rate: 0, tpm: 5 },
    });
    vi.setSystemTime(Date.now() + 600_000);
    await problemOf(askHold(name, id, { used: { rate: 1, tpm: 9 } }), 404, "unknown-hold");
  });

  it("of an unknown id is a 404, and starts no bucket", async () => {
    const name = uniqueName();
    await problemOf(askHold(name, "nobody", { used: 1 }), 404, "unknown-hold");
    await problemOf(askHold(name, encodeURIComponent("a/b%"), { used: 1 }), 404, "unknown-hold");
    expect(await snapshotOf(name)).toMatchObject({ granted: 0, tokens: 1 });
  });

  it.each([
    ["nothing", {}, "used"],
    ["two of them", { used: 1, extendMs: 1_000 }, "extendMs"],
    ["a member that there isn't", { uses: 1 }, "uses"],
    ["less than 0", { used: -1 }, "used"],
    ["half a token", { atLeast: { rate: 0.5 } }, "atLeast.rate"],
    ["less than a second", { extendMs: 999 }, "extendMs"],
  ])("refuses %s", async (_, body, field) => {
    const name = await openBucket(HOLDING);
    const problem = await problemOf(askHold(name, "any", body), 400, "invalid-request");
    expect(problem.errors?.map((fault) => fault.field)).toContain(field);
  });

  it("needs the right to acquire from the bucket", async () => {
    const variables = {
      POLICIES: { "*": HOLDING },
      PUBLIC: undefined,
      API_TOKEN: [
        { token: "t-acquire", may: ["acquire"], buckets: ["mine:*"] },
        { token: "t-read", may: ["read"] },
      ],
    };
    const ask = (token: string, bucket: string): Promise<Response> => {
      const init = { method: "POST", body: '{"used":1}', ...bearer(token) };
      return deployed(variables, `/buckets/${bucket}/holds/any`, init);
    };
    expect((await ask("t-acquire", "mine:1")).status).toBe(404);
    expect((await ask("t-acquire", "other")).status).toBe(401);
    expect((await ask("t-read", "mine:1")).status).toBe(401);
  });
});

describe("an acquire with holdMs", () => {
  it("is refused where the policy allows no hold, or none for so long", async () => {
    const plain = uniqueName();
    const refused = await problemOf(
      request(`/acquire?bucket=${plain}&holdMs=1000`),
      400,
      "invalid-request",
    );
    expect(refused.detail).toContain("holdMs needs a policy with hold");
    const name = await openBucket(HOLDING);
    const long = await problemOf(
      request(`/acquire?bucket=${name}&holdMs=60001`),
      400,
      "invalid-request",
    );
    expect(long.detail).toContain("60000");
  });

  it("gets the same hold again by its key", async () => {
    const name = await openBucket(HOLDING);
    const acquire = (holdMs: number): Promise<Response> => {
      const headers = { "Idempotency-Key": '"a"' };
      return request(`/acquire?bucket=${name}&holdMs=${holdMs}`, { headers });
    };
    const first: unknown = await (await acquire(30_000)).json();
    expect(await (await acquire(30_000)).json()).toEqual(first);
    await problemOf(acquire(20_000), 422, "idempotency-key-reused");
    expect(await snapshotOf(name)).toMatchObject({ heldTokens: { rate: 1 } });
  });
});
