/** Which buckets have overrides: the first object of the directory keeps a list. */
import type { KnownOverride } from "../protocol/known-override.ts";
import type { Scope } from "./auth/scope.ts";
import type { BucketCaller } from "./bucket-stub.ts";
import type { SluiceEnv } from "./config/env.ts";
/**
 * The overrides of buckets that `scopes` may change, by name.
 *
 * @throws {BucketUnreachableError} If the directory can't be reached.
 */
export declare function knownOverrides({ BUCKETS, FILES }: Pick<SluiceEnv, "BUCKETS" | "FILES">, scopes: readonly Scope[], caller: BucketCaller): Promise<readonly KnownOverride[]>;
