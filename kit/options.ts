/** Command-line options of the programs that measure. */

/**
 * The value of an option that takes a count.
 *
 * @throws {RangeError} If `text` isn't a positive integer.
 */
export function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${option} must be a positive integer: got ${text}`);
}
