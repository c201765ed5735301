import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../support/behaviours.ts";
import { openHttp, openObject, openStreaming, openStreamingIfQueued } from "../edge/surfaces.ts";
import { useVirtualDate } from "../edge/virtual-time.ts";

beforeAll(useVirtualDate);
afterAll(() => {
  vi.useRealTimers();
});

describeBehaviours("BucketObject", openObject);
describeBehaviours("HTTP", openHttp);
describeBehaviours("event streams", openStreaming);
describeBehaviours("event streams of those who wait", openStreamingIfQueued);
