/** Options of the programs that measure. */

/**
 * The number that an option has.
 *
 * @throws {RangeError} Where `text` is no integer from 1 on.
 */
export function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${option} must be a positive integer: got ${text}`);
}
