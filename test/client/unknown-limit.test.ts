import { describe, expect, it } from "vitest";

import { SluiceError } from "../../src/client/sluice-error.ts";
import { explainUnknownLimit, isUnknownLimit } from "../../src/client/unknown-limit.ts";

const message = '"tmp" is no limit of this bucket: rate, tpm';
const unknown = new SluiceError({
  reason: "invalid-request",
  detail: message,
  status: 400,
  errors: [{ field: "tokens.tmp", message }],
});
const others = [
  new SluiceError({ reason: "invalid-request", detail: "d" }),
  new SluiceError({
    reason: "invalid-request",
    detail: "d",
    errors: [{ field: "tokens", message }],
  }),
  new SluiceError({ reason: "unauthorized", detail: "d" }),
  new Error("d"),
  undefined,
];

describe("isUnknownLimit", () => {
  it("knows the fault by the field of one limit", () => {
    expect(isUnknownLimit(unknown)).toBe(true);
    expect(others.filter(isUnknownLimit)).toEqual([]);
  });
});

describe("explainUnknownLimit", () => {
  it("adds the bucket, and what to do", () => {
    expect(explainUnknownLimit(unknown, "llm:ann")).toMatchObject({
      detail: `Cannot acquire from bucket llm:ann: ${message}; name limits that its policy has, or add them to it`,
      reason: "invalid-request",
      status: 400,
      errors: unknown.errors,
      cause: unknown,
    });
  });

  it("leaves all other errors as they are", () => {
    for (const error of others) expect(explainUnknownLimit(error, "llm:ann")).toBe(error);
  });
});
