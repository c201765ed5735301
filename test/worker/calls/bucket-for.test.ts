import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { ADMIN, problemOf, request } from "../../../kit/edge/surfaces.ts";

async function objectCount(): Promise<number> {
  return (await listDurableObjectIds(env.BUCKETS)).length;
}

describe("withBucketInPath", () => {
  it("answers 400 for a name that no bucket has, and makes no object", async () => {
    const before = await objectCount();
    const names = [
      "%20",
      "a%20b",
      "%zz",
      "%",
      "%00",
      "%C3%A9",
      "a%25b",
      "%2541",
      "a%%33Ab",
      "a%3%41b",
      "a*",
      "x".repeat(129),
    ];
    for (const name of names) {
      for (const method of ["GET", "PUT", "DELETE"]) {
        const body = method === "PUT" ? { body: "{}" } : {};
        const response = await request(`/buckets/${name}`, { method, headers: ADMIN, ...body });
        const { errors } = await problemOf(response, 400, "invalid-request");
        expect(errors?.[0]?.field, name).toBe("NAME");
      }
    }
    expect(await objectCount()).toBe(before);
  });
});
