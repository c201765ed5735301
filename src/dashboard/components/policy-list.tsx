/** The policy, in one sentence and in numbers. */
import type { VNode } from "preact";

import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { showCallers, showCount, showDuration, showInterval, showTokens } from "../format.ts";

/** The policy in one sentence. */
export function policySentence(policy: NamedPolicyFields): string {
  const { capacity, refillTokens, refillIntervalMs } = policy;
  return `Holds ${showTokens(capacity)} and refills ${showCount(refillTokens)} every ${showInterval(refillIntervalMs)}. Callers wait in line, first come, first served.`;
}

/** The policy's numbers. */
export function PolicyList({ snapshot }: { readonly snapshot: BucketSnapshot }): VNode {
  const { policy } = snapshot;
  const { lease } = policy;
  const rows: [term: string, value: string][] = [
    ["Policy name", policy.name],
    ["Capacity", showTokens(policy.capacity)],
    ["Refill per tick", showTokens(policy.refillTokens)],
    ["Tick interval", showDuration(policy.refillIntervalMs)],
    ["Starts with", showTokens(policy.initialTokens)],
    ["Queue limit", showCallers(policy.queueLimit)],
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
