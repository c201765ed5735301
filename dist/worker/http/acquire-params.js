import { decimal } from "./query.js";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.js";
import { showValue } from "../../core/values.js";
import { FieldReader, readAskedMembers, unknownMembers } from "../../protocol/asked-members.js";
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from "../../protocol/idempotency-key.js";
import { TICKET_FIELD, TICKET_RULE, isTicketForm } from "../../protocol/ticket-form.js";
const FIELDS = ["bucket", "tokens", "timeoutMs", "holdMs", "label"];
const IDEMPOTENCY_KEY = "Idempotency-Key";
/** Printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What can be sent without quotes: no space, and nothing with a meaning in a structured field. */
const BARE = /^[!#-+\--:<-[\]-~]+$/;
/** What is asked of which bucket, or every fault in it. `body` is the parsed JSON object of a POST. */
export function readAcquireParams(query, body, headers) {
    const reader = new FieldReader((field) => {
        return valuesOf(query, body, field, field === "label" ? String : decimal);
    });
    const bucket = readBucket(reader, query, body);
    const members = Object.keys(body);
    const asked = readAskedMembers(reader, [...Object.keys(query), ...members]);
    const keyed = readIdempotencyKey(headers);
    const ticket = headers.get(TICKET_FIELD);
    const errors = [
        ...reader.faults,
        ...unknownMembers(members, FIELDS, true),
        ...(keyed.ok ? [] : [keyed.fault]),
        ...(ticket === null || isTicketForm(ticket) ? [] : [ticketFault(ticket)]),
    ];
    if (bucket === undefined || !keyed.ok || errors.length > 0)
        return { ok: false, errors };
    const ask = {
        ...asked,
        ...(keyed.key !== undefined && { idempotencyKey: keyed.key }),
        ...(ticket !== null && { ticket }),
    };
    return { ok: true, bucket, ask };
}
/** Which acquire to cancel: both parts are required. Or every fault in them. */
export function readCancelParams(query, headers) {
    const reader = new FieldReader((field) => valuesOf(query, {}, field, decimal));
    const bucket = readBucket(reader, query, {});
    const keyed = requireIdempotencyKey(headers);
    if (bucket !== undefined && keyed.ok) {
        return { ok: true, bucket, idempotencyKey: keyed.key };
    }
    return { ok: false, errors: [...reader.faults, ...(keyed.ok ? [] : [keyed.fault])] };
}
/** The name of the bucket. `reader` notes what is wrong with it. */
function readBucket(reader, query, body) {
    const field = "bucket";
    const values = valuesOf(query, body, field, String);
    const [value] = values;
    if (values.length === 1 && isBucketName(value))
        return value;
    const got = values.length === 0 ? "it is missing" : `got ${showValue(value)}`;
    reader.addFault(values, { field, message: `${field} must be ${BUCKET_NAME_RULE}: ${got}` });
    return undefined;
}
function valuesOf(query, body, field, parse) {
    const values = (query[field] ?? []).map(parse);
    if (Object.hasOwn(body, field))
        values.push(body[field]);
    return values;
}
/** The key, `undefined` if there is none, or what is wrong with it. */
function readIdempotencyKey(headers) {
    const text = headers.get(IDEMPOTENCY_KEY);
    if (text === null)
        return { ok: true, key: undefined };
    const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1");
    const key = quoted ?? (BARE.test(text) ? text : "");
    if (isIdempotencyKey(key))
        return { ok: true, key };
    return { ok: false, fault: faultOf(`got ${showValue(text)}`) };
}
/** `readIdempotencyKey` for a call that requires a key. */
function requireIdempotencyKey(headers) {
    const read = readIdempotencyKey(headers);
    if (!read.ok)
        return read;
    const { key } = read;
    return key === undefined ? { ok: false, fault: faultOf("it is missing") } : { ok: true, key };
}
/** Whether a text of the right form is genuine, only its bucket knows. */
function ticketFault(text) {
    const message = `${TICKET_FIELD} ${TICKET_RULE}: got ${showValue(text)}`;
    return { field: TICKET_FIELD, message };
}
function faultOf(got) {
    const message = `${IDEMPOTENCY_KEY} must be ${IDEMPOTENCY_KEY_RULE}, in quotes if they include a space or any of , ; " \\: ${got}`;
    return { field: IDEMPOTENCY_KEY, message };
}
