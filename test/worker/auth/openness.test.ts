import { expect, it } from "vitest";

import { opennessOf } from "../../../src/worker/auth/openness.ts";

it.each([
  [undefined, false, "nobody"],
  [undefined, true, "everybody"],
  [{}, false, "token"],
  [{}, true, "token"],
])("opennessOf tokens %j, public %s: %s", (apiTokens, isPublic, openness) => {
  expect(opennessOf({ apiTokens, isPublic })).toBe(openness);
});
