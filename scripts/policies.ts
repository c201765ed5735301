/**
 * Prints each policy of a wrangler configuration in numbers, and what is wrong with the others: what the Worker
 * would say to every request, before it is deployed.
 *
 *   npm run policies [-- FILE] [--env NAME]      FILE is a wrangler.toml, .json or .jsonc
 *
 * Ends with 0, with 1 if a policy is illegal, and with 2 if the file can't be read.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import type { LimitSpec } from "../src/core/limits/limit.ts";

import { projectDir } from "../serve/worker-bundle.ts";
import { Policy } from "../src/core/policy.ts";
import { timeZones } from "../src/time-zones.ts";
import { readPolicies } from "../src/worker/config/policy-table.ts";

type ReadPolicies = ReturnType<typeof readPolicies>;

/** What each human form stands for, and then the whole policy in numbers, one line each. */
function describe({ policy, shown }: ReadPolicies["policies"][number]): string {
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

/** `vars.POLICIES` of the configuration. @throws {Error} If wrangler can't read the file. */
async function configuredIn(config: string, env: string | undefined): Promise<unknown> {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const { vars } = readConfig({ config, ...(env !== undefined && { env }) });
  return vars["POLICIES"];
}

async function main(): Promise<number> {
  let configured: unknown;
  try {
    const { values, positionals } = parseArgs({
      options: { env: { type: "string" } },
      allowPositionals: true,
    });
    const [file = join(projectDir, "wrangler.toml"), ...more] = positionals;
    if (more.length > 0) throw new RangeError(`One file at a time: got ${more.length + 1}`);
    configured = await configuredIn(file, values.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  const { policies, faults } = readPolicies(configured);
  for (const policy of policies) console.log(describe(policy));
  for (const fault of faults) console.error(fault);
  return faults.length > 0 ? 1 : 0;
}

process.exitCode = await main();
