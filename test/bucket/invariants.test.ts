/** The core's invariants are enforced inside the object that these tests call. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { invariants } from "../../src/core/invariants.ts";
import { grantOf, request } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualDate } from "../../kit/edge/virtual-time.ts";

beforeEach(useVirtualDate);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("the object checks the invariants of the core", async () => {
  const name = uniqueName("invariants");
  if (!invariants) throw new Error("The invariants aren't enforced");
  const check = vi.spyOn(invariants, "limit");
  await grantOf(request(`/acquire?bucket=${name}`));
  vi.setSystemTime(Date.now() + 1_000);
  await grantOf(request(`/acquire?bucket=${name}`));
  // A tick has been added, to the bucket of one token that wrangler.toml configures.
  expect(check).toHaveBeenCalledWith(1, 1);
});
