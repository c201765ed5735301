import { Policy } from "../../core/policy.js";
import { timeZones } from "../../time-zones.js";
import { exitCodes } from "../exit-code.js";
import { checkedPolicies } from "./checked-policies.js";
import { configurationIn } from "./configuration.js";
/**
 * Returns the exit code.
 *
 * @throws {ConfigurationError} If the file can't be read.
 */
export function check({ file, env }, terminal) {
    const workers = checkedPolicies(file ?? configurationIn("."), env);
    for (const { env: name, policies } of workers) {
        if (name !== undefined && env === undefined)
            terminal.print(`[env.${name}]`);
        for (const policy of policies)
            terminal.print(describe(policy));
    }
    const faults = workers.flatMap((worker) => worker.faults);
    for (const fault of faults)
        terminal.note(fault);
    return faults.length > 0 ? exitCodes.configuration : exitCodes.ok;
}
/** What each human form stands for, and then the whole policy in numbers, one line each. */
function describe({ policy, shown }) {
    const { name, limits = {}, ...others } = policy;
    const { queueLimit, maxWaitMs, forgetAfterMs, lease, hold, concurrency, ...rate } = others;
    const tables = { rate, ...limits };
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
function crashOf({ kind, fields }) {
    const batch = kind.maxBatch(fields);
    return batch > 0 ? `a crash may lose up to ${batch} tokens` : "each grant is written";
}
function numbersOf(fields = {}) {
    return Object.entries(fields)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(", ");
}
