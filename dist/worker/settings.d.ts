/** The deployment's configuration: policies, tokens, and whether everyone may call. Read once per isolate. */
import type { CorsOrigins } from "./config/cors-origins.ts";
import type { SluiceEnv } from "./config/env.ts";
import { AccessTokens } from "./auth/access-tokens.ts";
import { AllowedHosts } from "./config/allowed-hosts.ts";
import { PolicyTable } from "./config/policy-table.ts";
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
}
/**
 * The settings of an environment.
 *
 * @throws {RangeError} If any setting is illegal, naming the field; Sluice never runs on a guess.
 */
export declare const settingsOf: (env: SluiceEnv) => Settings;
