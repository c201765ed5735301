/** `text`, printable ASCII, as a string of a structured field (RFC 9651): quoted, with `"` and `\` escaped. */
export function fieldString(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
