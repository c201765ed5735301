/** Which buckets have overrides: the first object of the directory keeps a list. */
import type { KnownOverride } from "../protocol/known-override.ts";
import type { Scope } from "./auth/scope.ts";
import type { BucketCaller } from "./bucket-stub.ts";
import type { BucketAccess } from "./config/env.ts";

import { directoryName } from "../directory/shards.ts";
import { callWithRetry } from "../wire/call-with-retry.ts";
import { isInScope } from "./auth/scope.ts";

/**
 * The overrides of buckets that `scopes` may change, by name.
 *
 * @throws {BucketUnreachableError} If the directory can't be reached.
 */
export async function knownOverrides(
  { BUCKETS, FILES }: BucketAccess,
  scopes: readonly Scope[],
  caller: BucketCaller,
): Promise<readonly KnownOverride[]> {
  const name = directoryName(0);
  // Without a file there is nothing in it, and asking would make one.
  if (await FILES?.isUnused(name)) return [];
  const all = await callWithRetry(async () => {
    return await BUCKETS.getByName(name).listOverrides();
  }, caller);
  return all.filter(({ bucket }) => isInScope(scopes, "admin", bucket));
}
