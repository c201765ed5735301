import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { askPermit, idOf, ONE_AT_A_TIME, openBucket } from "../../../kit/edge/open-grants.ts";
import { grantOf, request, settle, snapshotOf } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("DELETE /buckets/NAME/permits/ID", () => {
  it("serves the head, also after the object was reset, and again does nothing", async () => {
    const name = await openBucket(ONE_AT_A_TIME);
    const first = await grantOf(request(`/acquire?bucket=${name}`));
    await abortAllDurableObjects();
    const waiting = request(`/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    const released = await askPermit(name, idOf(first), "DELETE");
    expect(released.status).toBe(204);
    expect(await released.text()).toBe("");
    const second = await grantOf(waiting);
    expect((await askPermit(name, idOf(first), "DELETE")).status).toBe(204);
    expect(await snapshotOf(name)).toMatchObject({ permits: { held: 1 } });
    expect((await askPermit(name, idOf(second), "DELETE")).status).toBe(204);
    expect((await snapshotOf(name)).permits).toEqual({ max: 1, held: 0 });
    await abortAllDurableObjects();
    expect((await snapshotOf(name)).permits).toEqual({ max: 1, held: 0 });
  });

  it("of an unknown permit is a 204, and starts no bucket", async () => {
    const name = uniqueName();
    expect((await askPermit(name, "nobody", "DELETE")).status).toBe(204);
    expect(await snapshotOf(name)).toMatchObject({ granted: 0, tokens: 1 });
  });
});
