import { describe, expect, it } from "vitest";

import { ADMIN, problemOf, request } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("routes", () => {
  it.each(["/", "/acquire/", "/buckets/", "/buckets/a/b", "/ACQUIRE", "//", "/%00"])(
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
