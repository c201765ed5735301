import { describe, expect, it } from "vitest";

import { problemOf } from "../../../kit/edge/surfaces.ts";
import { refuseOrigin, upgrade, withBearer } from "../../../src/worker/http/upgrade.ts";

const URL_OF_BUCKET = "https://sluice.test/buckets/x/watch";

function asking(headers: Record<string, string>): Request {
  return new Request(URL_OF_BUCKET, { headers });
}

describe("upgrade", () => {
  function open(): Promise<Response> {
    const { 0: client } = new WebSocketPair();
    return Promise.resolve(new Response(null, { status: 101, webSocket: client }));
  }

  it.each([
    ["websocket", {}, null],
    ["WebSocket", { "Sec-WebSocket-Protocol": "sluice" }, "sluice"],
    ["websocket", { "Sec-WebSocket-Protocol": "sluice.bearer.YQ,  sluice" }, "sluice"],
    ["websocket", { "Sec-WebSocket-Protocol": "sluice.v2, SLUICE" }, null],
  ])("to %s, with %j, answers with subprotocol %j", async (Upgrade, offered, chosen) => {
    const request = asking({ Upgrade, ...offered });
    const answer = await upgrade(request, "Watching", "sluice", open);
    expect(answer.status).toBe(101);
    expect(answer.webSocket).not.toBeNull();
    expect(answer.headers.get("Sec-WebSocket-Protocol")).toBe(chosen);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it.each([{}, { Upgrade: "h2c" }])("refuses %j without opening anything", async (headers) => {
    const answer = await upgrade(asking({ ...headers }), "Watching", "sluice", () => {
      throw new Error("opened");
    });
    expect(answer.headers.get("Upgrade")).toBe("websocket");
    expect(answer.headers.get("Connection")).toBe("Upgrade");
    expect(await problemOf(answer, 426, "upgrade-required")).toMatchObject({
      detail: "Watching needs a WebSocket: send Upgrade: websocket",
    });
  });

  it("passes a refusal on", async () => {
    const refusal = new Response("full", { status: 503 });
    const request = asking({ Upgrade: "websocket" });
    const answer = await upgrade(request, "Watching", "sluice", () => Promise.resolve(refusal));
    expect(answer).toBe(refusal);
  });
});

describe("refuseOrigin", () => {
  const listed = ["https://page.test"];

  it.each<[string | undefined, "*" | readonly string[], boolean]>([
    [undefined, [], true],
    ["https://page.test", listed, true],
    ["https://other.test", listed, false],
    ["https://other.test", "*", true],
    // Its own, also behind a proxy that ends TLS.
    ["https://sluice.test", [], true],
    ["http://sluice.test", [], true],
    ["https://sluice.test:8443", [], false],
    ["null", [], false],
  ])("%s where %j is allowed: %s", async (origin, allowed, isAllowed) => {
    const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
    const refusal = refuseOrigin(asking(headers), allowed, "watch");
    expect(refusal === undefined).toBe(isAllowed);
    if (!refusal) return;
    expect(await problemOf(refusal, 403, "origin-not-allowed")).toMatchObject({
      detail: `Pages from "${origin}" may not watch: add the origin to CORS_ORIGINS`,
    });
  });
});

describe("withBearer", () => {
  function authorizationOf(headers: Record<string, string>): string | null {
    return withBearer(asking(headers)).headers.get("Authorization");
  }

  it.each([
    ["sluice, sluice.bearer.czNjcmV0", "Bearer s3cret"],
    // `-` and `_` of base64url.
    ["sluice.bearer.Pz8-Pz8_", "Bearer ??>???"],
    ["sluice", null],
    ["sluice.bearer.", null],
    ["sluice.bearer.a=b", null],
    // A space, which no token holds.
    ["sluice.bearer.YSBi", null],
  ])("takes the token from %j: %s", (offered, authorization) => {
    expect(authorizationOf({ "Sec-WebSocket-Protocol": offered })).toBe(authorization);
  });

  it("leaves a request alone that has the header", () => {
    const offered = { "Sec-WebSocket-Protocol": "sluice.bearer.czNjcmV0" };
    expect(authorizationOf({ ...offered, Authorization: "Bearer other" })).toBe("Bearer other");
  });
});
