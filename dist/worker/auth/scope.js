/** What callers may do: rights on buckets. */
import { includesPattern, matchesPattern } from "../config/policy-table.js";
/**
 * Whether any of `scopes` has `right` on the bucket. The right to change a bucket includes the right to pause
 * it.
 */
export function isInScope(scopes, right, bucket) {
    for (const scope of scopes) {
        if (!gives(scope, right))
            continue;
        for (const pattern of scope.buckets)
            if (matchesPattern(pattern, bucket))
                return true;
    }
    return false;
}
/** Whether `scopes` have `right` on every bucket that `pattern` can stand for, by one pattern of theirs. */
export function isPatternInScope(scopes, right, pattern) {
    return patternsOf(scopes, right).some((own) => includesPattern(own, pattern));
}
/** The patterns of the buckets on which `scopes` have `right`, each once. */
export function patternsOf(scopes, right) {
    return [...new Set(scopes.flatMap((scope) => (gives(scope, right) ? scope.buckets : [])))];
}
function gives({ rights }, right) {
    return rights.includes(right) || (right === "pause" && rights.includes("admin"));
}
