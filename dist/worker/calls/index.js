import { acquireByGet, acquireByPost } from "./acquire.js";
import { bucketHistory } from "./bucket-history.js";
import { cancel } from "./cancel.js";
import { changeHold } from "./change-hold.js";
import { describe, describeAsPage } from "./describe.js";
import { dropHold } from "./drop-hold.js";
import { dropOverride } from "./drop-override.js";
import { dryRun } from "./dry-run.js";
import { extendPermit } from "./extend-permit.js";
import { health } from "./health.js";
import { inspect } from "./inspect.js";
import { listBuckets } from "./list-buckets.js";
import { listPolicies } from "./list-policies.js";
import { listWaiters } from "./list-waiters.js";
import { pause } from "./pause.js";
import { releasePermit } from "./release-permit.js";
import { removeWaiter } from "./remove-waiter.js";
import { reset } from "./reset.js";
import { scrape } from "./scrape.js";
import { session } from "./session.js";
import { setPolicy } from "./set-policy.js";
import { watch } from "./watch.js";
export const calls = [
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
export const methodsByPath = foldMethods();
function foldMethods() {
    const folded = new Map();
    for (const { path, method, hasNoHead } of calls) {
        const methods = method === "GET" && !hasNoHead ? [method, "HEAD"] : [method];
        folded.set(path, [...(folded.get(path) ?? []), ...methods]);
    }
    return folded;
}
