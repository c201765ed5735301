/**
 * What a deployment may set and need not, and what `wrangler types` therefore cannot see: secrets
 * (`wrangler secret put`) and the variable `PUBLIC`. Merges into the generated env.d.ts.
 */
interface __BaseEnv_Env {
  /** Who may acquire and read. */
  API_TOKEN?: string;
  /** Who may change and reset buckets. */
  ADMIN_TOKEN?: string;
  /** "true": everybody may acquire and read where no API_TOKEN is set. */
  PUBLIC?: string;
}
