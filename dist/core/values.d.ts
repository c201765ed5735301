/**
 * How a value from outside is checked, and how a message speaks of it. Knows no field by name, so that
 * everything that has fields, a policy as much as a pause or a query, checks its own in the same words.
 */
/** One thing that is wrong. `message` names the field, the value and the limit. */
export interface FieldFault {
    readonly field: string;
    readonly message: string;
}
/** The lowest and the highest legal value, both inclusive. */
export interface Range {
    readonly min: number;
    readonly max: number;
}
/** A wrong value as a message shows it: as JSON if it has a JSON form, cut if it is long. */
export declare function showValue(value: unknown): string;
/** Whether `value` is an integer within the range. */
export declare function isIntegerWithin(value: unknown, { min, max }: Range): value is number;
/** What is wrong with `value`, for a field that must be an integer within the range. */
export declare function integerFault(field: string, value: unknown, { min, max }: Range): FieldFault;
/** @throws {RangeError} If there is a fault; the message lists all of them. */
export declare function throwFaults(faults: readonly FieldFault[]): void;
/**
 * For numbers that code passes in, which are checked on each call.
 *
 * @throws {RangeError} If `value` isn't an integer from `min` to `max`.
 */
export declare function requireInteger(field: string, value: number, min: number, max: number): void;
