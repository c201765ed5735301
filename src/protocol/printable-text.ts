/** Texts that callers and operators write for operators to read: the label of an acquire, the note of an override. */
import type { FieldFault } from "../core/values.ts";

import { showValue } from "../core/values.ts";

/**
 * Control characters, lone surrogates and line separators aren't printable. Nor are characters that change the
 * direction of a text: an operator would read something else than what is there.
 */
const PRINTABLE = String.raw`[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]`;

/** A text of so many printable characters. */
class PrintableText {
  /** The most characters, as people count: code points. */
  readonly max: number;
  /** As JSON Schema has it: with `u`. */
  readonly pattern: string;
  readonly #legal: RegExp;

  constructor(max: number) {
    this.max = max;
    this.pattern = `^${PRINTABLE}{0,${max}}$`;
    this.#legal = new RegExp(this.pattern, "u");
  }

  /** Whether it is such a text. An empty one is as good as none. */
  has(value: unknown): value is string {
    return typeof value === "string" && this.#legal.test(value);
  }

  /** What is wrong with a value that is not such a text. */
  fault(field: string, value: unknown): FieldFault {
    const message = `${field} must be at most ${this.max} printable characters: got ${showValue(value)}`;
    return { field, message };
  }
}

/** What a caller calls itself. */
export const label = new PrintableText(64);
/** Why an operator has overridden a policy. */
export const note = new PrintableText(200);
