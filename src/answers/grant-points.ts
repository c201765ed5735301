/**
 * Grants as points of Analytics Engine: one each, where the deployment binds a dataset as `ANALYTICS`.
 *
 *   index1   the bucket, cut to 96 characters
 *   blob1    the bucket          blob2   the policy       blob3   `object` or `lease`: where granted
 *   double1  tokens              double2 waitedMs         double3 remaining
 *   double4  grants: 1, unless the point stands for several
 *
 * **Where one point stands for several** grants, tokens and waits are sums and `remaining` is the last
 * one's, so that `SUM(_sample_interval * double1)` and the like are right whatever was merged. That
 * happens for two reasons. An invocation may write 250 points [doc], and one tick may grant a thousand
 * waiters: then grants that follow each other are merged, evenly. They stood side by side in the queue,
 * so their waits are alike. And a write may fail: then what was to be written goes along with the next.
 *
 * **What is an invocation** of an object is a request or an alarm. The turns of timers belong to one that
 * came before; so a part of what it may write is kept back for them. Between two alarms of a bucket that
 * somebody waits for lies a second, and in it are 100 ticks at most.
 */
import type { Grant } from "../core/outcome.ts";

/** What Analytics Engine takes in one invocation [doc]. */
const POINTS_AN_INVOCATION = 250;
/** Of these, what is kept for the turns of timers: a tick each, 10 ms apart, for a second. */
const POINTS_FOR_TIMERS = 100;
/** Longest index, in bytes [doc]; names are ASCII. */
const MAX_INDEX_LENGTH = 96;

/** Where a grant was made. */
type Source = "object" | "lease";

/** What a point says of its grants. */
type Granted = Pick<Grant, "tokens" | "waitedMs" | "remaining">;

interface Point extends Granted {
  readonly grants: number;
}

/**
 * Writes the points of one bucket. Nothing here throws: a dataset that does is in nobody's way.
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

  /** A request or an alarm has come: another invocation. */
  invoked(): void {
    this.#remaining = POINTS_AN_INVOCATION;
  }

  /** Writes down what one turn has granted, in its order. */
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
      // What the platform counts and this does not may have used it up.
      this.#remaining = 0;
      // Once: it may fail at each grant.
      if (!this.#hasFailed) console.error("Cannot write to ANALYTICS", error);
      this.#hasFailed = true;
      return false;
    }
  }
}

/** One point for each of `grants`, or `most` of them that stand for about as many grants each. */
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
