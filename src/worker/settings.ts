/** The deployment's configuration: policies, tokens, and whether everyone may call. Read once per isolate. */
import type { CorsOrigins } from "./config/cors-origins.ts";
import type { SluiceEnv } from "./config/env.ts";

import { showValue } from "../core/values.ts";
import { AccessTokens } from "./auth/access-tokens.ts";
import { checkBucketBinding } from "./config/bucket-binding.ts";
import { AllowedHosts } from "./config/allowed-hosts.ts";
import { readCorsOrigins } from "./config/cors-origins.ts";
import { readLocationHint } from "./config/location-hint.ts";
import { perEnvironment } from "./config/per-environment.ts";
import { PolicyTable } from "./config/policy-table.ts";
import { switchRefusalLog } from "../answers/refusal-log.ts";

/** The checked configuration. */
export interface Settings {
  readonly policies: PolicyTable;
  /** Who may acquire and read; without tokens everyone or no one, depending on `isPublic`. */
  readonly apiTokens: AccessTokens | undefined;
  readonly isPublic: boolean;
  /** Who may change and reset buckets; without tokens no one may. */
  readonly adminTokens: AccessTokens | undefined;
  readonly corsOrigins: CorsOrigins;
  /** The host names that a public deployment answers to; unset if any will do. */
  readonly allowedHosts: AllowedHosts | undefined;
  /** Near which region buckets are created; unset if near their first caller. */
  readonly locationHint: DurableObjectLocationHint | undefined;
}

/**
 * The settings of an environment.
 *
 * @throws {RangeError} If any setting is illegal, naming the field; Sluice never runs on a guess.
 */
export const settingsOf = perEnvironment(readSettings);

function readSettings(env: SluiceEnv): Settings {
  const { PUBLIC = "false", LOG_REFUSALS = "true", ANALYTICS } = env;
  checkBucketBinding(env.BUCKETS);
  checkFlag("PUBLIC", PUBLIC);
  checkFlag("LOG_REFUSALS", LOG_REFUSALS);
  switchRefusalLog(LOG_REFUSALS);
  if (ANALYTICS !== undefined && typeof ANALYTICS.writeDataPoint !== "function") {
    throw new RangeError(
      `ANALYTICS must be a dataset of Analytics Engine: got ${showValue(ANALYTICS)}`,
    );
  }
  return {
    policies: new PolicyTable(env.POLICIES),
    apiTokens: AccessTokens.read("API_TOKEN", env.API_TOKEN),
    isPublic: PUBLIC === "true",
    adminTokens: AccessTokens.read("ADMIN_TOKEN", env.ADMIN_TOKEN),
    corsOrigins: readCorsOrigins(env.CORS_ORIGINS),
    allowedHosts: AllowedHosts.read(env.ALLOWED_HOSTS),
    locationHint: readLocationHint(env.LOCATION_HINT),
  };
}

function checkFlag(variable: string, value: unknown): void {
  if (value === "true" || value === "false") return;
  throw new RangeError(`${variable} must be "true" or "false": got ${showValue(value)}`);
}
