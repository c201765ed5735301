/**
 * What the object reads from its environment. The Worker's environment has more, and is also one of these.
 */
export interface BucketEnv {
  /** `"false"` turns off the log of refusals. */
  readonly LOG_REFUSALS?: string;
  /** An Analytics Engine dataset that gets one data point per grant; without it none are written. */
  readonly ANALYTICS?: AnalyticsEngineDataset;
}
