import { expect, it } from "vitest";

import * as entry from "../../src/hono/index.ts";

it("sluice/hono exports what the documentation names, and nothing else", () => {
  expect(Object.keys(entry).toSorted()).toEqual(["addressKey", "bucketName", "rateLimit"]);
});
