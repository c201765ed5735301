/**
 * How many random runs a test makes. `npm test` makes a tenth of the full number, so that it can follow
 * every change. `TEST_RUNS` sets another share: 1 is the full number, which `npm run test:all` and CI make,
 * and 20 is twenty times that.
 */

const DEFAULT_SHARE = 0.1;
/** A test makes this many runs whatever the share, unless its full number is smaller: fewer find little. */
const MIN_RUNS = 100;

const share = readShare(process.env["TEST_RUNS"]);

function readShare(text: string | undefined): number {
  if (!text) return DEFAULT_SHARE;
  const number = Number(text);
  if (number > 0) return number;
  throw new RangeError(`TEST_RUNS must be a number above 0: got ${JSON.stringify(text)}`);
}

/** The runs to make of the `full` number. */
export function runs(full: number): number {
  return Math.max(Math.round(full * share), Math.min(full, MIN_RUNS));
}

/** How often something must have come up in a test for it to be worth something: `full` times in the full runs. */
export function timesSeen(full: number): number {
  return share < 1 ? 1 : full;
}
