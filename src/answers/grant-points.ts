/**
 * Grants as data points of Analytics Engine: one point for each grant, if the deployment binds a dataset as
 * `ANALYTICS`.
 *
 *   index1   the bucket, cut to 96 characters
 *   blob1    the bucket          blob2   the policy       blob3   `object` or `lease`: where granted
 *   double1  tokens              double2 waitedMs         double3 remaining
 *   double4  grants: 1, unless the point stands for several
 *
 * Tokens and `remaining` are the first limit's.
 *
 * **If a point stands for several grants**, tokens and waits are sums and `remaining` is that of the last
 * one, so that `SUM(_sample_interval * double1)` and the like are right however points were merged. Points
 * are merged for two reasons. An invocation may write 250 points [doc], and one tick may grant a thousand
 * waiters: then consecutive grants are merged, evenly. They were neighbours in the queue, so their waits are
 * alike. And a write may fail: then its grants go along with the next point.
 *
 * **An invocation** of an object is a request or an alarm. A timer's turn belongs to the invocation before
 * it, so part of the allowance is kept back for timers. While callers wait, a bucket's alarms are a second
 * apart, which is 100 ticks at most.
 */
import type { Grant } from "../core/outcome.ts";

/** Points that one invocation may write [doc]. */
const POINTS_AN_INVOCATION = 250;
/** How many of these are kept for timers: one for each tick of a second, 10 ms apart. */
const POINTS_FOR_TIMERS = 100;
/** The length of an index, in bytes [doc]; names are ASCII. */
const MAX_INDEX_LENGTH = 96;

/** Which side made a grant. */
type Source = "object" | "lease";

/** What a point says about its grants. */
type Granted = Pick<Grant, "tokens" | "waitedMs" | "remaining">;

interface Point extends Granted {
  readonly grants: number;
}

/**
 * Writes the points of one bucket. Nothing here throws: a dataset that fails holds nothing up.
 *
 * @example
 * const points = new GrantPoints(env.ANALYTICS, "lease");
 * points.invoked();
 * points.write({ name: "x", policyName: "*" }, [{ tokens: 1, waitedMs: 0, remaining: 4 }]);
 */
export class GrantPoints {
  readonly #dataset: AnalyticsEngineDataset;
  readonly #source: Source;
  /** Points that this invocation may still write. */
  #remaining = POINTS_AN_INVOCATION;
  /** Grants whose point is not written yet. */
  #pending: Point | undefined = undefined;
  #hasFailed = false;

  constructor(dataset: AnalyticsEngineDataset, source: Source) {
    this.#dataset = dataset;
    this.#source = source;
  }

  /** A request or an alarm has arrived: a new invocation. */
  invoked(): void {
    this.#remaining = POINTS_AN_INVOCATION;
  }

  /** Writes the grants of one turn, in order. */
  write(bucket: { name: string; policyName: string }, grants: readonly Granted[]): void {
    const points = merge(grants, Math.max(1, this.#remaining - POINTS_FOR_TIMERS));
    if (this.#pending) points.unshift(this.#pending);
    this.#pending = undefined;
    for (const point of points) {
      if (this.#pending || !this.#tryWrite(bucket, point))
        this.#pending = sum(this.#pending, point);
    }
  }

  #tryWrite({ name, policyName }: { name: string; policyName: string }, point: Point): boolean {
    if (this.#remaining <= 0) return false;
    const { tokens, waitedMs, remaining, grants } = point;
    try {
      this.#dataset.writeDataPoint({
        indexes: [name.slice(0, MAX_INDEX_LENGTH)],
        blobs: [name, policyName, this.#source],
        doubles: [tokens, waitedMs, remaining, grants],
      });
      this.#remaining -= 1;
      return true;
    } catch (error) {
      // Something that is not counted here may have used up the allowance.
      this.#remaining = 0;
      // Logged once: it may fail for every grant.
      if (!this.#hasFailed) console.error("Cannot write to ANALYTICS", error);
      this.#hasFailed = true;
      return false;
    }
  }
}

/** One point for each grant, or `most` points that share the grants evenly. */
function merge(grants: readonly Granted[], most: number): Point[] {
  const points: Point[] = [];
  const count = Math.min(grants.length, most);
  for (let index = 0; index < count; index += 1) {
    const from = Math.floor((index * grants.length) / count);
    const to = Math.floor(((index + 1) * grants.length) / count);
    let point: Point | undefined;
    for (const grant of grants.slice(from, to)) point = sum(point, { ...grant, grants: 1 });
    if (point) points.push(point);
  }
  return points;
}

function sum(one: Point | undefined, next: Point): Point {
  if (!one) return next;
  return {
    tokens: one.tokens + next.tokens,
    waitedMs: one.waitedMs + next.waitedMs,
    remaining: next.remaining,
    grants: one.grants + next.grants,
  };
}
