import { describe, expect, it } from "vitest";

import { problemOf, request } from "../../kit/edge/surfaces.ts";
import { useVirtualTime } from "../../kit/edge/virtual-time.ts";

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
