import { describe, expect, it } from "vitest";

import { CLOSED, bearer, deployed } from "../../../kit/edge/deployed.ts";

const NOT_OPEN =
  'This deployment has no API_TOKEN, so only bound Workers may call it: set API_TOKEN, or PUBLIC to "true"';
const MISSING = "Missing API key: send Authorization: Bearer KEY";
const ONE_A_SECOND = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

describe("authorize", () => {
  const reads = ["/acquire?bucket=auth:1", "/buckets/auth:1"];

  it("closed by default: without PUBLIC or API_TOKEN nobody may acquire or read", async () => {
    for (const path of reads) {
      for (const variables of [CLOSED, { ...CLOSED, PUBLIC: "false" }]) {
        const response = await deployed(variables, path);
        expect(response.status).toBe(401);
        expect(response.headers.get("WWW-Authenticate")).toBe('Bearer realm="sluice"');
        expect(await response.json()).toMatchObject({ reason: "unauthorized", detail: NOT_OPEN });
        const withKey = await deployed(variables, path, bearer("s3cret"));
        expect(await withKey.json()).toMatchObject({ reason: "unauthorized", detail: NOT_OPEN });
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
    [undefined, 401, MISSING],
    ["", 401, MISSING],
    ["s3cret", 401, MISSING],
    ["Basic s3cret", 401, MISSING],
    ["Bearer", 401, MISSING],
    ["Bearer ", 401, MISSING],
    ["Bearer s3cret extra", 401, MISSING],
    ["Bearer s3cre", 401, "Unknown API key"],
    ["Bearer s3crett", 401, "Unknown API key"],
    ["Bearer S3CRET", 401, "Unknown API key"],
    ["Bearer s3cret", 200, undefined],
    ["bearer s3cret", 200, undefined],
  ])("API_TOKEN: Authorization %j answers %i, %s", async (authorization, status, detail) => {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    for (const path of reads) {
      const response = await deployed({ ...CLOSED, API_TOKEN: "s3cret" }, path, { headers });
      expect(response.status).toBe(status);
      expect((await response.json<{ detail?: string }>()).detail).toBe(detail);
    }
  });

  it("a refusal is the same for every bucket, known or not", async () => {
    const answersOf = async (bucket: string): Promise<unknown[]> => {
      const variables = { ...CLOSED, POLICIES: { known: ONE_A_SECOND }, API_TOKEN: "s3cret" };
      const path = `/acquire?bucket=${bucket}`;
      const answers = [deployed(variables, path), deployed(variables, path, bearer("wr0ng"))];
      return Promise.all(answers.map(async (answer) => (await answer).json()));
    };
    expect(await answersOf("known")).toEqual(await answersOf("unknown"));
  });

  it("admin calls: 403 without ADMIN_TOKEN, 401 with a wrong one, whatever else is open", async () => {
    for (const method of ["PUT", "DELETE"]) {
      const init = { method, ...bearer("a"), ...(method === "PUT" && { body: "{}" }) };
      const disabled = await deployed({ ...CLOSED, PUBLIC: "true" }, "/buckets/auth:2", init);
      expect(disabled.status).toBe(403);
      expect(await disabled.json()).toMatchObject({
        reason: "admin-disabled",
        detail:
          "No ADMIN_TOKEN is set: set it with wrangler secret put ADMIN_TOKEN, or in .dev.vars",
      });
      const variables = { ...CLOSED, PUBLIC: "true", API_TOKEN: "a", ADMIN_TOKEN: "b" };
      const unknown = await deployed(variables, "/buckets/auth:2", init);
      expect(unknown.status).toBe(401);
      expect(await unknown.json()).toMatchObject({ detail: "Unknown admin key" });
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
