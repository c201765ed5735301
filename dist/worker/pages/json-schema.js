import { DURATION, DURATION_UNITS } from "../../core/duration.js";
import { durationNames } from "../../core/fields.js";
import { LIMIT_NAME } from "../../core/limits/limit-name.js";
/** The schema of an object: each member of `Body` with its schema, and which members are optional. */
export function objectSchema(properties, optional) {
    const required = Object.keys(properties).filter((name) => !Object.hasOwn(optional, name));
    return { type: "object", properties, ...(required.length > 0 && { required }) };
}
/** The schema of an integer within a range. */
export function integerSchema({ min, max }, description) {
    return { type: "integer", minimum: min, maximum: max, description };
}
/**
 * The schema of each field of a table. It has no default: a body that leaves a field out may mean that the
 * field stays as it is.
 */
export function fieldSchemas(fields, words) {
    const schemas = {};
    for (const name in fields)
        schemas[name] = fieldSchema(fields[name], words[name].description);
    return schemas;
}
/** The schemas of the durations that may be given instead of a table's milliseconds. */
export function durationSchemas(fields, words) {
    const schemas = {};
    const wordsByName = words;
    for (const name of durationNames(fields)) {
        const what = wordsByName[`${name}Ms`]?.description.replace(", in milliseconds", "");
        const description = `${what}: a number and a unit of ${DURATION_UNITS}, instead of ${name}Ms`;
        schemas[name] = { type: "string", pattern: DURATION.source, description };
    }
    return schemas;
}
function fieldSchema(field, description) {
    if ("by" in field) {
        return {
            anyOf: Object.values(field.when).map((one) => fieldSchema(one, description)),
            description,
        };
    }
    if ("min" in field)
        return integerSchema(field, description);
    const text = "oneOf" in field ? { enum: field.oneOf } : { pattern: field.pattern.source };
    return { type: "string", ...text, description };
}
/** The schema of an object whose members are limits by name. */
export function limitsSchema(limit, description) {
    const patternProperties = { [LIMIT_NAME.source]: limit };
    return { type: "object", patternProperties, additionalProperties: false, description };
}
/** The schema of a non-negative integer. */
export function countSchema(description) {
    return { type: "integer", minimum: 0, description };
}
/** The schema of an instant. */
export function instantSchema(description) {
    return { type: "integer", format: "int64", description: `${description}, epoch milliseconds` };
}
