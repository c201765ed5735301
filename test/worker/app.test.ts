import { describe, expect, it } from "vitest";

import { ADMIN, problemOf, request } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("bad input", () => {
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
