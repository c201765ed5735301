/**
 * Fields in human units: `maxWait = "30s"` for `maxWaitMs = 30000`, and `limit = "100/1m"` for the numbers
 * of a token bucket. They are compiled where people write a policy, before anything else looks at it, so
 * everything behind this file, the disk and the wire included, knows numbers alone.
 *
 * Which fields take a duration follows from the tables: wherever a table has a name that ends in `Ms`, the
 * same name without it takes one. So a new field needs nothing here.
 */
import type { Given } from "./fields.ts";
import type { FieldFault } from "./values.ts";
/** What was found besides the numbers. */
interface Findings {
    /** What is wrong with the human forms. */
    readonly faults: readonly FieldFault[];
    /**
     * By what each number was written, as the faults of a check name it: `maxWaitMs` by `maxWait`, and
     * `capacity` by `limit`. Includes those left out.
     */
    readonly writtenAs: ReadonlyMap<string, string>;
    /** What each human form stands for, in one line, by the name as in `writtenAs`. */
    readonly shown: ReadonlyMap<string, string>;
}
/** What was given, in numbers. */
export interface CompiledPolicy extends Findings {
    /** The fields for the checks of a policy. Those that are at fault in their human form are left out. */
    readonly fields: Readonly<Record<string, unknown>>;
}
/**
 * Compiles a policy, or a change of one, into numbers. Whatever is not in human units stays as it is, for
 * the checks of the policy to judge.
 *
 * @example
 * compilePolicy({ limit: "100/1m", maxWait: "30s" }).fields;
 * // { maxWaitMs: 30000, capacity: 10, refillTokens: 1, refillIntervalMs: 667, initialTokens: 10 }
 */
export declare function compilePolicy(given: Given): CompiledPolicy;
/**
 * All that is wrong: with the human forms, and what a check of the compiled fields found, named as it was
 * written and with what it stands for. What the check says of a field whose human form is at fault already
 * is left out.
 */
export declare function faultsAsWritten({ faults, writtenAs, shown }: Findings, found: readonly FieldFault[]): FieldFault[];
export {};
