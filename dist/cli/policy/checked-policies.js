import { readPolicies } from "../../worker/config/policy-table.js";
import { readConfiguration } from "./configuration.js";
/**
 * Checks the policies of each Worker in `file`, or only of the environment `env`.
 *
 * @throws {ConfigurationError} As `readConfiguration` does.
 *
 * @example
 * checkedPolicies("wrangler.toml").flatMap(({ faults }) => faults);
 * // ['POLICIES."api:*": capacity must be an integer from 1 to 1000000000: got 0']
 */
export function checkedPolicies(file, env) {
    return readConfiguration(file, env).map(checkWorker);
}
function checkWorker({ env, policies: configured }) {
    if (env === undefined)
        return { env, ...readPolicies(configured) };
    if (configured === undefined) {
        const fault = `env.${env}.vars.POLICIES is missing: an environment doesn't inherit the variables of the top level`;
        return { env, policies: [], faults: [fault] };
    }
    const { policies, faults } = readPolicies(configured);
    return { env, policies, faults: faults.map((fault) => `env.${env}: ${fault}`) };
}
