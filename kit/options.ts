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

/**
 * The names in the value of an option that takes some of a list, separated by commas. A name may contain a
 * comma itself: of those that fit, the longest counts.
 *
 * @returns Without repetitions, in the order of `known`.
 * @throws {RangeError} If `text` is empty or contains anything else.
 */
export function namesFrom(option: string, text: string, known: readonly string[]): string[] {
  const longestFirst = known.toSorted((a, b) => b.length - a.length);
  const found = new Set<string>();
  for (let rest: string | undefined = text; rest !== undefined;) {
    const given: string = rest.trimStart();
    const name = longestFirst.find((one) => given === one || given.startsWith(`${one},`));
    if (name === undefined) {
      throw new RangeError(`${option} must be some of ${known.join("; ")}: got ${text}`);
    }
    found.add(name);
    rest = given.length > name.length ? given.slice(name.length + 1) : undefined;
  }
  return known.filter((name) => found.has(name));
}
