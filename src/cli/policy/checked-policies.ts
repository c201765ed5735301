/** The policies of a wrangler configuration, checked as the Worker checks them when it starts. */
import type { ConfiguredWorker } from "./configuration.ts";

import { readPolicies } from "../../worker/config/policy-table.ts";
import { readConfiguration } from "./configuration.ts";

/** What is right and what is wrong with the policies of one Worker. */
export interface CheckedPolicies extends ReturnType<typeof readPolicies> {
  /** `undefined` for the top level. */
  readonly env: string | undefined;
  /** Everything that is wrong, in the order of the file: pattern, field, value and limit, and the environment. */
  readonly faults: readonly string[];
}

/**
 * Checks the policies of each Worker in `file`, or only of the environment `env`.
 *
 * @throws {ConfigurationError} As `readConfiguration` does.
 *
 * @example
 * checkedPolicies("wrangler.toml").flatMap(({ faults }) => faults);
 * // ['POLICIES."api:*": capacity must be an integer from 1 to 1000000000: got 0']
 */
export function checkedPolicies(file: string, env?: string): readonly CheckedPolicies[] {
  return readConfiguration(file, env).map(checkWorker);
}

function checkWorker({ env, policies: configured }: ConfiguredWorker): CheckedPolicies {
  if (env === undefined) return { env, ...readPolicies(configured) };
  if (configured === undefined) {
    const fault = `env.${env}.vars.POLICIES is missing: an environment doesn't inherit the variables of the top level`;
    return { env, policies: [], faults: [fault] };
  }
  const { policies, faults } = readPolicies(configured);
  return { env, policies, faults: faults.map((fault) => `env.${env}: ${fault}`) };
}
