/**
 * A table of fields: what a policy, or a kind of limit, is made of. A table says once what each field may be,
 * and everything that knows fields by name follows from it: the check of a configuration, the defaults, what a
 * change leaves as it is, the OpenAPI schemas.
 *
 * Everything in a table is data, defaults that follow other fields included, so a page can print what the
 * check does. What people read of a field is a table of its own, `FieldWords`. No check reads it, so
 * bundlers drop it from a client and from the in-process filter.
 *
 * Functions take names from the table alone, in its order, and messages come out in that order.
 */
import type { FieldFault, Range } from "./values.ts";
/** What a field holds. */
export type FieldValue = number | string;
/** An integer within the range. */
interface IntegerField<Name extends string> extends Range {
    /** What it is if it's left out: a number, or the smallest of other fields. */
    readonly default?: number | {
        readonly minOf: readonly Name[];
    };
    /** Another field of the table, which this one must not exceed. */
    readonly atMost?: Name;
}
/** One of a few texts. */
interface ChoiceField {
    readonly oneOf: readonly string[];
    readonly default?: string;
}
/** A text of a certain form. */
interface TextField {
    readonly pattern: RegExp;
    /** The form as a message shows it, as in `must be …`. */
    readonly form: string;
    readonly default?: string;
}
/** A field that may be one thing or another, as a choice of the same table says; for all others, it must be left out. */
interface DependentField<Name extends string> {
    readonly by: Name;
    readonly when: Readonly<Record<string, IntegerField<Name> | ChoiceField>>;
}
/** What one field may be. Required, unless it has a default. */
export type Field<Name extends string> = IntegerField<Name> | ChoiceField | TextField | DependentField<Name>;
/** What each field may be, in the order in which messages name them. */
export type FieldTable<Name extends string> = {
    readonly [N in Name]: Field<NoInfer<Name>>;
};
/** What people read of each field of a table. */
export type FieldWords<Name extends string> = {
    readonly [N in Name]: {
        /** What its number counts; absent if it isn't a number. */
        readonly unit?: "callers" | "milliseconds" | "permits" | "tokens";
        /** What it is, in one sentence without a full stop. */
        readonly description: string;
    };
};
/** What a complete table of fields holds. One that depends on a choice is absent where it must be left out. */
export type ValuesOf<Table extends FieldTable<string>> = {
    readonly [N in keyof Table as Table[N] extends DependentField<string> ? never : N]: ValueOf<Table[N]>;
} & {
    readonly [N in keyof Table as Table[N] extends DependentField<string> ? N : never]?: FieldValue;
};
type ValueOf<One> = One extends Range ? number : One extends {
    readonly oneOf: readonly (infer Text)[];
} ? Text : string;
/** Fields as they were given: any names, any values. One that is `undefined` counts as left out. */
export type Given = Readonly<Record<string, unknown>>;
/** The ending of a name whose field counts milliseconds. */
export declare const MS = "Ms";
/** The names under which a table's fields take durations where people write them, such as `maxWait`. */
export declare function durationNames(table: Readonly<Record<string, unknown>>): string[];
/** All names under which people may write a table's fields, for messages. */
export declare function writtenNames(table: Readonly<Record<string, unknown>>): string[];
/**
 * What is wrong with each of the fields given on its own, unknown ones included. Fields that are missing,
 * or that don't fit together, are no faults here.
 *
 * @param allowed The names that a message about an unknown field lists.
 * @param prefix What messages put in front of each name, such as `lease.`.
 */
export declare function rangeFaults(table: FieldTable<string>, given: Given, allowed: readonly string[], prefix?: string): FieldFault[];
/**
 * A fault for each required field that is missing.
 *
 * @param prefix As for `rangeFaults`.
 * @param why What messages add, such as `: limits.tpm is replaced as a whole`; by default nothing.
 */
export declare function missingFaults(table: FieldTable<string>, given: Given, prefix?: string, why?: string): FieldFault[];
/**
 * A fault for each field that exceeds the one its `atMost` names, if both are legal on their own. `prefix` is
 * as for `rangeFaults`.
 */
export declare function excessFaults(table: FieldTable<string>, given: Given, prefix?: string): FieldFault[];
/**
 * What is wrong with a field that is a table itself, such as `lease`: given as a whole, or not at all.
 * `undefined` and `null` mean that it is not given.
 */
export declare function nestedFaults(name: string, table: FieldTable<string>, value: unknown): FieldFault[];
/**
 * All fields of the table, defaults filled in; anything else that was given is left out. `undefined` if a
 * field is missing or illegal. Whether fields exceed each other is for `excessFaults` to say.
 */
export declare function completeFields<Table extends FieldTable<string>>(table: Table, given: Given): ValuesOf<Table> | undefined;
/**
 * The fields of `current` with `changes` applied, not yet checked.
 *
 * A field that depends on others follows along if `changes` leaves it out: one that has the default which
 * other fields imply is left out, so that it gets the default of the new ones, and so is one that a new choice
 * doesn't allow; any other number is cut to its new `atMost`.
 */
export declare function mergeFields(table: FieldTable<string>, current: Readonly<Record<string, unknown>>, changes: Given): Record<string, unknown>;
/** Whether both have the same value in each field of the table, or both are absent. */
export declare function areEqual<Name extends string>(table: FieldTable<Name>, one: Readonly<Partial<Record<NoInfer<Name>, unknown>>> | undefined, other: Readonly<Partial<Record<NoInfer<Name>, unknown>>> | undefined): boolean;
export {};
