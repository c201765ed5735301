/** What all answers have in common, whatever they say and wherever they are made. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { CLOSED, type Entrypoint, bearer, deployed, entrypoints } from "../../kit/edge/deployed.ts";
import { ADMIN, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { uniqueName } from "../../kit/edge/virtual-time.ts";

// Faults that are provoked here are logged.
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const OPEN = { ...CLOSED, PUBLIC: "true", ADMIN_TOKEN: "admin", CORS_ORIGINS: "https://page.test" };

function expectCommonFields({ headers }: Response, what: string): void {
  const expected = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
  };
  for (const [name, value] of Object.entries(expected)) {
    expect(headers.get(name), `${name} of ${what}`).toBe(value);
  }
}

/** The environment with a namespace of objects that fails as `fail` does. */
function failing(fail: () => never): Env {
  return Object.defineProperty({ ...env, PUBLIC: "true" }, "BUCKETS", { get: fail });
}

/** The answer to a caller that is held when its bucket is reset. */
async function drained(entrypoint: Entrypoint, headers: HeadersInit): Promise<Response> {
  const name = uniqueName();
  const variables = { ...OPEN, POLICIES: env.POLICIES };
  await deployed(variables, `/acquire?bucket=${name}`);
  const held = deployed(variables, `/acquire?bucket=${name}`, { headers }, entrypoint);
  while ((await snapshotOf(name)).waiters < 1) await settle();
  await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  return held;
}

/** The second answer to one key. */
async function again(entrypoint: Entrypoint, headers: Record<string, string>): Promise<Response> {
  const keyed = { headers: { ...headers, "Idempotency-Key": `"${uniqueName()}"` } };
  await deployed(OPEN, "/acquire?bucket=answers", keyed, entrypoint);
  return deployed(OPEN, "/acquire?bucket=answers", keyed, entrypoint);
}

