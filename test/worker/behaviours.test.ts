import { afterAll, beforeAll, vi } from "vitest";

import { describeBehaviours } from "../../kit/model/behaviours.ts";
import {
  openHttp,
  openObject,
  openStreaming,
  openStreamingIfQueued,
} from "../../kit/edge/surfaces.ts";
import { useVirtualDate } from "../../kit/edge/virtual-time.ts";

beforeAll(useVirtualDate);
afterAll(() => {
  vi.useRealTimers();
});

describeBehaviours("BucketObject", openObject);
describeBehaviours("HTTP", openHttp);
describeBehaviours("event streams", openStreaming);
describeBehaviours("event streams of those who wait", openStreamingIfQueued);
