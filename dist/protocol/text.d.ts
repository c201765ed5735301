/** Forms of text that Sluice sends: JSON bodies, strings in header fields, and what a request asked for. */
import type { Ask } from "../core/ask.ts";
/**
 * A body as it is sent: JSON on one line, with a line break at the end, so that in a shell each answer and
 * the prompt after it start on a new line.
 */
export declare function jsonText(body: object): string;
/** A text of JSON in ASCII alone: each character is a byte, and takes one. */
export declare function asciiJson(json: string): string;
/** `text`, printable ASCII, as a string of a structured field (RFC 9651): quoted, with `"` and `\` escaped. */
export declare function fieldString(text: string): string;
/** What is asked for, as in `1 token`, and `2 tokens, 1200 of tpm`. */
export declare function tokensText({ tokens, limits }: Pick<Ask, "tokens" | "limits">): string;
