import { describe, expect, it } from "vitest";

import { SluiceRefusedError } from "../../src/client/sluice-refused-error.ts";

const refusal = { ok: false, bucket: "b", tokens: 1, reason: "timeout", detail: "why" } as const;

describe("SluiceRefusedError", () => {
  it("names the bucket and the detail, and carries the refusal", () => {
    const error = new SluiceRefusedError(refusal);
    expect(error).toMatchObject({
      name: "SluiceRefusedError",
      message: 'Sluice refused bucket "b": why',
      refusal,
      response: undefined,
    });
  });

  it("carries what the API answered before", () => {
    const response = new Response(null, { status: 429 });
    expect(new SluiceRefusedError(refusal, response).response).toBe(response);
  });
});
