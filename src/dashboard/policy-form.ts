/**
 * A policy as a form: which of its members can be changed, what they are called, and the change that the
 * edited texts make. What is legal is for the server to say; its faults name the same fields.
 *
 * Durations are edited with their unit (`30s`), under the name that has no `Ms`. Left out are the tokens that
 * a bucket starts with, because this one has started, and whatever the page has no words for.
 */
import type { CompleteLimitFields } from "../core/limits/kinds.ts";
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { PolicyChange } from "./operator-calls.ts";

import { showDuration } from "../core/duration.ts";
import { MS } from "../core/fields.ts";
import { membersOf } from "../core/is-record.ts";
import { FIRST_LIMIT } from "../core/limits/limit-name.ts";

/** A member of a policy that can be edited. */
export interface PolicyField {
  /** As the server's faults name it: `maxWait`, `limits.tpm.capacity`, `hold.debt`. */
  readonly name: string;
  readonly label: string;
  /** What it is now. */
  readonly text: string;
  /** What it may be, if that is one of a few: each value, and the words for it. */
  readonly choices?: readonly (readonly [value: string, words: string])[];
}

/** Fields that belong together. */
export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly PolicyField[];
}

/** What was typed, by the names of the fields; a field that is missing is as it was. */
export type EditedTexts = Readonly<Record<string, string>>;

/** Where a field is within a policy: `capacity`, or `limits`, `tpm`, `capacity`. */
type Path = readonly string[];

/** The words of each member; in the order in which the form has them. */
const limitLabels: Labels = {
  capacity: "Capacity",
  refillTokens: "Refill per tick",
  refillIntervalMs: "Tick interval",
  every: "Full again every",
  on: "On day",
  at: "At",
  timeZone: "Time zone",
};
const queueLabels: Labels = { queueLimit: "Queue limit", maxWaitMs: "Longest wait" };
const tableLabels: Readonly<Record<string, readonly [title: string, labels: Labels]>> = {
  lease: ["Leases", { maxTokens: "Tokens at most", ttlMs: "For at most" }],
  hold: ["Holds", { maxMs: "Longest hold", debt: "Tokens used beyond it" }],
  concurrency: [
    "Permits",
    { max: "At once", ttlMs: "For at most", graceMs: "After its session for" },
  ],
};
const choices: Readonly<Record<string, NonNullable<PolicyField["choices"]>>> = {
  every: ["hour", "day", "week", "month"].map((period) => [period, period]),
  debt: [
    ["queue", "join the queue"],
    ["front", "are taken at once"],
  ],
};

type Labels = Readonly<Record<string, string>>;

/** The form of a policy. */
export function policyForm(policy: NamedPolicyFields): FieldGroup[] {
  const { limits = {} } = policy;
  const names = Object.keys(limits);
  const first = names.length > 0 ? `Limit ${FIRST_LIMIT}` : "Tokens";
  return [
    groupOf(first, policy, [], limitLabels),
    ...names.map((name) => groupOf(`Limit ${name}`, policy, ["limits", name], limitLabels)),
    groupOf("Queue", policy, [], queueLabels),
    ...Object.entries(tableLabels)
      .filter(([name]) => Object.hasOwn(policy, name))
      .map(([name, [title, labels]]) => groupOf(title, policy, [name], labels)),
  ];
}

function groupOf(title: string, policy: object, within: Path, labels: Labels): FieldGroup {
  const members = wholeOf(policy, within);
  const fields = Object.entries(labels).flatMap(([member, label]): PolicyField[] => {
    const value = members[member];
    if (typeof value !== "number" && typeof value !== "string") return [];
    const isDuration = typeof value === "number" && member.endsWith(MS);
    const name = [...within, isDuration ? member.slice(0, -MS.length) : member].join(".");
    const text = isDuration ? showDuration(value) : String(value);
    const oneOf = choices[member];
    return [{ name, label, text, ...(oneOf && { choices: oneOf }) }];
  });
  return { title, fields };
}

/**
 * The change that was typed, as the body of a `PUT`; `undefined` if nothing was. A further limit and a table
 * of the policy are given as a whole, as the server demands.
 */
export function changeOf(policy: NamedPolicyFields, edited: EditedTexts): PolicyChange | undefined {
  // The members of the policy, of its limits and of its tables that have changed, by where they are.
  const wholes = new Map<string, Record<string, unknown>>();
  for (const { name, text: before } of policyForm(policy).flatMap(({ fields }) => fields)) {
    const text = edited[name]?.trim() ?? before;
    if (text === before) continue;
    const path = name.split(".");
    const member = path.pop() ?? "";
    const outer = path.join(".");
    const within = wholes.get(outer) ?? (outer === "" ? {} : wholeOf(policy, path));
    wholes.set(outer, within);
    delete within[`${member}${MS}`];
    within[member] = /^\d{1,15}$/.test(text) ? Number(text) : text;
  }
  if (wholes.size === 0) return undefined;
  const change: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const [outer, whole] of wholes) {
    const [table = "", name] = outer.split(".");
    const limit = name === undefined ? undefined : policy.limits?.[name];
    if (outer === "") Object.assign(change, whole);
    else if (limit === undefined || name === undefined) change[table] = whole;
    else limits[name] = withInitialTokens(limit, whole);
  }
  return Object.keys(limits).length > 0 ? { ...change, limits } : change;
}

/** A copy of what a policy says of a limit, or in a table. */
function wholeOf(policy: object, path: Path): Record<string, unknown> {
  return { ...membersOf(path.reduce<unknown>((outer, step) => membersOf(outer)[step], policy)) };
}

/** As with the fields of a first limit: a default follows the other fields, and a number stays below the capacity. */
function withInitialTokens(
  before: CompleteLimitFields,
  limit: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { capacity, refillTokens = capacity, initialTokens } = before;
  const { initialTokens: _, ...others } = limit;
  if (initialTokens === Math.min(capacity, refillTokens)) return others;
  const after = others["capacity"];
  return typeof after === "number"
    ? { ...others, initialTokens: Math.min(initialTokens, after) }
    : limit;
}
