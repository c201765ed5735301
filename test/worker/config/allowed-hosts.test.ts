/** Under which names an open Sluice is answered, and that the check is there only where it is needed. */
import { describe, expect, it } from "vitest";

import type { ProblemBody } from "../../../src/protocol/problem-document.ts";

import { AllowedHosts } from "../../../src/worker/config/allowed-hosts.ts";
import { boundRoutes, routes } from "../../../src/worker/app.ts";
import { CLOSED, bearer } from "../../../kit/edge/deployed.ts";
import { env } from "cloudflare:workers";

const OPEN = { ...CLOSED, PUBLIC: "true", ALLOWED_HOSTS: "localhost" };
const EVIL = "http://evil.example:8787";

function call(
  variables: Record<string, unknown>,
  url: string,
  init: RequestInit = {},
  app: Pick<typeof routes, "fetch"> = routes,
): Response | Promise<Response> {
  return app.fetch(new Request(url, init), { ...env, ...variables });
}

describe("AllowedHosts", () => {
  it.each([
    ["localhost", true],
    ["LOCALHOST:8787", true],
    ["localhost.", true],
    ["sluice.localhost:1", true],
    ["127.0.0.1:8787", true],
    ["127.255.255.254", true],
    ["192.168.1.7", true],
    ["[::1]:8787", true],
    ["[::ffff:7f00:1]", true],
    ["sluice.example.com", true],
    ["Sluice.Example.COM:443", true],
    ["evil.example", false],
    ["evil.example:8787", false],
    ["localhost.evil.example", false],
    ["evillocalhost", false],
    ["127.0.0.1.evil.example", false],
    ["a.sluice.example.com", false],
    ["sluice.example.com.evil.example", false],
    ["localhost@evil.example", false],
    ["evil.example?localhost", false],
    ["evil.example#.localhost", false],
    // No URL: the runtime does not look at what it passes on.
    ["1.2.3.4.5", false],
    ["[::1].evil.example", false],
    ["a b", false],
    ["", false],
  ])("%j: %s", (host, isAllowed) => {
    const allowed = AllowedHosts.read(" sluice.example.com\nOTHER.example ");
    // Twice: the one that was allowed last is remembered.
    for (const path of ["/", "/buckets/x?y=//localhost/"]) {
      expect(allowed?.allows(`http://${host}${path}`)).toBe(isAllowed);
      expect(allowed?.allows("http://localhost/")).toBe(true);
    }
  });

  it("takes an empty list for addresses and localhost alone, and * or none for no check", () => {
    expect(AllowedHosts.read("")?.allows("http://sluice.example.com/")).toBe(false);
    expect(AllowedHosts.read("")?.allows("http://127.0.0.1/")).toBe(true);
    expect(AllowedHosts.read("*")).toBeUndefined();
    expect(AllowedHosts.read(undefined)).toBeUndefined();
  });

  it.each([
    "https://sluice.example.com",
    "sluice.example.com:8787",
    "*.example.com",
    "a.example *",
    "sluice.example.com/path",
    "a..b,c",
    "user@a.example",
    ["a.example"],
    true,
  ])("refuses %j, and so does the deployment, at any host", async (ALLOWED_HOSTS) => {
    expect(() => AllowedHosts.read(ALLOWED_HOSTS)).toThrow("ALLOWED_HOSTS must be ");
    for (const url of ["http://localhost/acquire?bucket=x", `${EVIL}/healthz`]) {
      const response = await call({ ...OPEN, ALLOWED_HOSTS }, url);
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({ reason: "illegal-configuration" });
    }
  });
});

describe("an open Sluice that is called by a foreign name", () => {
  const upgrade = { headers: { Upgrade: "websocket", Origin: EVIL } };
  const admin = { ...bearer("admin"), method: "PUT", body: "{}" };

  it.each<[string, RequestInit]>([
    ["/acquire?bucket=rebound", {}],
    ["/acquire?bucket=rebound", { headers: { Accept: "text/event-stream" } }],
    ["/acquire", { method: "POST", body: '{"bucket":"rebound"}' }],
    ["/buckets/rebound", {}],
    ["/buckets/rebound", { headers: { Accept: "text/html" } }],
    ["/buckets/rebound", { method: "HEAD" }],
    ["/buckets/rebound", admin],
    ["/buckets/rebound", { ...bearer("admin"), method: "DELETE" }],
    ["/buckets/rebound/pause", { ...admin, method: "POST" }],
    ["/buckets/rebound/watch", upgrade],
    ["/buckets/rebound/session", upgrade],
    ["/metrics", {}],
    ["/", { headers: { Accept: "text/html" } }],
    ["/docs", {}],
    ["/docs.css", {}],
    ["/openapi.json", {}],
    ["/nowhere", {}],
    ["/nowhere/healthz", {}],
    ["/acquire", { method: "OPTIONS", headers: { Origin: EVIL } }],
  ])("%s %j: 421, with what to do, and nothing is taken", async (path, init) => {
    const variables = { ...OPEN, ADMIN_TOKEN: "admin", CORS_ORIGINS: "*" };
    const response = await call(variables, EVIL + path, init);
    expect(response.status).toBe(421);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
    if (init.method === "HEAD") return;
    const problem: ProblemBody = await response.json();
    expect(problem.reason).toBe("host-not-allowed");
    expect(problem.detail).toContain('does not answer to "evil.example:8787"');
    expect(problem.detail).toContain("ALLOWED_HOSTS");
    const snapshot = await call(variables, "http://localhost/buckets/rebound");
    expect(await snapshot.json()).toMatchObject({ granted: 0, refused: 0 });
  });

  it.each(["/healthz", "/healthz?full=1"])("is asked %s by any name", async (path) => {
    const response = await call(OPEN, EVIL + path);
    expect(await response.json()).toEqual({ status: "ok" });
  });
});

describe("is answered under any name", () => {
  it.each<[string, Record<string, unknown>, RequestInit]>([
    ["where the variable is not set", { ALLOWED_HOSTS: undefined }, {}],
    ["where it is *", { ALLOWED_HOSTS: "*" }, {}],
    ["where it names it", { ALLOWED_HOSTS: "a.example evil.example" }, {}],
    ["where a token is asked for", { API_TOKEN: "t1" }, bearer("t1")],
  ])("%s", async (_, variables, init) => {
    const url = `${EVIL}/acquire?bucket=any-name`;
    expect((await call({ ...OPEN, ...variables }, url, init)).status).toBe(200);
  });

  it("where a bound Worker calls, whose host means nothing", async () => {
    const response = await call(OPEN, "https://sluice/acquire?bucket=any-name", {}, boundRoutes);
    expect(response.status).toBe(200);
  });

  it("where nobody may call, who gets the 401 of before", async () => {
    const response = await call({ ...OPEN, PUBLIC: "false" }, `${EVIL}/buckets/x`);
    expect(response.status).toBe(401);
  });
});
