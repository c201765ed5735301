import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../support/behaviours.ts";
import { openFilter } from "../support/filter-surface.ts";

beforeAll(() => {
  vi.useFakeTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

// The filter imports no platform: what holds in Node holds inside one request of a Worker.
describeBehaviours("TokenBucketFilter in a Worker's request", openFilter);
