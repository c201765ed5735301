/** What calls take that answer with a list. */
import { FieldReader } from "../../protocol/asked-members.ts";
import { type Query } from "./query.ts";
/** How many entries a list has if the caller doesn't say. */
export declare const DEFAULT_LIST_LIMIT = 100;
/** Reads the parameters of a query. Digits are read as numbers. */
export declare function queryReader(query: Query): FieldReader;
/** The most entries that the caller wants, its `limit`. `reader` notes what is wrong with the number. */
export declare function readListLimit(reader: FieldReader): number;
