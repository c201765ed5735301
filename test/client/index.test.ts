import { expect, it } from "vitest";

import * as entry from "../../src/client/index.ts";

it("sluice/client exports what the documentation names, and nothing else", () => {
  expect(Object.keys(entry).toSorted()).toEqual([
    "PermitLostError",
    "SluiceError",
    "SluiceRefusedError",
    "addressKey",
    "bucketName",
    "createClient",
    "createPacedFetch",
    "estimateLlmTokens",
    "readUpstreamAdvice",
    "refusalResponse",
    "usedLlmTokens",
    "watchBucket",
    "withHold",
    "withPermit",
    "withRateLimit",
  ]);
});
