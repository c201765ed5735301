import { describe, expect, it } from "vitest";

import {
  ADMIN,
  changePolicy,
  problemOf,
  request,
  settle,
  snapshotOf,
} from "../../../kit/edge/surfaces.ts";
import { alarmAtMs, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("DELETE /buckets/NAME", () => {
  it("refuses those who wait with bucket-reset, and leaves nothing behind", async () => {
    const name = uniqueName();
    await changePolicy(name, { capacity: 2, initialTokens: 1 });
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

  it("of a bucket that never was is a 204", async () => {
    const init = { method: "DELETE", headers: ADMIN };
    expect((await request(`/buckets/${uniqueName()}`, init)).status).toBe(204);
  });
});
