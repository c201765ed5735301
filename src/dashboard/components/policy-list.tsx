/** The policy, in one sentence and in numbers. */
import type { VNode } from "preact";

import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { showCallers, showCount, showDuration, showInterval, showTokens } from "../format.ts";

/** What the policy comes to. */
export function policySentence(policy: NamedPolicyFields): string {
  const { capacity, refillTokens, refillIntervalMs } = policy;
  return `Holds ${showTokens(capacity)} and gets ${showCount(refillTokens)} every ${showInterval(refillIntervalMs)}. Callers wait their turn, first come, first served.`;
}

/** Each number. */
export function PolicyList({ snapshot }: { readonly snapshot: BucketSnapshot }): VNode {
  const { policy } = snapshot;
  const { lease } = policy;
  const rows: [term: string, value: string][] = [
    ["Configured under", policy.name],
    ["Capacity", showTokens(policy.capacity)],
    ["A tick brings", showTokens(policy.refillTokens)],
    ["Ticks every", showDuration(policy.refillIntervalMs)],
    ["Starts with", showTokens(policy.initialTokens)],
    ["Queue holds", showCallers(policy.queueLimit)],
    ["Longest wait", showDuration(policy.maxWaitMs)],
  ];
  if (lease) {
    rows.push(["Leases", `${showTokens(lease.maxTokens)} for ${showDuration(lease.ttlMs)}`]);
  }
  return (
    <dl class="policy">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
