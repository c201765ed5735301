import { directoryName } from "../directory/shards.js";
import { callWithRetry } from "../wire/call-with-retry.js";
import { isInScope } from "./auth/scope.js";
/**
 * The overrides of buckets that `scopes` may change, by name.
 *
 * @throws {BucketUnreachableError} If the directory can't be reached.
 */
export async function knownOverrides({ BUCKETS, FILES }, scopes, caller) {
    const name = directoryName(0);
    // Without a file there is nothing in it, and asking would make one.
    if (await FILES?.isUnused(name))
        return [];
    const all = await callWithRetry(async () => {
        return await BUCKETS.getByName(name).listOverrides();
    }, caller);
    return all.filter(({ bucket }) => isInScope(scopes, "admin", bucket));
}
