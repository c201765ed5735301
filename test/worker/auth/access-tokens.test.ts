import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { ProblemBody } from "../../../src/protocol/problem-document.ts";

import { routes } from "../../../src/worker/app.ts";
import { CLOSED, type Entrypoint, bearer, deployed } from "../../../kit/edge/deployed.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function statusOf(
  variables: Record<string, unknown>,
  path: string,
  init?: RequestInit,
): Promise<number> {
  return (await deployed({ ...CLOSED, ...variables }, path, init)).status;
}

async function detailOf(response: Response): Promise<string> {
  const { detail }: ProblemBody = await response.json();
  return detail;
}

describe("tokens", () => {
  it.each([
    ["one", "t1", ["t1"]],
    ["several, separated by white space", " t1  t2\tt3\nt4\r\n", ["t1", "t2", "t3", "t4"]],
    ["a JSON list of texts", '["t1", "t2"]', ["t1", "t2"]],
    ["a JSON list of both forms", ' [{"token":"t1"}, "t2"]', ["t1", "t2"]],
    ["a list that was parsed already", [{ token: "t1" }, "t2"], ["t1", "t2"]],
    [
      "characters that mean something in JSON or a pattern",
      't1" t*2 \\3 #4',
      ['t1"', "t*2", "\\3"],
    ],
  ])("%s: each of them is taken, and no other", async (_, value, tokens) => {
    for (const token of tokens) {
      expect(await statusOf({ API_TOKEN: value }, "/acquire?bucket=t", bearer(token))).toBe(200);
      expect(await statusOf({ API_TOKEN: value }, "/buckets/t", bearer(token))).toBe(200);
      const init = { method: "DELETE", ...bearer(token) };
      expect(await statusOf({ ADMIN_TOKEN: value }, "/buckets/t", init)).toBe(204);
    }
    for (const token of ["t", "t1t2", "t1,t2", "T1", "t9", "[", '"t1"', "token", "undefined"]) {
      expect(await statusOf({ API_TOKEN: value }, "/acquire?bucket=t", bearer(token))).toBe(401);
      const init = { method: "DELETE", ...bearer(token) };
      expect(await statusOf({ ADMIN_TOKEN: value }, "/buckets/t", init)).toBe(401);
    }
  });

  it("several at once: 401 for the text that holds them all", async () => {
    const headers = { Authorization: "Bearer t1 t2" };
    expect(await statusOf({ API_TOKEN: "t1 t2" }, "/acquire?bucket=t", { headers })).toBe(401);
  });

  it("an API_TOKEN is no ADMIN_TOKEN, nor the other way round", async () => {
    const variables = { API_TOKEN: "api", ADMIN_TOKEN: "admin" };
    expect(await statusOf(variables, "/acquire?bucket=t", bearer("admin"))).toBe(401);
    expect(await statusOf(variables, "/buckets/t", bearer("admin"))).toBe(401);
    const init = { method: "DELETE", ...bearer("api") };
    expect(await statusOf(variables, "/buckets/t", init)).toBe(401);
  });

  it("are digested once, and each is compared, whichever is presented", async () => {
    const digest = vi.spyOn(crypto.subtle, "digest");
    const compare = vi.spyOn(crypto.subtle, "timingSafeEqual");
    const variables = { ...env, API_TOKEN: "t1 t2 t3" };
    for (const token of ["t1", "t2", "t3", "t1x", "x".repeat(10_000)]) {
      digest.mockClear();
      compare.mockClear();
      const request = new Request("https://sluice.test/buckets/t", bearer(token));
      await routes.fetch(request, variables);
      expect(digest).toHaveBeenCalledTimes(token === "t1" ? 4 : 1);
      expect(compare).toHaveBeenCalledTimes(3);
    }
  });
});

