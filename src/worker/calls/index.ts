/** All calls of the HTTP interface, in the order in which the description shows them. */
import type { Call } from "./call.ts";

import { acquireByGet, acquireByPost } from "./acquire.ts";
import { bucketHistory } from "./bucket-history.ts";
import { cancel } from "./cancel.ts";
import { changeHold } from "./change-hold.ts";
import { describe, describeAsPage } from "./describe.ts";
import { dropHold } from "./drop-hold.ts";
import { dropOverride } from "./drop-override.ts";
import { dryRun } from "./dry-run.ts";
import { extendPermit } from "./extend-permit.ts";
import { health } from "./health.ts";
import { inspect } from "./inspect.ts";
import { listBuckets } from "./list-buckets.ts";
import { listPolicies } from "./list-policies.ts";
import { listWaiters } from "./list-waiters.ts";
import { pause } from "./pause.ts";
import { releasePermit } from "./release-permit.ts";
import { removeWaiter } from "./remove-waiter.ts";
import { reset } from "./reset.ts";
import { scrape } from "./scrape.ts";
import { session } from "./session.ts";
import { setPolicy } from "./set-policy.ts";
import { watch } from "./watch.ts";

export const calls: readonly Call[] = [
  acquireByGet,
  acquireByPost,
  cancel,
  session,
  changeHold,
  dropHold,
  extendPermit,
  releasePermit,
  listBuckets,
  inspect,
  setPolicy,
  dropOverride,
  dryRun,
  reset,
  pause,
  listWaiters,
  removeWaiter,
  bucketHistory,
  watch,
  listPolicies,
  health,
  scrape,
  describe,
  describeAsPage,
];

/** The methods of each path, as `Allow` lists them. */
export const methodsByPath: ReadonlyMap<string, readonly string[]> = foldMethods();

function foldMethods(): Map<string, string[]> {
  const folded = new Map<string, string[]>();
  for (const { path, method, hasNoHead } of calls) {
    const methods = method === "GET" && !hasNoHead ? [method, "HEAD"] : [method];
    folded.set(path, [...(folded.get(path) ?? []), ...methods]);
  }
  return folded;
}
