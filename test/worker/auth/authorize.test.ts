import { describe, expect, it } from "vitest";

import { CLOSED, bearer, deployed } from "../../../kit/edge/deployed.ts";

describe("authorize", () => {
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
      expect(await disabled.json()).toMatchObject({
        reason: "admin-disabled",
        detail: "No ADMIN_TOKEN is set: set one, such as with npm start -- --var ADMIN_TOKEN:x",
      });
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