describe("rights", () => {
  const { "*": many } = CLOSED.POLICIES;
  const POLICIES = { "login:*": many, x: many };
  const variables = {
    POLICIES,
    API_TOKEN: JSON.stringify([
      { token: "logins", buckets: ["login:*", "x"] },
      { token: "asks", may: ["acquire"] },
      { token: "looks", may: ["read"], buckets: ["login:*"] },
      // The same token twice: what either item gives.
      { token: "both", may: ["acquire"], buckets: ["login:1"] },
      { token: "both", may: ["read"], buckets: ["x"] },
    ]),
    ADMIN_TOKEN: JSON.stringify([{ token: "admin", buckets: ["login:*"] }, "root"]),
  };

  it.each([
    ["logins", "/acquire?bucket=login:1", 200],
    ["logins", "/acquire?bucket=x", 200],
    ["logins", "/acquire?bucket=login", 401],
    ["logins", "/acquire?bucket=xx", 401],
    ["logins", "/acquire?bucket=X", 401],
    ["logins", "/buckets/login:1", 200],
    ["logins", "/buckets/other", 401],
    ["asks", "/acquire?bucket=login:2", 200],
    ["asks", "/acquire?bucket=other", 404],
    ["asks", "/buckets/login:2", 401],
    ["looks", "/buckets/login:3", 200],
    ["looks", "/buckets/login%3A3", 200],
    ["looks", "/acquire?bucket=login:3", 401],
    ["looks", "/buckets/x", 401],
    ["both", "/acquire?bucket=login:1", 200],
    ["both", "/buckets/x", 200],
    ["both", "/acquire?bucket=x", 401],
    ["both", "/buckets/login:1", 401],
  ])("%s %s answers %i", async (token, path, status) => {
    expect(await statusOf(variables, path, bearer(token))).toBe(status);
  });

  it.each([
    ["admin", "login:7", 200, 204],
    ["admin", "x", 401, 401],
    ["admin", "nowhere", 401, 401],
    ["root", "x", 200, 204],
    ["root", "nowhere", 404, 404],
  ])("admin calls: %s on %s answers %i to PUT, %i to DELETE", async (token, name, put, gone) => {
    const path = `/buckets/${name}`;
    const init = { method: "PUT", body: "{}", ...bearer(token) };
    expect(await statusOf(variables, path, init)).toBe(put);
    expect(await statusOf(variables, path, { method: "DELETE", ...bearer(token) })).toBe(gone);
  });

  it("a POST is bound by the bucket in its body", async () => {
    const ask = (bucket: string): Promise<number> => {
      const init = { method: "POST", body: JSON.stringify({ bucket }), ...bearer("logins") };
      return statusOf(variables, "/acquire", init);
    };
    expect(await ask("login:post")).toBe(200);
    expect(await ask("other")).toBe(401);
  });

  it("whoever lacks one is told which, and takes nothing", async () => {
    const all = { ...CLOSED, ...variables, POLICIES: CLOSED.POLICIES };
    const asked = await deployed(all, "/acquire?bucket=lacks", bearer("looks"));
    expect(await detailOf(asked)).toBe('This API key lacks the right "acquire" on "lacks"');
    const looked = await deployed(all, "/buckets/lacks", bearer("asks"));
    expect(await detailOf(looked)).toBe('This API key lacks the right "read" on "lacks"');
    const init = { method: "DELETE", ...bearer("admin") };
    const changed = await deployed(all, "/buckets/lacks", init);
    expect(await detailOf(changed)).toBe('This API key lacks the right "admin" on "lacks"');
    expect(changed.headers.get("WWW-Authenticate")).toBe('Bearer realm="sluice"');
    const open = { ...CLOSED, PUBLIC: "true" };
    expect(await (await deployed(open, "/buckets/lacks")).json()).toMatchObject({ granted: 0 });
  });

  it("without a known token nothing of a request is looked at", async () => {
    const long = "x".repeat(20_000);
    const asks: [string, RequestInit][] = [
      ["/acquire", {}],
      ["/acquire?bucket=nowhere", {}],
      ["/acquire?bucket=é&tokens=x", {}],
      ["/acquire", { method: "POST", body: "nonsense" }],
      ["/acquire", { method: "POST", body: long }],
      ["/buckets/nowhere", {}],
      ["/buckets/%20", {}],
      ["/buckets/nowhere", { method: "PUT", body: long }],
      ["/buckets/%20", { method: "PUT", body: '{"capacity":0}' }],
      ["/buckets/nowhere", { method: "DELETE" }],
      ["/buckets/nowhere/pause", { method: "POST", body: long }],
      ["/buckets/%20/pause", { method: "POST", body: "{}" }],
    ];
    for (const [path, init] of asks) {
      for (const presented of [{}, bearer("wrong")]) {
        const response = await deployed({ ...CLOSED, ...variables }, path, {
          ...init,
          ...presented,
        });
        expect(response.status).toBe(401);
        const isAdminCall = init.method === "PUT" || init.method === "DELETE";
        const key = isAdminCall ? "admin key" : "API key";
        const missing = `Missing ${key}: send Authorization: Bearer KEY`;
        expect(await detailOf(response)).toBe("headers" in presented ? `Unknown ${key}` : missing);
      }
    }
  });

  it("a bucket that the token is not bound to answers alike, whether a policy matches it or not", async () => {
    const answerOf = async (name: string): Promise<string> => {
      const response = await deployed(
        { ...CLOSED, ...variables },
        `/acquire?bucket=${name}&tokens=1000`,
        bearer("looks"),
      );
      const text = `${response.status} ${JSON.stringify([...response.headers])}`;
      return `${text} ${(await response.text()).replaceAll(name, "NAME")}`;
    };
    expect(await answerOf("x")).toBe(await answerOf("nowhere"));
  });
});

