import { expect, test } from "vitest";

import * as sluice from "../../src/local/index.ts";

test("the main entry exports the factory of filters, work under holds and permits, and types", () => {
  expect(Object.keys(sluice)).toEqual([
    "createTokenBucketFilter",
    "PermitLostError",
    "withHold",
    "withPermit",
  ]);
  const filter = sluice.createTokenBucketFilter(1);
  expect(filter.tryGetToken()).toMatchObject({ ok: true, remaining: 0 });
  filter.close();
});
