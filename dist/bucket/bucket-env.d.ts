/**
 * What the object reads from its environment. The Worker's environment has more, and is also one of these.
 */
import type { DirectoryNamespace } from "../directory/directory-stub.ts";
export interface BucketEnv {
    /** The objects, of which some are the directory. Without it, no bucket is listed as busy. */
    readonly BUCKETS?: DirectoryNamespace;
    /** `"false"` turns off the log of refusals. */
    readonly LOG_REFUSALS?: string;
    /** An Analytics Engine dataset that gets one data point per grant; without it none are written. */
    readonly ANALYTICS?: AnalyticsEngineDataset;
}
