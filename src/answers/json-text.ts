/**
 * A body as it is sent: JSON on one line, and the line's end. In a shell each answer stands on a line of
 * its own, and so does the prompt after it.
 */
export function jsonText(body: object): string {
  return `${JSON.stringify(body)}\n`;
}
