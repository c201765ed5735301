/** What the object reads of its environment. The Worker's, which holds more, is one of these. */
export interface BucketEnv {
  /** `"false"`: refusals are not logged. */
  readonly LOG_REFUSALS?: string;
  /** A dataset of Analytics Engine for one data point per grant; without it there are none. */
  readonly ANALYTICS?: AnalyticsEngineDataset;
}
