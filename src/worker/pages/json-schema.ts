/**
 * The part of JSON Schema (2020-12) that the description of the HTTP interface needs. Ranges come from the
 * tables that requests are checked against, and members from the types of the answers: if a type gains a
 * member that its schema lacks, it does not compile.
 */
import type { Field, FieldTable, FieldWords } from "../../core/fields.ts";
import type { Range } from "../../core/values.ts";

import { DURATION, DURATION_UNITS } from "../../core/duration.ts";
import { durationNames } from "../../core/fields.ts";
import { LIMIT_NAME } from "../../core/limits/limit-name.ts";

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
export function objectSchema<Body>(
  properties: { readonly [Key in keyof Body]-?: Schema },
  optional: { readonly [Key in OptionalKey<Body>]: true },
): Schema {
  const required = Object.keys(properties).filter((name) => !Object.hasOwn(optional, name));
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

/** The schema of an integer within a range. */
export function integerSchema({ min, max }: Range, description: string): Schema {
  return { type: "integer", minimum: min, maximum: max, description };
}

/**
 * The schema of each field of a table. It has no default: a body that leaves a field out may mean that the
 * field stays as it is.
 */
export function fieldSchemas<Name extends string>(
  fields: FieldTable<Name>,
  words: FieldWords<Name>,
): Record<Name, Schema> {
  const schemas: Record<string, Schema> = {};
  for (const name in fields) schemas[name] = fieldSchema(fields[name], words[name].description);
  return schemas;
}

/** The schemas of the durations that may be given instead of a table's milliseconds. */
export function durationSchemas<Name extends string>(
  fields: FieldTable<Name>,
  words: FieldWords<Name>,
): Record<string, Schema> {
  const schemas: Record<string, Schema> = {};
  const wordsByName: Readonly<Record<string, { readonly description: string }>> = words;
  for (const name of durationNames(fields)) {
    const what = wordsByName[`${name}Ms`]?.description.replace(", in milliseconds", "");
    const description = `${what}: a number and a unit of ${DURATION_UNITS}, instead of ${name}Ms`;
    schemas[name] = { type: "string", pattern: DURATION.source, description };
  }
  return schemas;
}

function fieldSchema(field: Field<string>, description: string): Schema {
  if ("by" in field) {
    return {
      anyOf: Object.values(field.when).map((one) => fieldSchema(one, description)),
      description,
    };
  }
  if ("min" in field) return integerSchema(field, description);
  const text = "oneOf" in field ? { enum: field.oneOf } : { pattern: field.pattern.source };
  return { type: "string", ...text, description };
}

/** The schema of an object whose members are limits by name. */
export function limitsSchema(limit: Schema, description: string): Schema {
  const patternProperties = { [LIMIT_NAME.source]: limit };
  return { type: "object", patternProperties, additionalProperties: false, description };
}

/** The schema of a non-negative integer. */
export function countSchema(description: string): Schema {
  return { type: "integer", minimum: 0, description };
}

/** The schema of an instant. */
export function instantSchema(description: string): Schema {
  return { type: "integer", format: "int64", description: `${description}, epoch milliseconds` };
}
