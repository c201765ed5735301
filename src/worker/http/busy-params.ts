/** What `GET /buckets` takes: which of the busy buckets to list, and in which order. */
import type { FieldFault } from "../../core/values.ts";
import type { FieldReader } from "../../protocol/asked-members.ts";
import type { BusySort } from "../../protocol/busy-bucket.ts";
import type { Query } from "./query.ts";

import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { showValue } from "../../core/values.ts";
import { busySorts } from "../../protocol/list-params.ts";
import { queryReader, readListLimit } from "./list-params.ts";

/** What is asked for. */
export interface BusyParams {
  /** How the names begin; empty for all. */
  readonly prefix: string;
  readonly sort: BusySort;
  readonly limit: number;
  /** Whether the entries have `recent`. */
  readonly hasRecent: boolean;
}

/** What is asked for, or every fault in it. */
export function readBusyParams(
  query: Query,
): { ok: true; params: BusyParams } | { ok: false; errors: readonly FieldFault[] } {
  const reader = queryReader(query);
  const prefix = readText(reader, query, "prefix", isPrefix, `empty or ${BUCKET_NAME_RULE}`);
  const sort = readText(reader, query, "sort", isSort, `one of ${busySorts.join(", ")}`);
  const recent = readText(reader, query, "recent", isFlag, '"true" or "false"');
  const limit = readListLimit(reader);
  if (reader.faults.length > 0) return { ok: false, errors: reader.faults };
  const [defaultSort] = busySorts;
  const params = { prefix: prefix ?? "", sort: sort ?? defaultSort, limit };
  return { ok: true, params: { ...params, hasRecent: recent === "true" } };
}

/** A parameter that must be a legal text; `undefined` if it is missing, which is allowed. */
function readText<Text extends string>(
  reader: FieldReader,
  query: Query,
  field: string,
  isLegal: (text: string) => text is Text,
  rule: string,
): Text | undefined {
  const values = query[field] ?? [];
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length === 1 && isLegal(value)) return value;
  reader.addFault(values, { field, message: `${field} must be ${rule}: got ${showValue(value)}` });
  return undefined;
}

function isPrefix(text: string): text is string {
  return text === "" || isBucketName(text);
}

function isSort(text: string): text is BusySort {
  return busySorts.some((sort) => sort === text);
}

function isFlag(text: string): text is "true" | "false" {
  return text === "true" || text === "false";
}
