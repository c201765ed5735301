import { expect, it } from "vitest";

import { pathOf } from "../../src/client/path.ts";

it("pathOf keeps a bucket's name in one segment", () => {
  expect(pathOf("api:ann/search")).toBe("/buckets/api%3Aann%2Fsearch");
});
