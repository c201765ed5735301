/**
 * Sluice under one environment, as the callers of one entrypoint see it: what all of its calls share. The app
 * makes it once, so that a request looks nothing up and allocates none of it.
 */
import type { NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { Guards } from "./auth/authorize.ts";
import type { BucketCaller, BucketStub } from "./bucket-stub.ts";
import type { AllowedHosts } from "./config/allowed-hosts.ts";
import type { BucketAccess } from "./config/env.ts";
import type { LeasedBuckets } from "./leased-bucket.ts";
import type { OpenApiDocument } from "./pages/openapi-types.ts";
import type { Settings } from "./settings.ts";

/** What all calls of one entrypoint share. */
export interface Deployment {
  /** The directory is among its objects. */
  readonly env: BucketAccess;
  readonly settings: Settings;
  /** Who may call, by the right that a call needs. */
  readonly guards: Guards;
  /** Whether everyone may acquire from any bucket, without a token. */
  readonly isOpen: boolean;
  /** The host names that it answers to; unset if any will do. */
  readonly allowedHosts: AllowedHosts | undefined;
  /** A bucket, of the kind that this deployment has. */
  readonly bucketOf: (
    name: string,
    policy: NamedPolicyFields,
    caller: BucketCaller | undefined,
  ) => BucketStub;
  /** What this isolate holds of buckets; every entrypoint of the environment has the same. */
  readonly leases: Pick<LeasedBuckets, "find">;
  /** The description of the HTTP interface. */
  readonly openApi: OpenApiDocument;
  /** The clock of the buckets, epoch milliseconds: what an instant in a request is compared with. */
  readonly now: () => number;
}
