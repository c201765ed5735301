/**
 * Answers and records as short lines of text, which stay comparable when a later version adds members: of
 * answers only the members that are named here are shown. Instants are shown as milliseconds since an epoch.
 */

/** Members of a snapshot, in the order in which they are shown. */
const SNAPSHOT_MEMBERS = [
  "tokens",
  "leasedTokens",
  "waiters",
  "queuedTokens",
  "nextTickAtMs",
  "pausedUntilMs",
  "granted",
  "refused",
  "cancelled",
  "headLimit",
  "limits",
  "heldTokens",
  "owedTokens",
  "permits",
] as const;

const POLICY_MEMBERS = [
  "name",
  "capacity",
  "refillTokens",
  "refillIntervalMs",
  "initialTokens",
  "queueLimit",
  "maxWaitMs",
  "lease",
  "every",
  "timeZone",
  "at",
  "on",
  "limits",
  "hold",
  "concurrency",
] as const;

/** Members of a record that no recorded version has, and that none looks at. */
const SINCE_RECORDED: ReadonlySet<string> = new Set(["override", "forgetAfterMs", "forgetAtMs"]);

const isInstant = (name: string): boolean => /(AtMs|[uU]ntilMs)$/.test(name);

/** A value with each instant in it counted from `epochMs`. */
export function describe(value: unknown, epochMs: number): string {
  return JSON.stringify(value, (name, member: unknown) =>
    typeof member === "number" && isInstant(name) ? member - epochMs : member,
  );
}

/** `members` of `value` that are there. */
function describeMembers(
  value: Readonly<Record<string, unknown>>,
  members: readonly string[],
  epochMs: number,
): string {
  return members
    .filter((name) => value[name] !== undefined)
    .map(
      (name) => `${name} ${describe({ [name]: value[name] }, epochMs).slice(name.length + 4, -1)}`,
    )
    .join(", ");
}

/** A snapshot's numbers, without its policy. */
export function describeSnapshot(snapshot: object, epochMs: number): string {
  return describeMembers({ ...snapshot }, SNAPSHOT_MEMBERS, epochMs);
}

/** A policy's numbers. */
export function describePolicy(policy: object): string {
  return describeMembers({ ...policy }, POLICY_MEMBERS, 0);
}

/** An acquire's response: what a program reads of it, not what a person reads. */
export async function describeResponse(response: Response, epochMs: number): Promise<string> {
  const body = (await response.json()) as Record<string, unknown>;
  const members = [
    "tokens",
    "remaining",
    "waitedMs",
    "grantedAtMs",
    "limits",
    "reason",
    "retryAfterMs",
    "estimate",
    "hold",
    "permit",
  ];
  const fields = ["RateLimit-Policy", "RateLimit"].map((name) => response.headers.get(name));
  const shown = fields.filter((field) => field !== null).join(" ");
  return `${response.status} ${describeMembers(body, members, epochMs)} ${shown}`.trimEnd();
}

/** What differs between two records: the path of each value that was set or removed, and the new value. */
export function describeChange(before: unknown, after: unknown, epochMs: number): string {
  const [old, current] = [leavesOf(before, epochMs), leavesOf(after, epochMs)];
  const set = [...current].filter(([path, text]) => old.get(path) !== text);
  const removed = [...old.keys()].filter((path) => !current.has(path));
  return [...set.map(([path, text]) => `${path} ${text}`), ...removed.map((path) => `no ${path}`)]
    .toSorted()
    .join(", ");
}

/** Path and text of each value that is no table. */
function leavesOf(value: unknown, epochMs: number, path = ""): Map<string, string> {
  const leaves = new Map<string, string>();
  if (typeof value !== "object" || value === null) return leaves;
  for (const [name, member] of Object.entries(value)) {
    if (SINCE_RECORDED.has(name)) continue;
    const memberPath = path === "" ? name : `${path}.${name}`;
    const isTable = typeof member === "object" && member !== null && !Array.isArray(member);
    if (isTable) {
      for (const leaf of leavesOf(member, epochMs, memberPath)) leaves.set(...leaf);
    } else if (member !== undefined) {
      leaves.set(memberPath, describe({ [name]: member }, epochMs).slice(name.length + 4, -1));
    }
  }
  return leaves;
}
