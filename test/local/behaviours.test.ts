import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../support/behaviours.ts";
import { openFilter } from "../support/filter-surface.ts";

beforeAll(() => {
  vi.useFakeTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

describeBehaviours("TokenBucketFilter", openFilter);
