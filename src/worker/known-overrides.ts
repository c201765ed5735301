/** Which buckets have overrides: the first object of the directory keeps a list. */
import type { KnownOverride } from "../protocol/known-override.ts";
import type { Scope } from "./auth/scope.ts";
import type { BucketCaller } from "./bucket-stub.ts";
import type { SluiceEnv } from "./config/env.ts";

import { directoryName } from "../directory/shards.ts";
import { callWithRetry } from "../wire/call-with-retry.ts";
import { isInScope } from "./auth/scope.ts";

/**
 * The overrides of buckets that `scopes` may change, by name.
 *
 * @throws {BucketUnreachableError} If the directory can't be reached.
 */
export async function knownOverrides(
  { BUCKETS }: Pick<SluiceEnv, "BUCKETS">,
  scopes: readonly Scope[],
  caller: BucketCaller,
): Promise<readonly KnownOverride[]> {
  const all = await callWithRetry(async () => {
    return await BUCKETS.getByName(directoryName(0)).listOverrides();
  }, caller);
  return all.filter(({ bucket }) => isInScope(scopes, "admin", bucket));
}
