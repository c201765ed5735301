/**
 * A body as it is sent: JSON on one line, with a line break at the end, so that in a shell each answer and
 * the prompt after it start on a new line.
 */
export function jsonText(body: object): string {
  return `${JSON.stringify(body)}\n`;
}
