/** The two forms of text that everything Sluice sends is made of: JSON bodies, and strings in header fields. */

/**
 * A body as it is sent: JSON on one line, with a line break at the end, so that in a shell each answer and
 * the prompt after it start on a new line.
 */
export function jsonText(body: object): string {
  return `${JSON.stringify(body)}\n`;
}

/** `text`, printable ASCII, as a string of a structured field (RFC 9651): quoted, with `"` and `\` escaped. */
export function fieldString(text: string): string {
  // Nearly all texts have neither, and replacing takes longer than to look.
  if (!text.includes('"') && !text.includes("\\")) return `"${text}"`;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
