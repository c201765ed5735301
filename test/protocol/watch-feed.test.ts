import { describe, expect, it } from "vitest";

import { apiKeyIn, readReport, subprotocolsFor, unitsRead } from "../../src/protocol/watch-feed.ts";

describe("subprotocolsFor", () => {
  it("offers Sluice's alone without a key", () => {
    expect(subprotocolsFor(undefined, "sluice")).toEqual(["sluice"]);
  });

  it("carries a key in base64url, since a subprotocol holds no / and no =", () => {
    expect(subprotocolsFor("t!1~?>", "sluice")).toEqual(["sluice", "sluice.bearer.dCExfj8-"]);
  });
});

describe("apiKeyIn", () => {
  it.each(["a", "ab", "abc", "~~~???", "sk-1.2_3=", "x".repeat(200)])("reads %j back", (key) => {
    expect(apiKeyIn(subprotocolsFor(key, "sluice.v1"))).toBe(key);
    expect(apiKeyIn(subprotocolsFor(key, "sluice.v1").reverse())).toBe(key);
  });

  it.each([
    ["nothing", []],
    ["no key", ["sluice"]],
    ["an empty key", ["sluice.bearer."]],
    ["no base64url", ["sluice.bearer.%%%"]],
    ["base64 with its padding", ["sluice.bearer.YWI="]],
    ["a length that base64url does not have", ["sluice.bearer.a"]],
    ["a line break in the key", [`sluice.bearer.${btoa("ab\n")}`]],
    ["another case", ["Sluice.Bearer.YWJj"]],
    ["a second key behind one that is none", ["sluice.bearer.%", "sluice.bearer.YWJj"]],
  ])("finds none in %s", (_, subprotocols) => {
    expect(apiKeyIn(subprotocols)).toBeUndefined();
  });
});

describe("unitsRead", () => {
  it.each([0, 1, 524_288, 999_999_999_999_999])("reads a report of %i back", (units) => {
    expect(unitsRead(readReport(units))).toBe(units);
  });

  it.each([
    "",
    "ping",
    "{}",
    '{"read":-1}',
    '{"read":1.5}',
    '{"read": 1}',
    '{"read":1e3}',
    '{"read":1}\n',
    '{"read":1000000000000000}',
    '{"read":1,"x":2}',
  ])("is undefined for %j", (text) => {
    expect(unitsRead(text)).toBeUndefined();
  });
});
