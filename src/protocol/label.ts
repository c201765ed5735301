/** What a caller calls itself, so that operators know who waits. */
import type { FieldFault } from "../core/values.ts";

import { showValue } from "../core/values.ts";

/** As text of a pattern: JSON Schema counts code points, as `u` does. */
export const LABEL_PATTERN = String.raw`^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]{0,64}$`;

/**
 * Control characters, lone surrogates and line separators aren't printable. Nor are characters that change the
 * direction of a text: an operator would read something else than what is there.
 */
const LABEL = new RegExp(LABEL_PATTERN, "u");

/** Whether it can be a label. An empty one is as good as none. */
export function isLabel(value: unknown): value is string {
  return typeof value === "string" && LABEL.test(value);
}

/** What is wrong with a label that isn't one. */
export function labelFault(field: string, label: unknown): FieldFault {
  return {
    field,
    message: `${field} must be at most 64 printable characters: got ${showValue(label)}`,
  };
}
