/** What callers may do: rights on buckets. */
import { matchesPattern } from "../config/policy-table.ts";

/** What a caller may do with a bucket. */
export type Right = "acquire" | "read" | "pause" | "admin";

/** Rights on buckets. */
export interface Scope {
  readonly rights: readonly Right[];
  /** Patterns of the buckets' names. */
  readonly buckets: readonly string[];
}

/**
 * Whether any of `scopes` has `right` on the bucket. The right to change a bucket includes the right to pause
 * it.
 */
export function isInScope(scopes: readonly Scope[], right: Right, bucket: string): boolean {
  for (const { rights, buckets } of scopes) {
    const isRight = rights.includes(right) || (right === "pause" && rights.includes("admin"));
    if (!isRight) continue;
    for (const pattern of buckets) if (matchesPattern(pattern, bucket)) return true;
  }
  return false;
}
