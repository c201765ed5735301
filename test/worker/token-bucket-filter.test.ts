import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../../kit/model/behaviours.ts";
import { openFilter } from "../../kit/model/filter-surface.ts";

beforeAll(() => {
  vi.useFakeTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

// The filter imports no platform: what holds in Node holds inside one request of a Worker.
describeBehaviours("TokenBucketFilter in a Worker's request", openFilter);
