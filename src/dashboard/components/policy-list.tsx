/** The policy, in a few words and in numbers. */
import type { VNode } from "preact";

import type { BucketSnapshot, NamedPolicyFields } from "../../protocol/bucket-snapshot.ts";

import { boundaryWords, calendarWords } from "../../client/watch/calendar-words.ts";
import { policyLimits, type NamedLimit } from "../../client/watch/forecast.ts";
import { showCallers, showCount, showDuration, showInterval, showTokens } from "../format.ts";

type LimitFields = NamedLimit[1];

/** Further limits that the sentence describes; more are in the list alone. */
const MAX_DESCRIBED = 2;

/** The policy in a sentence or two. */
export function policySentence(policy: NamedPolicyFields): string {
  const [[, first], ...others] = policyLimits(policy);
  const rest = others.length - MAX_DESCRIBED;
  const described = others
    .slice(0, MAX_DESCRIBED)
    .map(([name, fields]) => `; “${name}” ${ruleOf(fields)}`);
  const more = rest > 0 ? `; and ${rest} more ${rest === 1 ? "limit" : "limits"}` : "";
  const all = others.length > 0 ? " Each caller takes its tokens of all limits at once." : "";
  const rule = ruleOf(first).replace(/^h/, "H");
  return `${rule}${described.join("")}${more}.${all} Callers wait in line, first come, first served.`;
}

/** What brings tokens: `5 every second`, `full again every day at 00:00 UTC`. */
export function refillWords(fields: LimitFields): string {
  if (fields.every !== undefined) return `full again ${calendarWords(fields)}`;
  return `${showCount(fields.refillTokens)} every ${showInterval(fields.refillIntervalMs)}`;
}

/** The policy's numbers; of several limits, a line for each. */
export function PolicyList({ snapshot }: { readonly snapshot: BucketSnapshot }): VNode {
  return (
    <dl class="policy">
      {policyRows(snapshot).map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The lines of the list. */
export function policyRows({ policy, nextTickAtMs }: BucketSnapshot): Row[] {
  const { limits } = policy;
  return [
    ["Policy name", policy.name],
    ...(limits ? policyLimits(policy).map(summaryRow) : limitRows(policy, nextTickAtMs)),
    ["Queue limit", showCallers(policy.queueLimit)],
    ["Longest wait", showDuration(policy.maxWaitMs)],
    ...tableRows(policy),
  ];
}

/** What is said, and its value. */
type Row = readonly [term: string, value: string];

/** What the policy has besides limits and a queue. */
function tableRows({ lease, hold, concurrency, forgetAfterMs }: NamedPolicyFields): Row[] {
  const rows: Row[] = [];
  if (lease) {
    rows.push(["Leases", `${showTokens(lease.maxTokens)} for ${showDuration(lease.ttlMs)}`]);
  }
  if (hold) {
    const debt = hold.debt === "queue" ? "joins the queue" : "is taken at once";
    rows.push(["Holds", `up to ${showDuration(hold.maxMs)}; what is used beyond ${debt}`]);
  }
  if (concurrency) {
    const { max, ttlMs, graceMs } = concurrency;
    const grace = graceMs > 0 ? `, ${showDuration(graceMs)} after its session` : "";
    rows.push(["Permits", `${showCount(max)} at once, for ${showDuration(ttlMs)} each${grace}`]);
  }
  if (forgetAfterMs !== undefined) {
    rows.push(["Forgotten", `when unused for ${showDuration(forgetAfterMs)}`]);
  }
  return rows;
}

function summaryRow([name, fields]: NamedLimit): Row {
  const starts = `starts with ${showCount(fields.initialTokens)}`;
  return [`Limit ${name}`, `${showTokens(fields.capacity)}, ${refillWords(fields)}, ${starts}`];
}

function limitRows(fields: LimitFields, nextTickAtMs: number): Row[] {
  const refill: Row[] =
    fields.every === undefined
      ? [
          ["Refill per tick", showTokens(fields.refillTokens)],
          ["Tick interval", showDuration(fields.refillIntervalMs)],
        ]
      : [
          ["Full again", calendarWords(fields)],
          ["Next boundary", boundaryWords(nextTickAtMs, fields)],
        ];
  return [
    ["Capacity", showTokens(fields.capacity)],
    ...refill,
    ["Starts with", showTokens(fields.initialTokens)],
  ];
}

function ruleOf(fields: LimitFields): string {
  const join = fields.every === undefined ? " and refills " : ", ";
  return `holds ${showTokens(fields.capacity)}${join}${refillWords(fields)}`;
}
