/**
 * What a caller asks of `/acquire`: the query parameters and, with POST, the members of a JSON body. A field
 * may come from either, but only once.
 *
 * The idempotency key has a header of its own (draft-ietf-httpapi-idempotency-key-header): a string of a
 * structured field (RFC 9651), so it is in quotes. Many clients omit the quotes and mean the same; both forms
 * are read alike.
 */
import type { Ask } from "../../core/ask.ts";
import type { FieldFault } from "../../core/values.ts";
import { type Query } from "./query.ts";
/** What is asked of which bucket, or every fault in it. `body` is the parsed JSON object of a POST. */
export declare function readAcquireParams(query: Query, body: Readonly<Record<string, unknown>>, headers: Headers): {
    ok: true;
    bucket: string;
    ask: Ask;
} | {
    ok: false;
    errors: FieldFault[];
};
/** Which acquire to cancel: both parts are required. Or every fault in them. */
export declare function readCancelParams(query: Query, headers: Headers): {
    ok: true;
    bucket: string;
    idempotencyKey: string;
} | {
    ok: false;
    errors: FieldFault[];
};
