import { describe, expect, it } from "vitest";

import type { ProblemBody } from "../../../src/protocol/problem-document.ts";

import { CLOSED, bearer, deployed } from "../../../kit/edge/deployed.ts";

const PAGE = "https://page.test";
const OTHER = "https://other.test";
const TWO = ` ${PAGE}\n http://localhost:3000 `;
const OPEN = { ...CLOSED, PUBLIC: "true" };

const routes: [path: string, method: string, methods: string][] = [
  ["/acquire?bucket=cors", "GET", "GET,POST,DELETE"],
  ["/acquire?bucket=cors", "POST", "GET,POST,DELETE"],
  ["/acquire?bucket=cors", "DELETE", "GET,POST,DELETE"],
  ["/buckets/cors", "GET", "GET,PUT,DELETE"],
  ["/buckets/cors", "PUT", "GET,PUT,DELETE"],
  ["/buckets/cors", "DELETE", "GET,PUT,DELETE"],
  ["/healthz", "GET", "GET"],
];

function preflight(path: string, origin: string, variables: object): Promise<Response> {
  const headers = {
    Origin: origin,
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,x-other",
  };
  return deployed({ ...OPEN, ...variables }, path, { method: "OPTIONS", headers });
}

function call(path: string, origin: string | undefined, variables: object): Promise<Response> {
  const headers = origin === undefined ? {} : { Origin: origin };
  return deployed({ ...OPEN, ...variables }, path, { headers });
}

function corsFields({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name.startsWith("access-control-allow"));
}

describe("CORS_ORIGINS", () => {
  it("not set: OPTIONS is not allowed, and no answer allows an origin", async () => {
    for (const variables of [{}, { CORS_ORIGINS: "" }, { CORS_ORIGINS: " \n" }]) {
      for (const [path, method] of routes) {
        for (const origin of [PAGE, "null", "*", "https://sluice.test"]) {
          const before = await preflight(path, origin, variables);
          expect(before.status).toBe(405);
          expect(before.headers.get("Allow")).not.toContain("OPTIONS");
          const headers = { Origin: origin };
          const answer = await deployed({ ...OPEN, ...variables }, path, { method, headers });
          for (const response of [before, answer]) {
            expect(corsFields(response)).toEqual([]);
            expect(response.headers.get("Vary") ?? "").not.toContain("Origin");
          }
        }
      }
    }
  });

  it.each(routes)("a listed origin may call %s by %s, among %s", async (path, method, methods) => {
    for (const origin of [PAGE, "http://localhost:3000"]) {
      const response = await preflight(path, origin, { CORS_ORIGINS: TWO });
      expect(response.status).toBe(204);
      expect(await response.text()).toBe("");
      const { headers } = response;
      expect(headers.get("Access-Control-Allow-Origin")).toBe(origin);
      expect(headers.get("Access-Control-Allow-Methods")).toBe(methods);
      expect(methods.split(",")).toContain(method);
      expect(headers.get("Access-Control-Allow-Headers")).toBe(
        "Authorization,Content-Type,Idempotency-Key,Sluice-Ticket",
      );
      expect(headers.get("Access-Control-Max-Age")).toBe("600");
      expect(headers.get("Vary")).toContain("Origin");
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
  });

  it("a listed origin reads answers and their fields, refusals too", async () => {
    const variables = { CORS_ORIGINS: TWO };
    for (const [path, status] of [
      ["/acquire?bucket=cors", 200],
      ["/acquire?bucket=cors&tokens=9999", 422],
      ["/acquire", 400],
      ["/buckets/cors", 200],
      ["/healthz", 200],
    ] as const) {
      const response = await call(path, PAGE, variables);
      expect(response.status).toBe(status);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
      expect(response.headers.get("Access-Control-Expose-Headers")).toBe(
        "RateLimit, RateLimit-Policy, Retry-After",
      );
      expect(response.headers.get("Vary")).toContain("Origin");
      expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    }
    const closed = await deployed({ ...CLOSED, ...variables, API_TOKEN: "t" }, "/acquire", {
      headers: { Origin: PAGE },
    });
    expect(closed.status).toBe(401);
    expect(closed.headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
  });

  it("an origin that is not listed is allowed nothing, and what is cached is kept apart", async () => {
    for (const origin of [
      OTHER,
      "null",
      "*",
      "https://page.test.evil.test",
      "https://PAGE.test",
      "http://page.test",
      "https://page.test:444",
      "https://page.test/",
      TWO.trim().replace("\n", ""),
    ]) {
      const variables = { CORS_ORIGINS: TWO };
      const before = await preflight("/acquire", origin, variables);
      expect(before.status).toBe(405);
      const answer = await call("/acquire?bucket=cors", origin, variables);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("Vary")).toContain("Origin");
      for (const response of [before, answer]) expect(corsFields(response)).toEqual([]);
    }
    const noScript = await call("/acquire?bucket=cors", undefined, { CORS_ORIGINS: TWO });
    expect(noScript.headers.get("Vary")).toContain("Origin");
    expect(corsFields(noScript)).toEqual([]);
  });

  it("*: every origin, and none by name", async () => {
    const variables = { CORS_ORIGINS: " * " };
    for (const origin of [PAGE, OTHER, "null"]) {
      const before = await preflight("/acquire", origin, variables);
      expect(before.status).toBe(204);
      const answer = await call("/acquire?bucket=cors", origin, variables);
      for (const response of [before, answer]) {
        expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
        expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
      }
      expect(answer.headers.get("Vary")).toBeNull();
    }
  });

  it("a preflight needs no token, what follows does", async () => {
    const variables = { ...CLOSED, API_TOKEN: "t", CORS_ORIGINS: PAGE };
    expect((await preflight("/acquire", PAGE, variables)).status).toBe(204);
    const headers = { Origin: PAGE };
    const path = "/acquire?bucket=cors";
    expect((await deployed(variables, path, { headers })).status).toBe(401);
    const known = { ...headers, ...bearer("t").headers };
    expect((await deployed(variables, path, { headers: known })).status).toBe(200);
  });

  it("OPTIONS without an origin, or of no route, is answered as ever", async () => {
    const variables = { ...OPEN, CORS_ORIGINS: "*" };
    expect((await deployed(variables, "/acquire", { method: "OPTIONS" })).status).toBe(405);
    expect((await preflight("/nowhere", PAGE, variables)).status).toBe(404);
  });

  it.each([
    "page.test",
    "https://page.test/",
    "https://page.test/path",
    "https://PAGE.test",
    "https://page.test:443",
    "https://user@page.test",
    "https://*.page.test",
    "ftp://page.test",
    "null",
    "https://",
    `* ${PAGE}`,
    `${PAGE},${OTHER}`,
  ])("illegal: %s", async (value) => {
    const response = await call("/healthz", undefined, { CORS_ORIGINS: value });
    expect(response.status).toBe(500);
    const { reason, detail }: ProblemBody = await response.json();
    expect(reason).toBe("illegal-configuration");
    expect(detail).toMatch(
      /^CORS_ORIGINS must be origins like "https:\/\/example.com", or "\*" alone: got "/,
    );
  });
});
