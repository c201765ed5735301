import { describe, expect, it } from "vitest";

import { ONE_A_SECOND as one, bearer, deployed } from "../../kit/edge/deployed.ts";
import { uniqueName } from "../../kit/edge/virtual-time.ts";

describe("settingsOf", () => {
  it("illegal table: every request answers 500 with a message that names the field", async () => {
    const POLICIES = { "*": { ...one, refillIntervalMs: 5 } };
    for (const path of ["/acquire?bucket=x", "/buckets/x", "/healthz", "/nowhere"]) {
      const response = await deployed({ POLICIES }, path);
      expect(response.status).toBe(500);
      const detail = 'POLICIES."*": refillIntervalMs must be an integer from 10 to 86400000: got 5';
      expect(await response.json()).toMatchObject({ reason: "illegal-configuration", detail });
    }
  });

  it("illegal PUBLIC: 500, not a guess", async () => {
    const response = await deployed({ PUBLIC: "yes" }, "/acquire?bucket=x");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      detail: 'PUBLIC must be "true" or "false": got "yes"',
    });
  });

  it.each([
    [{ LOG_REFUSALS: "no" }, 'LOG_REFUSALS must be "true" or "false": got "no"'],
    [{ ANALYTICS: "sluice" }, 'ANALYTICS must be a dataset of Analytics Engine: got "sluice"'],
    [
      { BUCKETS: undefined },
      "BUCKETS must be a Durable Object binding of the class BucketObject: got undefined; " +
        "add durable_objects and migrations to the wrangler file",
    ],
    [{ ANALYTICS: {} }, "ANALYTICS must be a dataset of Analytics Engine: got {}"],
  ])("illegal %j: 500, and says what is wrong", async (variables, detail) => {
    const response = await deployed(variables, "/acquire?bucket=x");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ reason: "illegal-configuration", detail });
  });

  it("bucket without a policy: 404 unknown-bucket for every call", async () => {
    const variables = { POLICIES: { "api:*": one }, ADMIN_TOKEN: "a" };
    for (const [path, method] of [
      ["/acquire?bucket=web", "GET"],
      ["/buckets/web", "GET"],
      ["/buckets/web", "PUT"],
      ["/buckets/web", "DELETE"],
    ] as const) {
      const body = method === "PUT" ? { body: "{}" } : {};
      const response = await deployed(variables, path, { method, ...bearer("a"), ...body });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ reason: "unknown-bucket" });
    }
  });

  it("changed policy: a bucket that is under way goes on under the new one", async () => {
    const name = uniqueName();
    const ask = `/acquire?bucket=${name}&timeoutMs=0`;
    const wide = { "*": { ...one, capacity: 9, initialTokens: 9 } };
    const first = await deployed({ POLICIES: wide }, ask);
    expect(await first.json()).toMatchObject({ remaining: 8 });
    const narrow = { "*": { ...one, capacity: 3 } };
    const second = await deployed({ POLICIES: narrow }, ask);
    expect(await second.json()).toMatchObject({ remaining: 2 });
    expect(second.headers.get("RateLimit-Policy")).toBe('"*";q=3;w=3');
  });
});
