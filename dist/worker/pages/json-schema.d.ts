/**
 * The part of JSON Schema (2020-12) that the description of the HTTP interface needs. Ranges come from the
 * tables that requests are checked against, and members from the types of the answers: if a type gains a
 * member that its schema lacks, it does not compile.
 */
import type { FieldTable, FieldWords } from "../../core/fields.ts";
import type { Range } from "../../core/values.ts";
/** A JSON Schema. */
export interface Schema {
    readonly $ref?: string;
    readonly type?: string | readonly string[];
    readonly description?: string;
    readonly format?: string;
    readonly enum?: readonly (string | number)[];
    readonly const?: string | number | boolean;
    readonly pattern?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly minItems?: number;
    readonly maxItems?: number;
    readonly default?: string | number | null;
    readonly items?: Schema;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
    readonly patternProperties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: boolean;
    readonly anyOf?: readonly Schema[];
}
type OptionalKey<Body> = {
    [Key in keyof Body]-?: object extends Pick<Body, Key> ? Key : never;
}[keyof Body];
/** The schema of an object: each member of `Body` with its schema, and which members are optional. */
export declare function objectSchema<Body>(properties: {
    readonly [Key in keyof Body]-?: Schema;
}, optional: {
    readonly [Key in OptionalKey<Body>]: true;
}): Schema;
/** The schema of an integer within a range. */
export declare function integerSchema({ min, max }: Range, description: string): Schema;
/**
 * The schema of each field of a table. It has no default: a body that leaves a field out may mean that the
 * field stays as it is.
 */
export declare function fieldSchemas<Name extends string>(fields: FieldTable<Name>, words: FieldWords<Name>): Record<Name, Schema>;
/** The schemas of the durations that may be given instead of a table's milliseconds. */
export declare function durationSchemas<Name extends string>(fields: FieldTable<Name>, words: FieldWords<Name>): Record<string, Schema>;
/** The schema of an object whose members are limits by name. */
export declare function limitsSchema(limit: Schema, description: string): Schema;
/** The schema of a non-negative integer. */
export declare function countSchema(description: string): Schema;
/** The schema of an instant. */
export declare function instantSchema(description: string): Schema;
export {};
