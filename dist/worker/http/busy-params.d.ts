/** What `GET /buckets` takes: which of the busy buckets to list, and in which order. */
import type { FieldFault } from "../../core/values.ts";
import type { BusySort } from "../../protocol/busy-bucket.ts";
import type { Query } from "./query.ts";
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
export declare function readBusyParams(query: Query): {
    ok: true;
    params: BusyParams;
} | {
    ok: false;
    errors: readonly FieldFault[];
};
