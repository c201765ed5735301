/** What the Worker and its object need of the environment that they run in. */
import type { BucketEnv } from "../../bucket/bucket-env.ts";
import type { BucketFiles } from "./bucket-files.ts";
import type { BucketObject } from "../../bucket/bucket-object.ts";

/** Bindings, variables and secrets. A Worker that embeds Sluice has these in its `Env`. */
export interface SluiceEnv extends BucketEnv {
  /** The objects: a binding of the class `BucketObject`. */
  readonly BUCKETS: DurableObjectNamespace<BucketObject>;
  /** Which buckets exist, and how they fill: `[vars.POLICIES."<pattern>"]`. */
  readonly POLICIES: object;
  /** Who may acquire, read and, where that is said, pause: tokens separated by white space, or a JSON list. */
  readonly API_TOKEN?: string | readonly unknown[];
  /** Who may change and reset buckets; likewise. */
  readonly ADMIN_TOKEN?: string | readonly unknown[];
  /** "true": everybody may acquire and read where no API_TOKEN is set. */
  readonly PUBLIC?: string;
  /** Names under which it may be called where everybody may: separated by white space, or "*". Without it any. */
  readonly ALLOWED_HOSTS?: string;
  /** Origins whose scripts may call: separated by white space, or "*". Without it none. */
  readonly CORS_ORIGINS?: string;
  /** The files of the buckets: given by `npm run serve`, and by nobody else. */
  readonly FILES?: BucketFiles;
}
