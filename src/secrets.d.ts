/**
 * What a deployment may set and need not, and what `wrangler types` therefore cannot see: secrets
 * (`wrangler secret put`) and variables. Merges into the generated env.d.ts.
 */
interface __BaseEnv_Env {
  /** Who may acquire and read: tokens separated by white space, or a JSON list. */
  API_TOKEN?: string | readonly unknown[];
  /** Who may change and reset buckets; likewise. */
  ADMIN_TOKEN?: string | readonly unknown[];
  /** "true": everybody may acquire and read where no API_TOKEN is set. */
  PUBLIC?: string;
  /** Origins whose scripts may call: separated by white space, or "*". Without it none. */
  CORS_ORIGINS?: string;
  /** "false": refusals are not logged. */
  LOG_REFUSALS?: string;
  /** A dataset for a point of each grant; without it there are none. */
  ANALYTICS?: AnalyticsEngineDataset;
}
