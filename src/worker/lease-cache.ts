/** The buckets that this isolate holds leases of. They live as long as the isolate does. */
import type { LeaseAsk } from "../core/lease/lease.ts";
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../wire/bucket-answers.ts";
import type { BucketObject } from "../bucket/bucket-object.ts";

import { GrantPoints } from "../answers/grant-points.ts";
import { LeasedBucket } from "./leased-bucket.ts";

type Objects = DurableObjectNamespace<BucketObject>;

/**
 * Buckets whose demand is followed, a few hundred bytes each. Where there are more, the one that was
 * first asked for is forgotten; it still gives back what it holds.
 */
const MAX_BUCKETS = 10_000;

const known = new WeakMap<Objects, Map<string, LeasedBucket>>();

/**
 * The leases of the bucket `name`; `undefined` where its policy allows none. Grants from them are written
 * to `dataset` if there is one.
 */
export function leasedBucket(
  objects: Objects,
  name: string,
  policy: NamedPolicyFields,
  dataset?: AnalyticsEngineDataset,
): LeasedBucket | undefined {
  if (!policy.lease) return undefined;
  let buckets = known.get(objects);
  if (!buckets) known.set(objects, (buckets = new Map()));
  let bucket = buckets.get(name);
  if (!bucket) {
    const lend = async (ask: LeaseAsk): Promise<LeaseAnswer> => {
      return await objects.getByName(name).lend(name, policy, ask);
    };
    bucket = new LeasedBucket(policy.lease, lend, dataset && new GrantPoints(dataset, "lease"));
    const [first] = buckets.keys();
    if (first !== undefined && buckets.size >= MAX_BUCKETS) buckets.delete(first);
    buckets.set(name, bucket);
  }
  return bucket;
}