describe.each<Entrypoint>(["front", "bound"])("answers of the %s entrypoint", (entrypoint) => {
  const long = "x".repeat(20_000);
  const call = (path: string, init: RequestInit = {}, variables = {}) => {
    return (headers: Record<string, string>): Promise<Response> => {
      const all = { headers: { ...headers, ...bearer("admin").headers }, ...init };
      return deployed({ ...OPEN, ...variables }, path, all, entrypoint);
    };
  };
  const none = {
    "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000, initialTokens: 0 },
  };
  // A binding whose objects do nothing.
  const unreachable = { getByName: () => ({}) };
  const answers: [string, number, (headers: Record<string, string>) => Promise<Response>][] = [
    ["health", 200, call("/healthz")],
    ["a grant", 200, call("/acquire?bucket=answers")],
    ["a grant by POST", 200, call("/acquire?bucket=answers", { method: "POST" })],
    ["a grant that is told again", 200, (headers) => again(entrypoint, headers)],
    ["the description", 200, call("/openapi.json")],
    ["a snapshot", 200, call("/buckets/answers")],
    ["a snapshot's head", 200, call("/buckets/answers", { method: "HEAD" })],
    ["a change", 200, call("/buckets/answers", { method: "PUT", body: "{}" })],
    ["a reset", 204, call("/buckets/answers", { method: "DELETE" })],
    ["a wrong query", 400, call("/acquire")],
    ["a wrong body", 400, call("/acquire", { method: "POST", body: "{" })],
    ["too long a wait", 400, call("/acquire?bucket=answers&timeoutMs=3600000")],
    ["a wrong policy", 400, call("/buckets/answers", { method: "PUT", body: '{"capacity":0}' })],
    [
      "a wrong change",
      400,
      call("/buckets/answers", { method: "PUT", body: '{"initialTokens":9999}' }),
    ],
    ["a wrong name", 400, call("/buckets/%20")],
    [
      "a wrong token",
      401,
      call("/buckets/answers", { method: "DELETE" }, { ADMIN_TOKEN: "other" }),
    ],
    ["no admin", 403, call("/buckets/answers", { method: "DELETE" }, { ADMIN_TOKEN: undefined })],
    ["no policy", 404, call("/acquire?bucket=answers", {}, { POLICIES: {} })],
    ["no route", 404, call("/nowhere")],
    ["no method", 405, call("/acquire", { method: "PATCH" })],
    ["no preflight", 405, call("/healthz", { method: "OPTIONS", headers: {} })],
    ["a large body", 413, call("/acquire", { method: "POST", body: long })],
    ["too many tokens", 422, call("/acquire?bucket=answers&tokens=1001")],
    ["no token", 429, call("/acquire?bucket=empty&timeoutMs=0", {}, { POLICIES: none })],
    [
      "no room",
      429,
      call("/acquire?bucket=full", {}, { POLICIES: { "*": { ...none["*"], queueLimit: 0 } } }),
    ],
    ["a drained bucket", 503, (headers) => drained(entrypoint, headers)],
    ["no object", 503, call("/acquire?bucket=answers", {}, { BUCKETS: unreachable })],
    ["no binding", 500, call("/acquire?bucket=answers", {}, { BUCKETS: {} })],
    ["wrong policies", 500, call("/healthz", {}, { POLICIES: { "*": 1 } })],
    [
      "a failure of Sluice's own",
      500,
      async (headers) => {
        const ask = new Request("https://sluice.test/acquire?bucket=answers", { headers });
        return entrypoints[entrypoint].fetch(
          ask,
          failing(() => {
            throw new Error("failed");
          }),
        );
      },
    ],
  ];

  it.each(answers)(
    "%s, %i: has the fields of all, and is a line of JSON",
    async (what, status, ask) => {
      for (const headers of [
        {},
        { Origin: "https://page.test" },
        { Origin: "https://other.test" },
      ]) {
        const response = await ask(headers);
        expect(response.status).toBe(status);
        expectCommonFields(response, what);
        const text = await response.text();
        const type = status < 400 ? "application/json" : "application/problem+json";
        if (status !== 204) expect(response.headers.get("Content-Type")).toBe(type);
        if (text !== "") expect(`${JSON.stringify(JSON.parse(text))}\n`).toBe(text);
      }
    },
  );

  it("a preflight answer has the fields of all", async () => {
    const headers = { Origin: "https://page.test", "Access-Control-Request-Method": "POST" };
    const response = await call("/acquire", { method: "OPTIONS", headers })({});
    expect(response.status).toBe(204);
    expectCommonFields(response, "a preflight");
  });
});

describe("markup in a request", () => {
  const MARKUP = '"><script>alert(1)</script>';
  const inUrl = encodeURIComponent(MARKUP);

  it.each<[string, RequestInit]>([
    [`/${inUrl}`, {}],
    ["/<script>alert(1)</script>", {}],
    [`/acquire?bucket=${inUrl}&tokens=${inUrl}&timeoutMs=${inUrl}&${inUrl}=${inUrl}`, {}],
    ["/acquire", { method: "POST", body: JSON.stringify({ [MARKUP]: MARKUP, bucket: MARKUP }) }],
    ["/acquire", { method: "POST", body: MARKUP, headers: { "Content-Type": "text/html" } }],
    [`/buckets/${inUrl}`, {}],
    [`/buckets/${inUrl}`, { method: "PUT", headers: ADMIN, body: "{}" }],
    ["/buckets/x", { method: "PUT", headers: ADMIN, body: JSON.stringify({ [MARKUP]: MARKUP }) }],
    ["/acquire", { headers: { Accept: "text/html", "User-Agent": MARKUP, Referer: MARKUP } }],
  ])("%s %j: what comes back is a string in JSON, and said to be JSON", async (path, init) => {
    const response = await request(path, init);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expectCommonFields(response, path);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    // Nothing of it escapes the strings of the document; nor is it in a header.
    const text = await response.text();
    expect(`${JSON.stringify(JSON.parse(text))}\n`).toBe(text);
    expect(JSON.stringify([...response.headers])).not.toContain("script");
  });
});
