/** Lists of measured numbers, summed up for a figure. */

/** The value that `share` (0 to 1) of them do not exceed: the nearest rank. `NaN` of none. */
export function percentile(values: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
}

/** The middle one; of an even number the mean of the two in the middle. `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? NaN, sorted[Math.floor(middle)] ?? NaN];
  return (low + high) / 2;
}

/**
 * The median of `values[i] / others[i]`: of two things measured in turns, what is common to a round drops
 * out.
 *
 * @throws {RangeError} Where there are not as many of either.
 */
export function ratio(values: readonly number[], others: readonly number[]): number {
  if (values.length !== others.length) {
    throw new RangeError(`Cannot pair ${values.length} values with ${others.length}`);
  }
  return median(values.map((value, round) => value / (others[round] ?? NaN)));
}

/** The sum; 0 of none. */
export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The largest; 0 of none. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** With its thousands set apart. */
export function shown(value: number): string {
  return value.toLocaleString("en");
}
