/**
 * What an acquire may say, whichever way it comes: in a query, in a body, or in a message of a session. Each rule is
 * here once, with the words that a fault has for it.
 */
import type { Ask } from "../core/ask.ts";
import type { FieldFault, Range } from "../core/values.ts";
import { integerFault } from "../core/values.ts";
/** Minimum and maximum of each number, both inclusive, for any bucket. */
export declare const acquireRanges: {
    readonly tokens: {
        readonly min: 0;
        readonly max: number;
    };
    readonly timeoutMs: {
        readonly min: 0;
        readonly max: 3600000;
        readonly default: 60000;
    };
    readonly holdMs: {
        readonly min: 1000;
        readonly max: 3600000;
    };
};
/** An ask without its key, which is elsewhere over HTTP. */
type AskedMembers = Omit<Ask, "idempotencyKey">;
/** Reads fields one by one and collects what is wrong with them. */
export declare class FieldReader {
    #private;
    readonly faults: FieldFault[];
    /** @param valuesOf All values that are given for a field. More than one are a fault. */
    constructor(valuesOf: (field: string) => readonly unknown[]);
    /** `undefined` if the field is missing, which is allowed. */
    integer(field: string, range: Range, faultIn?: typeof integerFault): number | undefined;
    /** `undefined` if the field is missing or empty, which is allowed. */
    label(field: string): string | undefined;
    /** The one value of a field, which must be legal. `undefined` if the field is missing, which is allowed. */
    one<Value>(field: string, isLegal: (value: unknown) => value is Value, faultOf: (value: unknown) => FieldFault): Value | undefined;
    /** Notes `fault` of a field with these `values`, or that there are too many of them. */
    addFault(values: readonly unknown[], fault: FieldFault): void;
}
/** The members of an ask. `reader` notes what is wrong with them. `names` are those of all fields that are given. */
export declare function readAskedMembers(reader: FieldReader, names: Iterable<string>): AskedMembers;
/**
 * A fault for each of `names` that isn't in `known`.
 *
 * @param takesNamed Whether there may be `tokens.NAME`.
 */
export declare function unknownMembers(names: readonly string[], known: readonly string[], takesNamed: boolean): FieldFault[];
export {};
