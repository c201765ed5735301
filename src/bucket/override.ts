/**
 * What is known of the override of a bucket's policy besides the policy itself: when and why it was set, and which
 * one was in force before it. One is kept, so that an operator can take back the last step, and no history.
 */
import type { TimeZones } from "../core/limits/time-zones.ts";
import type { OverrideView } from "../protocol/bucket-snapshot.ts";
import type { OverrideNote } from "./platform.ts";

import { Policy } from "../core/policy.ts";

/** A bucket, as far as its policy is concerned: see `OpenBucket`. */
interface Overridable {
  readonly isOverridden: boolean;
  readonly override: OverrideNote | undefined;
  readonly limiter: { readonly policy: Policy };
}

/** What is kept of an override by `policy` that a bucket is about to get. */
export function noteOf(
  { limiter, isOverridden, override }: Overridable,
  policy: Policy,
  nowMs: number,
  note: string | undefined,
): OverrideNote {
  // The same once more, as after a broken connection: what was before it is what was before.
  const isRepeated = isOverridden && limiter.policy.equals(policy);
  const before = isOverridden ? limiter.policy.toJSON() : undefined;
  const previous = isRepeated ? override?.previous : before;
  return { atMs: nowMs, ...(note !== undefined && { note }), ...(previous && { previous }) };
}

/** The override before the one in force; `undefined` if there was none. */
export function previousPolicy(
  { override }: Overridable,
  timeZones: TimeZones,
): Policy | undefined {
  const check = override?.previous && Policy.check({ ...override.previous }, timeZones);
  return check?.ok ? check.policy : undefined;
}

/** The override as snapshots show it; `undefined` without one. One from before this was kept is empty. */
export function overrideView({ isOverridden, override }: Overridable): OverrideView | undefined {
  if (!isOverridden) return undefined;
  if (!override) return {};
  const { atMs, note, previous } = override;
  return { atMs, ...(note !== undefined && { note }), ...(previous && { hasPrevious: true }) };
}
