/** What callers may do: rights on buckets. */
import { includesPattern, matchesPattern } from "../config/policy-table.ts";

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
  for (const scope of scopes) {
    if (!gives(scope, right)) continue;
    for (const pattern of scope.buckets) if (matchesPattern(pattern, bucket)) return true;
  }
  return false;
}

/** Whether `scopes` have `right` on every bucket that `pattern` can stand for, by one pattern of theirs. */
export function isPatternInScope(scopes: readonly Scope[], right: Right, pattern: string): boolean {
  return patternsOf(scopes, right).some((own) => includesPattern(own, pattern));
}

/** The patterns of the buckets on which `scopes` have `right`, each once. */
export function patternsOf(scopes: readonly Scope[], right: Right): readonly string[] {
  return [...new Set(scopes.flatMap((scope) => (gives(scope, right) ? scope.buckets : [])))];
}

function gives({ rights }: Scope, right: Right): boolean {
  return rights.includes(right) || (right === "pause" && rights.includes("admin"));
}
