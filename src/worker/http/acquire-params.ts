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
import { type Query, decimal } from "./query.ts";

import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { showValue } from "../../core/values.ts";
import { FieldReader, readAskedMembers, unknownMembers } from "../../protocol/asked-members.ts";
import { IDEMPOTENCY_KEY_RULE, isIdempotencyKey } from "../../protocol/idempotency-key.ts";
import { TICKET_FIELD, TICKET_RULE, isTicketForm } from "../../protocol/ticket-form.ts";

const FIELDS = ["bucket", "tokens", "timeoutMs", "holdMs", "label"];

const IDEMPOTENCY_KEY = "Idempotency-Key";

/** Printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What can be sent without quotes: no space, and nothing with a meaning in a structured field. */
const BARE = /^[!#-+\--:<-[\]-~]+$/;

/** What is asked of which bucket, or every fault in it. `body` is the parsed JSON object of a POST. */
export function readAcquireParams(
  query: Query,
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
): { ok: true; bucket: string; ask: Ask } | { ok: false; errors: FieldFault[] } {
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
  if (bucket === undefined || !keyed.ok || errors.length > 0) return { ok: false, errors };
  const ask = {
    ...asked,
    ...(keyed.key !== undefined && { idempotencyKey: keyed.key }),
    ...(ticket !== null && { ticket }),
  };
  return { ok: true, bucket, ask };
}

/** Which acquire to cancel: both parts are required. Or every fault in them. */
export function readCancelParams(
  query: Query,
  headers: Headers,
): { ok: true; bucket: string; idempotencyKey: string } | { ok: false; errors: FieldFault[] } {
  const reader = new FieldReader((field) => valuesOf(query, {}, field, decimal));
  const bucket = readBucket(reader, query, {});
  const keyed = requireIdempotencyKey(headers);
  if (bucket !== undefined && keyed.ok) {
    return { ok: true, bucket, idempotencyKey: keyed.key };
  }
  return { ok: false, errors: [...reader.faults, ...(keyed.ok ? [] : [keyed.fault])] };
}

/** The name of the bucket. `reader` notes what is wrong with it. */
function readBucket(
  reader: FieldReader,
  query: Query,
  body: Readonly<Record<string, unknown>>,
): string | undefined {
  const field = "bucket";
  const values = valuesOf(query, body, field, String);
  const [value] = values;
  if (values.length === 1 && isBucketName(value)) return value;
  const got = values.length === 0 ? "it is missing" : `got ${showValue(value)}`;
  reader.addFault(values, { field, message: `${field} must be ${BUCKET_NAME_RULE}: ${got}` });
  return undefined;
}

function valuesOf(
  query: Query,
  body: Readonly<Record<string, unknown>>,
  field: string,
  parse: (text: string) => unknown,
): unknown[] {
  const values: unknown[] = (query[field] ?? []).map(parse);
  if (Object.hasOwn(body, field)) values.push(body[field]);
  return values;
}

/** The key, `undefined` if there is none, or what is wrong with it. */
function readIdempotencyKey(
  headers: Headers,
): { ok: true; key: string | undefined } | { ok: false; fault: FieldFault } {
  const text = headers.get(IDEMPOTENCY_KEY);
  if (text === null) return { ok: true, key: undefined };
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1");
  const key = quoted ?? (BARE.test(text) ? text : "");
  if (isIdempotencyKey(key)) return { ok: true, key };
  return { ok: false, fault: faultOf(`got ${showValue(text)}`) };
}

/** `readIdempotencyKey` for a call that requires a key. */
function requireIdempotencyKey(
  headers: Headers,
): { ok: true; key: string } | { ok: false; fault: FieldFault } {
  const read = readIdempotencyKey(headers);
  if (!read.ok) return read;
  const { key } = read;
  return key === undefined ? { ok: false, fault: faultOf("it is missing") } : { ok: true, key };
}

/** Whether a text of the right form is genuine, only its bucket knows. */
function ticketFault(text: string): FieldFault {
  const message = `${TICKET_FIELD} ${TICKET_RULE}: got ${showValue(text)}`;
  return { field: TICKET_FIELD, message };
}

function faultOf(got: string): FieldFault {
  const message = `${IDEMPOTENCY_KEY} must be ${IDEMPOTENCY_KEY_RULE}, in quotes if they include a space or any of , ; " \\: ${got}`;
  return { field: IDEMPOTENCY_KEY, message };
}
