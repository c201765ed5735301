/**
 * The in-process filter under vitest's fake timers, as a surface of the shared list of behaviours.
 */
import { vi } from "vitest";

import type { Outcome } from "../../src/core/outcome.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { OpenedBucket } from "./behaviours.ts";

import { createTokenBucketFilter } from "../../src/local/token-bucket-filter.ts";

/** Opens a filter. Timers and clocks must be faked while it is in use. */
export async function openFilter({ capacity, ...options }: PolicyFields): Promise<OpenedBucket> {
  const filter = createTokenBucketFilter(capacity, options);
  return {
    get nowMs() {
      return Math.floor(performance.timeOrigin + performance.now());
    },
    acquire: async (ask) => {
      const controller = new AbortController();
      let outcome: Outcome | undefined;
      const done = filter.getToken({ ...ask, signal: controller.signal }).then(
        (settled) => {
          outcome = settled;
        },
        () => undefined,
      );
      await vi.advanceTimersByTimeAsync(0);
      return {
        get outcome() {
          return outcome;
        },
        leave: async () => {
          controller.abort();
          await done;
          await vi.advanceTimersByTimeAsync(0);
        },
      };
    },
    inspect: async () => filter.inspect(),
    pause: async (pause) => {
      const view = filter.pause(pause);
      await vi.advanceTimersByTimeAsync(0);
      return view;
    },
    pass: async (durationMs) => {
      await vi.advanceTimersByTimeAsync(durationMs);
    },
  };
}
