/** What calls take that answer with a list. */
import { FieldReader } from "../../protocol/asked-members.js";
import { listRange } from "../../protocol/list-params.js";
import { decimal } from "./query.js";
/** How many entries a list has if the caller doesn't say. */
export const DEFAULT_LIST_LIMIT = 100;
/** Reads the parameters of a query. Digits are read as numbers. */
export function queryReader(query) {
    return new FieldReader((field) => (query[field] ?? []).map(decimal));
}
/** The most entries that the caller wants, its `limit`. `reader` notes what is wrong with the number. */
export function readListLimit(reader) {
    return reader.integer("limit", listRange) ?? DEFAULT_LIST_LIMIT;
}
