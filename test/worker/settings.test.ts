import { describe, expect, it } from "vitest";

import { PolicyTable } from "../../src/worker/config/policy-table.ts";
import { CLOSED, ONE_A_SECOND as one, bearer, deployed } from "../../kit/edge/deployed.ts";
import { uniqueName } from "../../kit/edge/virtual-time.ts";

describe("PolicyTable", () => {
  const table = new PolicyTable({
    "*": one,
    "api:*": { ...one, capacity: 2 },
    "api:v2:*": { ...one, capacity: 3 },
    "api:v2:login": { ...one, capacity: 4 },
  });

  it.each([
    ["api:v2:login", "api:v2:login"],
    ["api:v2:logins", "api:v2:*"],
    ["api:v2:", "api:v2:*"],
    ["api:v2", "api:*"],
    ["api", "*"],
  ])("gives %s the policy %s: the exact name, then the longest prefix", (name, pattern) => {
    expect(table.find(name)?.name).toBe(pattern);
  });

  it("finds nothing where no pattern matches", () => {
    expect(new PolicyTable({ "api:*": one }).find("web:1")).toBeUndefined();
    expect(new PolicyTable({}).find("x")).toBeUndefined();
  });

  it("takes the table as JSON text, too", () => {
    expect(new PolicyTable(JSON.stringify({ "*": one })).find("x")).toMatchObject(one);
  });

  it.each([
    [undefined, "POLICIES must be a table"],
    ["{", "POLICIES is not JSON"],
    [[], "POLICIES must be a table"],
    [{ "*": 1 }, 'POLICIES."*": must be a table of numbers: got 1'],
    [{ "a b": one }, 'POLICIES."a b": a pattern is "*"'],
    [{ "a*b": one }, 'POLICIES."a*b": a pattern is "*"'],
    [{ "**": one }, 'POLICIES."**": a pattern is "*"'],
    [{ "": one }, 'POLICIES."": a pattern is "*"'],
    [{ x: { ...one, capacity: 0 } }, 'POLICIES."x": capacity must be an integer from 1 to'],
    [{ x: { ...one, capacity: "1" } }, 'capacity must be an integer from 1 to 1000000000: got "1"'],
    [{ x: { capacity: 1 } }, 'refillTokens is missing; POLICIES."x": refillIntervalMs is missing'],
    [{ x: { ...one, capactiy: 1 } }, '"capactiy" is not one of capacity'],
    [{ x: { ...one, initialTokens: 2 } }, "initialTokens must be at most the capacity, 1: got 2"],
  ])("refuses %j and says what is wrong", (configured, message) => {
    expect(() => new PolicyTable(configured)).toThrow(message);
  });
});

describe("configuration", () => {
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

describe("authorization", () => {
  const reads = ["/acquire?bucket=auth:1", "/buckets/auth:1"];

  it("closed by default: without PUBLIC or API_TOKEN nobody may acquire or read", async () => {
    for (const path of reads) {
      for (const variables of [CLOSED, { ...CLOSED, PUBLIC: "false" }]) {
        const response = await deployed(variables, path);
        expect(response.status).toBe(401);
        expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="sluice"');
        expect(await response.json()).toMatchObject({ reason: "unauthorized" });
      }
    }
    expect((await deployed(CLOSED, "/healthz")).status).toBe(200);
  });

  it("PUBLIC: everybody may ask, unless there is an API_TOKEN", async () => {
    for (const path of reads) {
      expect((await deployed({ ...CLOSED, PUBLIC: "true" }, path)).status).toBe(200);
      const variables = { ...CLOSED, PUBLIC: "true", API_TOKEN: "s3cret" };
      expect((await deployed(variables, path)).status).toBe(401);
    }
  });

  it.each([
    [undefined, 401],
    ["", 401],
    ["s3cret", 401],
    ["Basic s3cret", 401],
    ["Bearer", 401],
    ["Bearer ", 401],
    ["Bearer s3cre", 401],
    ["Bearer s3crett", 401],
    ["Bearer S3CRET", 401],
    ["Bearer s3cret extra", 401],
    ["Bearer s3cret", 200],
    ["bearer s3cret", 200],
  ])("API_TOKEN: Authorization %j answers %i", async (authorization, status) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    for (const path of reads) {
      const response = await deployed({ ...CLOSED, API_TOKEN: "s3cret" }, path, { headers });
      expect(response.status).toBe(status);
    }
  });

  it("admin calls: 403 without ADMIN_TOKEN, 401 with a wrong one, whatever else is open", async () => {
    for (const method of ["PUT", "DELETE"]) {
      const init = { method, ...bearer("a"), ...(method === "PUT" && { body: "{}" }) };
      const disabled = await deployed({ ...CLOSED, PUBLIC: "true" }, "/buckets/auth:2", init);
      expect(disabled.status).toBe(403);
      expect(await disabled.json()).toMatchObject({ reason: "admin-disabled" });
      const variables = { ...CLOSED, PUBLIC: "true", API_TOKEN: "a", ADMIN_TOKEN: "b" };
      expect((await deployed(variables, "/buckets/auth:2", init)).status).toBe(401);
    }
  });

  it("tokens are in no answer", async () => {
    const variables = { ...CLOSED, API_TOKEN: "s3cret", ADMIN_TOKEN: "adm1n" };
    for (const path of [...reads, "/nowhere", "/healthz"]) {
      const response = await deployed(variables, path, bearer("wr0ng"));
      const text = JSON.stringify([...response.headers]) + (await response.text());
      expect(text).not.toMatch(/s3cret|adm1n|wr0ng/);
    }
  });
});
