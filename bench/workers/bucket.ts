/** The buckets of `npm run bench`, the same for all that limit. */

/**
 * Tokens are at hand throughout: this is 40,000 a second, more than any of them serves. And between two
 * ticks nobody takes so many that `remaining` has a digit less, so that all answers are of one length.
 */
export const benchPolicy = {
  capacity: 10_000,
  refillTokens: 10_000,
  refillIntervalMs: 250,
} as const;

/** The same for sessions and their peers, which serve more: a million a second. */
export const busyPolicy = {
  capacity: 250_000,
  refillTokens: 250_000,
  refillIntervalMs: 250,
} as const;
