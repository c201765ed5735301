import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";

import { readCall } from "../../../src/protocol/session-calls.ts";
import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { sessionBodies } from "../../../src/worker/pages/session-schemas.ts";

const ajv = new Ajv2020({ strict: false });
const { schemas } = openApiDocument.components;
const resolved: object = JSON.parse(JSON.stringify(sessionBodies.SessionCall), (_, value) => {
  const name: unknown = value?.$ref?.replace("#/components/schemas/", "");
  return typeof name === "string" ? schemas[name] : value;
});
const isDescribed = ajv.compile(resolved);

const acquire = { op: "acquire", id: 1 };

describe("SessionCall", () => {
  it.each([
    acquire,
    { ...acquire, id: "x".repeat(64), tokens: 0, "tokens.tpm": 1, timeoutMs: 0 },
    { ...acquire, key: "k", follow: true, fields: false, holdMs: 1_000 },
    { op: "cancel", id: -1 },
    { op: "settle", id: 1, hold: "h", used: 1 },
    { op: "settle", id: 1, hold: "h", used: { rate: 0 } },
    { op: "extend", id: 1, permit: "p" },
    { op: "release", id: 1, permit: "p" },
  ])("describes %j, which is read", (message) => {
    expect(isDescribed(message)).toBe(true);
    expect(readCall(message).ok).toBe(true);
  });

  it.each([
    5,
    {},
    { op: "fly", id: 1 },
    { op: "acquire" },
    { op: "acquire", id: 1.5 },
    { op: "acquire", id: "x".repeat(65) },
    { ...acquire, tokens: -1 },
    { ...acquire, "tokens.tpm": "1" },
    { ...acquire, timeoutMs: 3_600_001 },
    { ...acquire, holdMs: 999 },
    { ...acquire, key: "" },
    { ...acquire, follow: 1 },
    { ...acquire, bucket: "x" },
    { op: "cancel", id: 1, tokens: 1 },
    { op: "settle", id: 1, used: 1 },
    { op: "settle", id: 1, hold: "h", used: -1 },
    { op: "extend", id: 1 },
    { op: "release", id: 1, permit: 1 },
  ])("does not describe %j, which is refused", (message) => {
    expect(isDescribed(message)).toBe(false);
    expect(readCall(message).ok).toBe(false);
  });
});
