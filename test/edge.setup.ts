/** Test files share an isolate: none leaves a caller, an object, a clock or a spy to the next one. */
import { reset } from "cloudflare:test";
import { afterAll, vi } from "vitest";

import { settle } from "../kit/edge/surfaces.ts";
import { useVirtualDate } from "../kit/edge/virtual-time.ts";

afterAll(async () => {
  vi.restoreAllMocks();
  // A day later, the time of those who still wait is up. Before that, a reset only puts them back.
  useVirtualDate();
  await reset();
  await settle();
  vi.useRealTimers();
});
