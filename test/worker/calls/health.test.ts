import { describe, expect, it } from "vitest";

import { request } from "../../../kit/edge/surfaces.ts";

describe("GET /healthz", () => {
  it("answers without a bucket", async () => {
    const response = await request("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });
});
