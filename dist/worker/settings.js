import { showValue } from "../core/values.js";
import { AccessTokens } from "./auth/access-tokens.js";
import { AllowedHosts } from "./config/allowed-hosts.js";
import { readCorsOrigins } from "./config/cors-origins.js";
import { perEnvironment } from "./config/per-environment.js";
import { PolicyTable } from "./config/policy-table.js";
import { switchRefusalLog } from "../answers/refusal-log.js";
/**
 * The settings of an environment.
 *
 * @throws {RangeError} If any setting is illegal, naming the field; Sluice never runs on a guess.
 */
export const settingsOf = perEnvironment(readSettings);
function readSettings(env) {
    const { PUBLIC = "false", LOG_REFUSALS = "true", ANALYTICS } = env;
    checkFlag("PUBLIC", PUBLIC);
    checkFlag("LOG_REFUSALS", LOG_REFUSALS);
    switchRefusalLog(LOG_REFUSALS);
    if (ANALYTICS !== undefined && typeof ANALYTICS.writeDataPoint !== "function") {
        throw new RangeError(`ANALYTICS must be a dataset of Analytics Engine: got ${showValue(ANALYTICS)}`);
    }
    return {
        policies: new PolicyTable(env.POLICIES),
        apiTokens: AccessTokens.read("API_TOKEN", env.API_TOKEN),
        isPublic: PUBLIC === "true",
        adminTokens: AccessTokens.read("ADMIN_TOKEN", env.ADMIN_TOKEN),
        corsOrigins: readCorsOrigins(env.CORS_ORIGINS),
        allowedHosts: AllowedHosts.read(env.ALLOWED_HOSTS),
    };
}
function checkFlag(variable, value) {
    if (value === "true" || value === "false")
        return;
    throw new RangeError(`${variable} must be "true" or "false": got ${showValue(value)}`);
}
