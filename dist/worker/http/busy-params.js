import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.js";
import { showValue } from "../../core/values.js";
import { busySorts } from "../../protocol/list-params.js";
import { queryReader, readListLimit } from "./list-params.js";
/** What is asked for, or every fault in it. */
export function readBusyParams(query) {
    const reader = queryReader(query);
    const prefix = readText(reader, query, "prefix", isPrefix, `empty or ${BUCKET_NAME_RULE}`);
    const sort = readText(reader, query, "sort", isSort, `one of ${busySorts.join(", ")}`);
    const recent = readText(reader, query, "recent", isFlag, '"true" or "false"');
    const limit = readListLimit(reader);
    if (reader.faults.length > 0)
        return { ok: false, errors: reader.faults };
    const [defaultSort] = busySorts;
    const params = { prefix: prefix ?? "", sort: sort ?? defaultSort, limit };
    return { ok: true, params: { ...params, hasRecent: recent === "true" } };
}
/** A parameter that must be a legal text; `undefined` if it is missing, which is allowed. */
function readText(reader, query, field, isLegal, rule) {
    const values = query[field] ?? [];
    const [value] = values;
    if (value === undefined)
        return undefined;
    if (values.length === 1 && isLegal(value))
        return value;
    reader.addFault(values, { field, message: `${field} must be ${rule}: got ${showValue(value)}` });
    return undefined;
}
function isPrefix(text) {
    return text === "" || isBucketName(text);
}
function isSort(text) {
    return busySorts.some((sort) => sort === text);
}
function isFlag(text) {
    return text === "true" || text === "false";
}
