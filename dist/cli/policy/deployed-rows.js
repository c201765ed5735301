import { checkedPolicies } from "./checked-policies.js";
import { ConfigurationError, configurationIn } from "./configuration.js";
import { rowsOf } from "./policy-rows.js";
/**
 * The rows of the environment `env`, or of the top level; `undefined` if a policy is illegal, which the terminal
 * shows.
 *
 * @param file Default: the configuration in the current folder.
 * @throws {ConfigurationError} If the file can't be read, or has policies in environments only and none is named.
 */
export function deployedRows(file, env, { note }) {
    const config = file ?? configurationIn(".");
    const workers = checkedPolicies(config, env);
    const worker = workers.find((one) => one.env === env);
    if (!worker) {
        const names = workers.map((one) => String(one.env)).join(", ");
        throw new ConfigurationError(`${config} has policies in environments only: add --env with one of ${names}`);
    }
    for (const fault of worker.faults)
        note(fault);
    return worker.faults.length > 0 ? undefined : rowsOf(worker.policies.map((one) => one.policy));
}
