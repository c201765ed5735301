import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../../kit/model/behaviours.ts";
import { openFilter } from "../../kit/model/filter-surface.ts";

beforeAll(() => {
  vi.useFakeTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

describeBehaviours("TokenBucketFilter", openFilter);
