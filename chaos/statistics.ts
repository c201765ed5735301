/** Lists of measured numbers, summed up for a figure. */

/** The value that `share` (0 to 1) of them do not exceed: the nearest rank. `NaN` of none. */
export function percentile(values: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
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
