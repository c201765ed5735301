/** What a change of a policy means for callers, in words. */
import type { CalendarPeriod } from "../../core/limits/calendar-fields.ts";
import type { CompleteLimitFields } from "../../core/limits/kinds.ts";
import type { CompletePolicyFields } from "../../core/policy.ts";
import type { DryRun } from "../../protocol/queued-waiter.ts";

import { FIRST_LIMIT } from "../../core/limits/limit-name.ts";

/** Refused callers by reason; `others` are those whose reasons aren't listed. */
export type RefusedCounts = Readonly<Record<string, number>>;

/** How many callers a dry run would refuse, by reason. */
export function refusedIn({ refused, omitted }: DryRun): RefusedCounts {
  const counts: Record<string, number> = {};
  for (const { reason } of refused) counts[reason] = (counts[reason] ?? 0) + 1;
  return omitted === undefined ? counts : { ...counts, others: omitted };
}

/** The sum and, if there is any, what it consists of: `3 refused (2 timeout, 1 queue-full)`. */
export function refusedText(counts: RefusedCounts, verb: string): string {
  const sum = Object.values(counts).reduce((total, count) => total + count, 0);
  const reasons = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`);
  return `${sum} ${verb}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`;
}

/** A calendar limit that may hold more than before. */
export interface RaisedCalendar {
  readonly limit: string;
  readonly every: CalendarPeriod;
}

/** The calendar limits whose capacity a change raises: buckets in use get no more tokens before the next period. */
export function raisedCalendars(
  before: CompletePolicyFields,
  after: CompletePolicyFields,
): readonly RaisedCalendar[] {
  const known = limitsOf(before);
  return [...limitsOf(after)].flatMap(([limit, { every, capacity }]) => {
    const previous = known.get(limit);
    const isRaised = every !== undefined && previous !== undefined && capacity > previous.capacity;
    return isRaised ? [{ limit, every }] : [];
  });
}

function limitsOf(policy: CompletePolicyFields): ReadonlyMap<string, CompleteLimitFields> {
  return new Map([[FIRST_LIMIT, policy], ...Object.entries(policy.limits ?? {})]);
}
