/** Summary statistics of measured values. */

/** The value that `share` (0 to 1) of the values don't exceed, by nearest rank. `NaN` of none. */
export function percentile(values: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
}

/** The middle value; of an even number, the mean of the two in the middle. `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? NaN, sorted[Math.floor(middle)] ?? NaN];
  return (low + high) / 2;
}

/**
 * The median of `values[i] / others[i]`. If two things are measured alternately, effects common to a round
 * cancel out.
 *
 * @throws {RangeError} If their numbers differ.
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

/** The value with thousands separators. */
export function shown(value: number): string {
  return value.toLocaleString("en");
}
