/**
 * `sluice policy check`: prints each policy of a wrangler configuration in numbers, and what is wrong with the
 * others. What it finds, the Worker would say in answer to every request.
 */
import type { LimitSpec } from "../../core/limits/limit.ts";
import type { readPolicies } from "../../worker/config/policy-table.ts";
import type { Terminal } from "../terminal.ts";

import { Policy } from "../../core/policy.ts";
import { timeZones } from "../../time-zones.ts";
import { exitCodes } from "../exit-code.ts";
import { checkedPolicies } from "./checked-policies.ts";
import { configurationIn } from "./configuration.ts";

/** Parsed arguments of `sluice policy check`. */
export interface CheckCommand {
  /** Default: the one in the current folder. */
  readonly file: string | undefined;
  /** Default: the top level and all environments. */
  readonly env: string | undefined;
}

type ConfiguredPolicy = ReturnType<typeof readPolicies>["policies"][number];

/**
 * Returns the exit code.
 *
 * @throws {ConfigurationError} If the file can't be read.
 */
export function check({ file, env }: CheckCommand, terminal: Terminal): number {
  const workers = checkedPolicies(file ?? configurationIn("."), env);
  for (const { env: name, policies } of workers) {
    if (name !== undefined && env === undefined) terminal.print(`[env.${name}]`);
    for (const policy of policies) terminal.print(describe(policy));
  }
  const faults = workers.flatMap((worker) => worker.faults);
  for (const fault of faults) terminal.note(fault);
  return faults.length > 0 ? exitCodes.configuration : exitCodes.ok;
}

/** What each human form stands for, and then the whole policy in numbers, one line each. */
function describe({ policy, shown }: ConfiguredPolicy): string {
  const { name, limits = {}, ...others } = policy;
  const { queueLimit, maxWaitMs, forgetAfterMs, lease, hold, concurrency, ...rate } = others;
  const tables: Readonly<Record<string, object>> = { rate, ...limits };
  const { limits: specs } = Policy.of({ ...rate, limits }, timeZones);
  const lines = [
    ...[...shown].map(([field, text]) => field.slice(0, field.lastIndexOf(".") + 1) + text),
    ...specs.map((spec) => `${spec.name}: ${numbersOf(tables[spec.name])}; ${crashOf(spec)}`),
    `queue: ${numbersOf({ queueLimit, maxWaitMs })}`,
    ...(forgetAfterMs === undefined ? [] : [`forgotten: ${numbersOf({ forgetAfterMs })}`]),
    ...Object.entries({ lease, hold, concurrency }).flatMap(([table, terms]) => {
      return terms ? [`${table}: ${numbersOf(terms)}`] : [];
    }),
  ];
  return [JSON.stringify(name), ...lines.map((line) => `  ${line}`)].join("\n");
}

function crashOf({ kind, fields }: LimitSpec): string {
  const batch = kind.maxBatch(fields);
  return batch > 0 ? `a crash may lose up to ${batch} tokens` : "each grant is written";
}

function numbersOf(fields: object = {}): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}
