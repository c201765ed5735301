import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";

import { askPermit, idOf, ONE_AT_A_TIME, openBucket } from "../../../kit/edge/open-grants.ts";
import { grantOf, problemOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("PUT /buckets/NAME/permits/ID", () => {
  it("keeps the permit for as long as a new one lasts, also after the object was reset", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    const grant = await grantOf(request(`/acquire?bucket=${name}`));
    const { permit } = grant;
    expect(permit).toEqual({
      id: expect.any(String),
      fence: expect.any(Number),
      expiresAtMs: Date.now() + 5_000,
    });
    vi.setSystemTime(Date.now() + 4_000);
    await abortAllDurableObjects();
    const extended = await askPermit(name, idOf(grant), "PUT");
    expect(await extended.json()).toEqual({ ...permit, expiresAtMs: Date.now() + 5_000 });
    vi.setSystemTime(Date.now() + 4_999);
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toMatchObject({ permits: { max: 1, held: 1 } });
  });

  it("is a 410 once its time is up, though nothing has happened since, and for an unknown one", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    const grant = await grantOf(request(`/acquire?bucket=${name}`));
    vi.setSystemTime(Date.now() + 5_000);
    expect(await snapshotOf(name)).toMatchObject({ permits: { max: 1, held: 0 } });
    await problemOf(askPermit(name, idOf(grant), "PUT"), 410, "permit-lost");
    await problemOf(askPermit(name, "nobody", "PUT"), 410, "permit-lost");
    await problemOf(askPermit(uniqueName(), "nobody", "PUT"), 410, "permit-lost");
  });

  it("is a 410 for a holder whose permit somebody else has got", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    const first = await grantOf(request(`/acquire?bucket=${name}`));
    const waiting = request(`/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    await pass(name, 5_000);
    const second = await grantOf(waiting);
    expect(second.permit?.fence).toBeGreaterThan(first.permit?.fence ?? Infinity);
    await problemOf(askPermit(name, idOf(first), "PUT"), 410, "permit-lost");
    expect((await askPermit(name, idOf(second), "PUT")).status).toBe(200);
  });
});

describe("an acquire of a bucket with permits", () => {
  it("is refused with an estimate of when one comes back", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    await request(`/acquire?bucket=${name}`);
    const refused = await problemOf(request(`/acquire?bucket=${name}&timeoutMs=0`), 429, "timeout");
    expect(refused).toMatchObject({ retryAfterMs: 5_000, estimate: true, "violated-policies": [] });
    expect(refused.detail).toMatch(/by estimate, limited by permits$/);
  });

  it("follows its place with an estimate", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    await request(`/acquire?bucket=${name}`);
    const headers = { Accept: "text/event-stream" };
    const { body } = await request(`/acquire?bucket=${name}`, { headers });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("queued")) text += (await reader?.read())?.value ?? "";
    expect(text).toContain('data: {"position":1,"etaMs":5000,"estimate":true,"ticket":"v1.');
    await reader?.cancel();
  });
});