describe("faults in the tokens", () => {
  // All that could be taken for a token in these, whole or in part, begins so.
  const SECRET = /s3cret/i;
  const mustBe = "must be tokens separated by white space, or a list of tokens";
  const token = "token must be visible ASCII characters without white space";

  it.each([
    [" ", "must hold at least one token"],
    ["[]", "must hold at least one token"],
    [[], "must hold at least one token"],
    ["[s3cret]", "starts like JSON but is not valid JSON"],
    ['["s3cret"', "starts like JSON but is not valid JSON"],
    ['["s3cret\u0001"]', "starts like JSON but is not valid JSON"],
    ["{s3cret", "starts like JSON but is not valid JSON"],
    ['{"token":"s3cret"}', mustBe],
    [{ token: "s3cret" }, mustBe],
    [12_345, mustBe],
    [true, mustBe],
    [null, mustBe],
    ["fine s3crét", `[1]: ${token}`],
    ['["fine", "s3cret s3cret"]', `[1]: ${token}`],
    ['["s3cret\\n"]', `[0]: ${token}`],
    ['[["s3cret"]]', `[0]: ${token}`],
    ['["fine", ""]', `[1]: ${token}`],
    ["[1]", `[0]: ${token}`],
    ["[null]", `[0]: ${token}`],
    // What remains of a list, a wildcard or an empty value, and nobody's secret.
    [",", `[0]: ${token}`],
    [" , ; ", `[0]: ${token}`],
    ["*", `[0]: ${token}`],
    ['""', `[0]: ${token}`],
    ["fine ,", `[1]: ${token}`],
    ['["fine", "--"]', `[1]: ${token}`],
    [[{ token: "," }], `[0]: ${token}`],
    ["\t\n", "must hold at least one token"],
    ['[{"buckets":["s3cret"]}]', `[0]: ${token}`],
    ['[{"token":"s3cret", "s3cret":1}]', "[0] has a member that is not one of token, buckets, may"],
    ['[{"token":"s3cret", "buckets":"s3cret"}]', "[0]: buckets must be a list of patterns"],
    ['[{"token":"s3cret", "buckets":[]}]', "[0]: buckets must be a list of patterns"],
    ['[{"token":"s3cret", "buckets":["a", "s3cret!"]}]', "[0]: buckets must be a list of patterns"],
    ['[{"token":"s3cret", "buckets":["a*b"]}]', "[0]: buckets must be a list of patterns"],
    ['[{"token":"s3cret", "buckets":[null]}]', "[0]: buckets must be a list of patterns"],
    ['[{"token":"s3cret", "may":"read"}]', "[0]: may must be a list of "],
    ['["fine", {"token":"s3cret", "may":[]}]', "[1]: may must be a list of "],
    ['[{"token":"s3cret", "may":["s3cret"]}]', "[0]: may must be a list of "],
  ])("%j: 500 for every request, by its place and with no part of it", async (value, message) => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    for (const variable of ["API_TOKEN", "ADMIN_TOKEN"]) {
      for (const path of ["/acquire?bucket=x", "/healthz", "/nowhere"]) {
        const response = await deployed({ ...CLOSED, [variable]: value }, path);
        expect(response.status).toBe(500);
        const problem: ProblemBody = await response.json();
        expect(problem.reason).toBe("illegal-configuration");
        expect(problem.detail.startsWith(variable)).toBe(true);
        expect(problem.detail).toContain(message);
        expect(JSON.stringify(problem)).not.toMatch(SECRET);
      }
    }
    expect(logged.mock.calls.join()).not.toMatch(SECRET);
  });

  it("a right that the variable does not give is one", async () => {
    const list = (may: string): string => JSON.stringify([{ token: "s3cret", may: [may] }]);
    const api = await deployed({ ...CLOSED, API_TOKEN: list("admin") }, "/healthz");
    expect(await detailOf(api)).toBe("API_TOKEN[0]: may must be a list of acquire, read, pause");
    const admin = await deployed({ ...CLOSED, ADMIN_TOKEN: list("read") }, "/healthz");
    expect(await detailOf(admin)).toBe("ADMIN_TOKEN[0]: may must be a list of admin");
  });
});

