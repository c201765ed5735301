/** The policies of one Worker of a configuration, for the commands that compare them with a deployment. */
import type { Terminal } from "../terminal.ts";
import type { PolicyRows } from "./policy-rows.ts";

import { checkedPolicies } from "./checked-policies.ts";
import { ConfigurationError, configurationIn } from "./configuration.ts";
import { rowsOf } from "./policy-rows.ts";

/**
 * The rows of the environment `env`, or of the top level; `undefined` if a policy is illegal, which the terminal
 * shows.
 *
 * @param file Default: the configuration in the current folder.
 * @throws {ConfigurationError} If the file can't be read, or has policies in environments only and none is named.
 */
export function deployedRows(
  file: string | undefined,
  env: string | undefined,
  { note }: Pick<Terminal, "note">,
): PolicyRows | undefined {
  const config = file ?? configurationIn(".");
  const workers = checkedPolicies(config, env);
  const worker = workers.find((one) => one.env === env);
  if (!worker) {
    const names = workers.map((one) => String(one.env)).join(", ");
    throw new ConfigurationError(
      `${config} has policies in environments only: add --env with one of ${names}`,
    );
  }
  for (const fault of worker.faults) note(fault);
  return worker.faults.length > 0 ? undefined : rowsOf(worker.policies.map((one) => one.policy));
}
