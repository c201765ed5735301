/** What the Worker and its object need from their environment. */
import type { BucketEnv } from "../../bucket/bucket-env.ts";
import type { BucketFiles } from "./bucket-files.ts";
import type { BucketObject } from "../../bucket/bucket-object.ts";

/** The objects, by name. */
export type BucketNamespace = Pick<DurableObjectNamespace<BucketObject>, "getByName">;

/** How calls reach buckets: their objects, placed as configured, and if they can be seen, their files. */
export interface BucketAccess {
  readonly BUCKETS: BucketNamespace;
  readonly FILES?: BucketFiles | undefined;
}

/** Bindings, variables and secrets. A Worker that embeds Sluice has these in its `Env`. */
export interface SluiceEnv extends BucketEnv {
  /** The objects: a binding of the class `BucketObject`. */
  readonly BUCKETS: DurableObjectNamespace<BucketObject>;
  /** Which buckets exist, and how they fill: `[vars.POLICIES."<pattern>"]`. */
  readonly POLICIES: object;
  /**
   * Who may acquire, read and, if an item says so, pause: tokens separated by white space, or a JSON list.
   */
  readonly API_TOKEN?: string | readonly unknown[];
  /** Who may change and reset buckets, in the same form. */
  readonly ADMIN_TOKEN?: string | readonly unknown[];
  /** "true" lets everyone acquire and read if no API_TOKEN is set. */
  readonly PUBLIC?: string;
  /** Host names that a public deployment answers to: separated by white space, or "*". If unset, any name. */
  readonly ALLOWED_HOSTS?: string;
  /** Origins whose scripts may call: separated by white space, or "*". If unset, none. */
  readonly CORS_ORIGINS?: string;
  /** Near which region buckets are created, such as "weur". If unset, near their first caller. */
  readonly LOCATION_HINT?: string;
  /** The files of the buckets; only `npm run serve` provides them. */
  readonly FILES?: BucketFiles;
}