describe("entrypoints", () => {
  const put = { method: "PUT", body: "{}" };
  const gone = { method: "DELETE" };
  const cancel = { ...gone, headers: { "Idempotency-Key": "a" } };

  it.each<[Entrypoint, string, RequestInit, number]>([
    ["front", "/acquire?bucket=door", {}, 401],
    ["front", "/acquire?bucket=door", { method: "POST" }, 401],
    ["front", "/buckets/door", {}, 401],
    ["front", "/buckets/door", { ...put, ...bearer("admin") }, 200],
    ["bound", "/acquire?bucket=door", {}, 200],
    ["bound", "/acquire?bucket=door", { method: "POST" }, 200],
    ["bound", "/acquire?bucket=door", bearer("of somebody else"), 200],
    ["bound", "/buckets/door", {}, 200],
    ["bound", "/buckets/door", put, 401],
    ["bound", "/buckets/door", { ...put, ...bearer("api") }, 401],
    ["bound", "/buckets/door", gone, 401],
    ["bound", "/buckets/door", { ...put, ...bearer("admin") }, 200],
    ["bound", "/buckets/door", { ...gone, ...bearer("admin") }, 204],
    ["bound", "/healthz", {}, 200],
    ["bound", "/nowhere", {}, 404],
    ["front", "/acquire?bucket=door", cancel, 401],
    ["bound", "/acquire?bucket=door", cancel, 200],
    ["bound", "/acquire?bucket=door", { method: "PATCH" }, 405],
    ["bound", "/acquire", {}, 400],
  ])(
    "%s %s %j answers %i, with an API_TOKEN or without",
    async (entrypoint, path, init, status) => {
      for (const API_TOKEN of ["api", undefined]) {
        const variables = { ...CLOSED, API_TOKEN, ADMIN_TOKEN: "admin" };
        expect((await deployed(variables, path, init, entrypoint)).status).toBe(status);
      }
    },
  );

  it("bound: admin calls are disabled without an ADMIN_TOKEN, as in front", async () => {
    expect((await deployed(CLOSED, "/buckets/door", gone, "bound")).status).toBe(403);
  });

  it("bound Workers call the entrypoint Sluice", async () => {
    const ask = new Request("https://sluice/acquire?bucket=entrypoint");
    expect((await exports.Sluice.fetch(ask)).status).toBe(200);
    const change = new Request("https://sluice/buckets/entrypoint", put);
    expect((await exports.Sluice.fetch(change)).status).toBe(401);
  });
});
