/**
 * Patterns of bucket names, as the configuration has them: a bucket's name, a prefix that ends in `*`,
 * or `*` alone.
 */
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";

/** The rule in words, for messages. */
export const BUCKET_PATTERN_RULE = `a pattern is "*", or a bucket's name or prefix: ${BUCKET_NAME_RULE}`;

/** Whether `value` is a legal pattern. */
export function isBucketPattern(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return value === "*" || isBucketName(isPrefix(value) ? prefixOf(value) : value);
}

/** Whether the pattern stands for all names that begin alike, not for one name. */
export function isPrefix(pattern: string): boolean {
  return pattern.endsWith("*");
}

/** Whether the bucket `name` is one of those that the pattern stands for. */
export function matchesPattern(pattern: string, name: string): boolean {
  return isPrefix(pattern) ? name.startsWith(prefixOf(pattern)) : name === pattern;
}

function prefixOf(pattern: string): string {
  return pattern.slice(0, -1);
}
