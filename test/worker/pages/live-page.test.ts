/** Who gets the live page, with which fields, and what it loads. */
import { describe, expect, it } from "vitest";

import type { OpenApiDocument } from "../../../src/worker/pages/openapi-types.ts";
import type { ProblemBody } from "../../../src/protocol/problem-document.ts";

import { CLOSED, deployed, entrypoints, type Entrypoint } from "../../../kit/edge/deployed.ts";

const OPEN = { ...CLOSED, PUBLIC: "true", ADMIN_TOKEN: "admin" };
/** What the browsers of the day send for an address that was typed. */
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

function get(
  path: string,
  accept?: string,
  variables = {},
  entrypoint?: Entrypoint,
): Promise<Response> {
  const headers = accept === undefined ? {} : { Accept: accept };
  return deployed({ ...OPEN, ...variables }, path, { headers }, entrypoint);
}

async function reasonOf(response: Response): Promise<string> {
  const problem: ProblemBody = await response.json();
  return problem.reason;
}

function hexOf(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The paths of what a page of HTML at `path` loads and leads to, but for places within itself. */
async function pathsIn(page: Response, path = "/"): Promise<string[]> {
  const html = await page.text();
  const addresses = [...html.matchAll(/ (?:href|src)="([^"#][^"]*)"/g)];
  return addresses.map(([, address = ""]) => new URL(address, `https://a.test${path}`).pathname);
}

const wantPage = [
  BROWSER,
  "text/html",
  "TEXT/HTML",
  "text/*",
  "text/html;q=0.2",
  "application/json;q=0.4, text/html;q=0.5",
  "application/*;q=0.9, text/html",
  "*/*;q=0.5, text/html;level=1",
  "text/html, */*;q=0",
];
const wantData = [
  undefined,
  "",
  "*/*",
  "application/json",
  "application/problem+json",
  "text/html, application/json",
  "text/html;q=0.5, application/json;q=0.6",
  "text/html;q=0.8, */*",
  "text/html;q=0",
  "text/plain",
  "*/*, text/html",
  ";;;,,,",
];

describe("GET /buckets/NAME", () => {
  it.each(wantPage)("is the page for Accept: %s", async (accept) => {
    const response = await get("/buckets/negotiated", accept);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("Vary")).toBe("Accept");
  });

  it.each(wantData)("is JSON for Accept: %s", async (accept) => {
    const response = await get("/buckets/negotiated", accept);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(response.headers.get("Vary")).toBe("Accept");
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'; frame");
    expect(await response.json()).toMatchObject({ bucket: "negotiated" });
  });

  it("is the page before a token is asked for, and the same page whatever the name", async () => {
    const closed = { PUBLIC: undefined, API_TOKEN: "secret" };
    const pages = await Promise.all(
      ["a", "other", "%zz", "%3Cscript%3E", "a%2Fb%40c", "x".repeat(400)].map(async (name) => {
        const response = await get(`/buckets/${name}`, BROWSER, closed);
        expect(response.status).toBe(200);
        return response.text();
      }),
    );
    expect(new Set(pages).size).toBe(1);
    const data = await get("/buckets/a", "application/json", closed);
    expect(data.status).toBe(401);
  });

  it("is the page at both entrypoints", async () => {
    for (const entrypoint of Object.keys(entrypoints) as Entrypoint[]) {
      const response = await get("/buckets/a", BROWSER, {}, entrypoint);
      expect(response.headers.get("Content-Type")).toContain("text/html");
    }
  });

  it("says Vary of both where scripts of other origins may call, too", async () => {
    const headers = { Origin: "https://page.test", Accept: "application/json" };
    const variables = { ...OPEN, CORS_ORIGINS: "https://page.test" };
    const response = await deployed(variables, "/buckets/a", { headers });
    expect(response.headers.get("Vary")?.split(/, */).sort()).toEqual(["Accept", "Origin"]);
  });

  it("has no page for other methods, whatever they accept", async () => {
    const headers = { Accept: BROWSER };
    for (const [method, status] of [
      ["PUT", 401],
      ["DELETE", 401],
      ["POST", 405],
      ["PATCH", 405],
    ] as const) {
      const response = await deployed(OPEN, "/buckets/a", { method, headers });
      expect(response.status).toBe(status);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    }
  });
});

describe("GET /", () => {
  it("is the page for a browser, and nothing for others, as before", async () => {
    const page = await get("/", BROWSER);
    expect([page.status, page.headers.get("Vary")]).toEqual([200, "Accept"]);
    expect(await page.text()).toContain("<title>Sluice</title>");
    for (const accept of wantData) {
      const response = await get("/", accept);
      expect(response.status).toBe(404);
      expect(response.headers.get("Vary")).toBe("Accept");
      expect(await reasonOf(response)).toBe("not-found");
    }
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("is nothing for %s", async (method) => {
    const response = await deployed(OPEN, "/", { method, headers: { Accept: BROWSER } });
    expect([response.status, await reasonOf(response)]).toEqual([404, "not-found"]);
  });

  it("answers HEAD as GET, without a body", async () => {
    const response = await deployed(OPEN, "/", { method: "HEAD", headers: { Accept: BROWSER } });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toContain("text/html");
    expect(await response.text()).toBe("");
  });

  it("says what is wrong with the configuration instead, in a browser, too", async () => {
    const response = await get("/", BROWSER, { PUBLIC: "perhaps" });
    expect([response.status, await reasonOf(response)]).toEqual([500, "illegal-configuration"]);
  });
});

describe("an address where there is nothing", () => {
  const paths = ["/nothing", "/nothing/", "/a/b/c", "/buckets/", "/buckets/a/b", "/assets/x.js"];

  it.each(paths)("%s is the page for a browser, and stays a problem for others", async (path) => {
    const page = await get(path, BROWSER);
    expect([page.status, page.headers.get("Vary")]).toEqual([404, "Accept"]);
    expect(page.headers.get("Content-Security-Policy")).toContain("script-src 'self'");
    expect(await page.text()).toContain("<title>Sluice</title>");
    for (const accept of wantData) {
      const response = await get(path, accept);
      expect([response.status, response.headers.get("Vary")]).toEqual([404, "Accept"]);
      expect(await reasonOf(response)).toBe("not-found");
    }
  });

  it("is the page before a token is asked for, and has a HEAD", async () => {
    const closed = { PUBLIC: undefined, API_TOKEN: "secret" };
    expect((await get("/nothing", BROWSER, closed)).headers.get("Content-Type")).toContain("html");
    const head = await deployed(OPEN, "/a", { method: "HEAD", headers: { Accept: BROWSER } });
    expect([head.status, await head.text()]).toEqual([404, ""]);
  });

  it.each(["POST", "PUT", "DELETE"])("is a problem for %s, whatever it accepts", async (method) => {
    const response = await deployed(OPEN, "/nothing", { method, headers: { Accept: BROWSER } });
    expect([response.status, await reasonOf(response)]).toEqual([404, "not-found"]);
  });
});

describe("under a path of a reverse proxy", () => {
  it.each([
    ["/", 4],
    ["/buckets/a", 4],
    ["/buckets/team%2Fa", 4],
    ["/nothing", 4],
    ["/a/b%2Fc/", 4],
    ["/docs", 3],
  ])("all that %s loads and leads to is under that path, too", async (path, count) => {
    for (const prefix of ["", "/sluice", "/buckets/a"]) {
      const paths = await pathsIn(await get(path, BROWSER), prefix + path);
      expect(paths).toHaveLength(count);
      for (const each of paths) {
        expect(each.startsWith(`${prefix}/`), `${each} of ${path}`).toBe(true);
        expect((await get(each.slice(prefix.length), BROWSER)).status).toBe(200);
      }
    }
  });

  it("the description says that its calls are beside it", async () => {
    const { servers } = await (await get("/openapi.json")).json<OpenApiDocument>();
    expect(
      servers.map(({ url }) => new URL(url, "https://a.test/sluice/openapi.json").href),
    ).toEqual(["https://a.test/sluice/"]);
  });
});

describe("the page", () => {
  it("may load and call nothing but its own origin, and runs no text", async () => {
    const response = await get("/", BROWSER);
    const { headers } = response;
    const policy = new Map(
      (headers.get("Content-Security-Policy") ?? "").split("; ").map((directive) => {
        const [name = "", ...sources] = directive.split(" ");
        return [name, sources.join(" ")];
      }),
    );
    expect(Object.fromEntries(policy)).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self'",
      "connect-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
    const html = await response.text();
    expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)| on[a-z]+=|https?:/);
  });

  it("loads what is served, for good, under names that change with the content", async () => {
    const paths = await pathsIn(await get("/", BROWSER));
    const types = new Map([
      ["js", "text/javascript; charset=utf-8"],
      ["css", "text/css; charset=utf-8"],
      ["svg", "image/svg+xml"],
    ]);
    expect(new Set(paths.map((path) => path.split(".").at(-1)))).toEqual(new Set(types.keys()));
    expect(paths.filter((path) => path.startsWith("/assets/chunk."))).toHaveLength(1);
    for (const path of paths) {
      // Without a token, like the page.
      const response = await get(path, undefined, { PUBLIC: undefined, API_TOKEN: "secret" });
      const text = await response.text();
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
      // A part that is shared with what is loaded later has the bundler's own.
      const hash = path.startsWith("/assets/chunk.") ? /^[A-Z0-9]{8}$/ : hexOf(digest).slice(0, 12);
      expect(path.split(".").at(-2)).toMatch(hash);
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe(types.get(path.split(".").at(-1) ?? ""));
      expect(response.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    }
  });

  it("serves its files to GET and HEAD only, and no others", async () => {
    const [path = ""] = await pathsIn(await get("/", BROWSER));
    const head = await deployed(OPEN, path, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const response = await deployed(OPEN, path, { method });
      expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
      expect(await reasonOf(response)).toBe("method-not-allowed");
    }
    const others = ["/assets", "/assets/", "/assets/page.js", `${path}x`, "/assets/..%2Fx"];
    for (const other of others) {
      const response = await get(other);
      expect([response.status, await reasonOf(response)]).toEqual([404, "not-found"]);
    }
  });
});
