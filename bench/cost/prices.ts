/**
 * What Cloudflare charges on the plan "Workers Paid", in US dollars, without the amounts that are
 * included in it: what one more costs. From
 * https://developers.cloudflare.com/workers/platform/pricing/
 * https://developers.cloudflare.com/durable-objects/platform/pricing/
 */

/** When they were last compared with these pages. */
export const pricesDate = "2026-11-24";

const MILLION = 1_000_000;

/** Each for one. */
export const prices = {
  /** Of a Worker. */
  workerRequest: 0.3 / MILLION,
  /** Of an object: an HTTP request, an RPC call, an alarm that fires. */
  objectRequest: 0.15 / MILLION,
  /** A second of an object with a GB of memory. */
  gbSecond: 12.5 / MILLION,
  /** In SQLite storage; an alarm that is set is one, too. */
  rowWritten: 1 / MILLION,
  /** A GB kept in SQLite storage for a month; 5 are included. */
  storedGbMonth: 0.2,
} as const;

/** What the plan includes each month, and what it costs. Shared by all Workers of an account. */
export const plan = {
  monthly: 5,
  workerRequests: 10 * MILLION,
  objectRequests: MILLION,
  gbSeconds: 400_000,
  rowsWritten: 50 * MILLION,
} as const;

/** An object in memory is charged with 128 MB, whatever it takes. */
export const OBJECT_GB = 0.128;
