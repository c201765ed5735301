/** What the deployment says: policies, tokens, and whether everybody may ask. Read once an isolate. */
import { showValue } from "../core/policy.ts";
import { PolicyTable } from "./policy-table.ts";

/** The configuration, checked. */
export interface Settings {
  readonly policies: PolicyTable;
  /** Who may acquire and look: everybody, holders of the token, or nobody. */
  readonly apiToken: string | undefined;
  readonly isPublic: boolean;
  /** Who may change and reset buckets; without it nobody may. */
  readonly adminToken: string | undefined;
}

const known = new WeakMap<Env, Settings>();

/**
 * The settings of `env`.
 *
 * @throws {RangeError} Where any of it is illegal, naming the field; Sluice does not run with a guess.
 */
export function settingsOf(env: Env): Settings {
  let settings = known.get(env);
  if (!settings) {
    settings = readSettings(env);
    known.set(env, settings);
  }
  return settings;
}

function readSettings(env: Env): Settings {
  const { PUBLIC = "false" } = env;
  if (PUBLIC !== "true" && PUBLIC !== "false") {
    throw new RangeError(`PUBLIC must be "true" or "false": got ${showValue(PUBLIC)}`);
  }
  return {
    policies: new PolicyTable(env.POLICIES),
    apiToken: env.API_TOKEN || undefined,
    isPublic: PUBLIC === "true",
    adminToken: env.ADMIN_TOKEN || undefined,
  };
}
