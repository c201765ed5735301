/** Patterns of bucket names in the configuration: a bucket's name, a prefix followed by `*`, or `*` alone. */
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";

/** The rule in words, for messages. */
export const BUCKET_PATTERN_RULE = `a pattern is "*", or a bucket's name or prefix: ${BUCKET_NAME_RULE}`;

/** Whether `value` is a legal pattern. */
export function isBucketPattern(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return value === "*" || isBucketName(isPrefix(value) ? prefixOf(value) : value);
}

/** Whether the pattern stands for all names with a prefix, rather than for one name. */
export function isPrefix(pattern: string): boolean {
  return pattern.endsWith("*");
}

/** Whether the pattern matches the bucket `name`. */
export function matchesPattern(pattern: string, name: string): boolean {
  return isPrefix(pattern) ? name.startsWith(prefixOf(pattern)) : name === pattern;
}

function prefixOf(pattern: string): string {
  return pattern.slice(0, -1);
}
