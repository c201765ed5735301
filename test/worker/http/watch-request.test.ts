import { describe, expect, it } from "vitest";

import {
  isOriginAllowed,
  isUpgrade,
  subprotocolsOf,
  withBearer,
} from "../../../src/worker/http/watch-request.ts";

const URL_OF_BUCKET = "https://sluice.test/buckets/x/watch";

function asking(headers: Record<string, string>): Request {
  return new Request(URL_OF_BUCKET, { headers });
}

describe("isUpgrade", () => {
  it.each([
    [{ Upgrade: "websocket" }, true],
    [{ Upgrade: "WebSocket" }, true],
    [{ Upgrade: "h2c" }, false],
    [{}, false],
  ])("of %j: %s", (headers, expected) => {
    expect(isUpgrade(asking({ ...headers }))).toBe(expected);
  });
});

describe("subprotocolsOf", () => {
  it("lists what is offered, in order", () => {
    const offered = { "Sec-WebSocket-Protocol": "sluice,  sluice.bearer.YQ" };
    expect(subprotocolsOf(asking(offered))).toEqual(["sluice", "sluice.bearer.YQ"]);
  });
});

describe("isOriginAllowed", () => {
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
  ])("%s where %j is allowed: %s", (origin, allowed, expected) => {
    const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
    expect(isOriginAllowed(asking(headers), allowed)).toBe(expected);
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
