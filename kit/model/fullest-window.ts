/**
 * Contract rule 8 for long lists of grants: finds the window of time in which the largest share was
 * granted of what the policy allows for its length.
 *
 * It need not look at every pair of grants. A window can be assumed to begin with a grant. Among those
 * that begin at `t` and are allowed `capacity + refillTokens × k`, all windows of `k - 1` whole
 * intervals and a bit lie within `[t, t + k × refillIntervalMs)`, which is allowed no more. (Instants
 * are whole milliseconds, so that window is one millisecond short of `k` intervals.) One window for
 * each grant and each `k` therefore decides for all. For one `k`, they are found by moving both ends
 * along the list once. The search ends at a `k` that would allow everything ever granted.
 */
import type { TokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";

import type { SeenGrant } from "./virtual-time.ts";

/** What was granted from an instant on, beside the most that may be. */
export interface GrantWindow {
  readonly tokens: number;
  readonly most: number;
  readonly fromMs: number;
  readonly lengthMs: number;
}

/**
 * The window with the least room, negative if the rule is broken; `undefined` if there are no grants.
 */
export function fullestWindow(
  policy: Pick<TokenBucketFields, "capacity" | "refillTokens" | "refillIntervalMs">,
  grants: readonly SeenGrant[],
): GrantWindow | undefined {
  const { capacity, refillTokens, refillIntervalMs } = policy;
  const inTime = grants.toSorted((left, right) => left.grantedAtMs - right.grantedAtMs);
  const all = inTime.reduce((sum, { tokens }) => sum + tokens, 0);
  let fullest: GrantWindow | undefined;
  for (let k = 1; ; k += 1) {
    const most = capacity + refillTokens * k;
    let tokens = 0;
    let end = 0;
    for (const first of inTime) {
      const endsAtMs = first.grantedAtMs + k * refillIntervalMs;
      for (let next = inTime[end]; next && next.grantedAtMs < endsAtMs; next = inTime[end]) {
        tokens += next.tokens;
        end += 1;
      }
      if (!fullest || most - tokens < fullest.most - fullest.tokens) {
        const lengthMs = k * refillIntervalMs - 1;
        fullest = { tokens, most, fromMs: first.grantedAtMs, lengthMs };
      }
      tokens -= first.tokens;
    }
    if (most >= all) return fullest;
  }
}
