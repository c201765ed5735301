import { listRange } from "../../protocol/list-params.js";
import { DEFAULT_LIST_LIMIT } from "../http/list-params.js";
import { integerSchema } from "../pages/json-schema.js";
const JSON_TYPE = "application/json";
/** An answer in JSON, by the name of its schema. */
export function jsonAnswer(description, schema, example) {
    return {
        description,
        content: {
            [JSON_TYPE]: {
                schema: { $ref: `#/components/schemas/${schema}` },
                ...(example !== undefined && { example }),
            },
        },
    };
}
/** A page. */
export const htmlAnswer = {
    description: "The page.",
    content: { "text/html": { schema: { type: "string" } } },
};
/** The fields of answers that say how full the bucket is. */
export const quotaFields = {
    RateLimit: { $ref: "#/components/headers/RateLimit" },
    "RateLimit-Policy": { $ref: "#/components/headers/RateLimit-Policy" },
};
/** The parameter that `readListLimit` reads. */
export const listLimitParameter = {
    name: "limit",
    in: "query",
    description: "The most entries to list",
    schema: { ...integerSchema(listRange, "The most entries"), default: DEFAULT_LIST_LIMIT },
};
