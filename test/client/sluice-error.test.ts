import { describe, expect, it } from "vitest";

import { SluiceError } from "../../src/client/sluice-error.ts";

describe("SluiceError", () => {
  it("carries what the service said", () => {
    const cause = new Error("behind it");
    const errors = [{ field: "tokens", message: "tokens must be an integer" }];
    const fields = { reason: "invalid-request", detail: "d", status: 400, errors, cause } as const;
    const error = new SluiceError(fields);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...fields, name: "SluiceError", message: "invalid-request: d" });
  });

  it("has no cause if there is none", () => {
    const error = new SluiceError({ reason: "unavailable", detail: "d" });
    expect("cause" in error).toBe(false);
    expect([error.status, error.errors]).toEqual([undefined, undefined]);
  });
});
