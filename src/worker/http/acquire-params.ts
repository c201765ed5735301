/**
 * What a caller asks of `/acquire`: the query parameters and, with POST, the members of a JSON body. A field
 * may come from either, but only once.
 *
 * The idempotency key has a header of its own (draft-ietf-httpapi-idempotency-key-header): a string of a
 * structured field (RFC 9651), so it is in quotes. Many clients omit the quotes and mean the same; both forms
 * are read alike.
 */
import type { Ask } from "../../core/ask.ts";
import type { FieldFault, Range } from "../../core/values.ts";
import type { Query } from "./query.ts";

import { tokensFault } from "../../core/ask.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { MAX_FURTHER_LIMITS, queueFields } from "../../core/policy.ts";
import { holdFields } from "../../core/policy-tables.ts";
import { integerFault, isIntegerWithin, showValue } from "../../core/values.ts";

const FIELDS = ["bucket", "tokens", "timeoutMs", "holdMs"];

/** What the names of fields begin with that are of one limit each. */
const NAMED_TOKENS = "tokens.";
/** How many of them there may be: no bucket has more limits. */
const MAX_NAMED_TOKENS = MAX_FURTHER_LIMITS + 1;

const IDEMPOTENCY_KEY = "Idempotency-Key";

/** Longest key, in characters: room for several UUIDs. */
const MAX_KEY_LENGTH = 255;
/** Printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What can be sent without quotes: no space, and nothing with a meaning in a structured field. */
const BARE = /^[!#-+\--:<-[\]-~]+$/;

/** Minimum and maximum of each number, both inclusive, for any bucket. */
export const acquireRanges = {
  tokens: { min: 0, max: Number.MAX_SAFE_INTEGER },
  timeoutMs: queueFields.maxWaitMs,
  holdMs: holdFields.maxMs,
} as const satisfies Readonly<Record<string, Range>>;

/** What is asked of which bucket, or every fault in it. `body` is the parsed JSON object of a POST. */
export function readAcquireParams(
  query: Query,
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
): { ok: true; bucket: string; ask: Ask } | { ok: false; errors: FieldFault[] } {
  const reader = new FieldReader(query, body);
  const bucket = reader.name("bucket");
  const named = new Set([...Object.keys(query), ...Object.keys(body)].filter(isNamedTokens));
  // Without tokens of a single limit, 0 would be nothing.
  const min = named.size > 0 ? 0 : 1;
  const tokens = reader.integer("tokens", { ...acquireRanges.tokens, min }, allTokensFault) ?? 1;
  const limits = readNamedTokens(reader, named);
  const timeoutMs = reader.integer("timeoutMs", acquireRanges.timeoutMs);
  const holdMs = reader.integer("holdMs", acquireRanges.holdMs);
  const keyed = readIdempotencyKey(headers);
  const errors = [...reader.faults, ...unknownMembers(body), ...(keyed.ok ? [] : [keyed.fault])];
  if (bucket === undefined || !keyed.ok || errors.length > 0) return { ok: false, errors };
  const ask = {
    tokens,
    ...(limits && { limits }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(holdMs !== undefined && { holdMs }),
    ...(keyed.key !== undefined && { idempotencyKey: keyed.key }),
  };
  return { ok: true, bucket, ask };
}

/** Which acquire to cancel: both parts are required. Or every fault in them. */
export function readCancelParams(
  query: Query,
  headers: Headers,
): { ok: true; bucket: string; idempotencyKey: string } | { ok: false; errors: FieldFault[] } {
  const reader = new FieldReader(query, {});
  const bucket = reader.name("bucket");
  const keyed = requireIdempotencyKey(headers);
  if (bucket !== undefined && keyed.ok) {
    return { ok: true, bucket, idempotencyKey: keyed.key };
  }
  return { ok: false, errors: [...reader.faults, ...(keyed.ok ? [] : [keyed.fault])] };
}

/** Reads fields one by one and collects what is wrong with them. */
class FieldReader {
  readonly faults: FieldFault[] = [];
  readonly #query: Query;
  readonly #body: Readonly<Record<string, unknown>>;

  constructor(query: Query, body: Readonly<Record<string, unknown>>) {
    this.#query = query;
    this.#body = body;
  }

  name(field: string): string | undefined {
    const values = this.#values(field, String);
    const [value] = values;
    if (values.length === 1 && isBucketName(value)) return value;
    const got = values.length === 0 ? "it is missing" : `got ${showValue(value)}`;
    this.#addFault(values, { field, message: `${field} must be ${BUCKET_NAME_RULE}: ${got}` });
    return undefined;
  }

  /** `undefined` if the field is missing, which is allowed. */
  integer(field: string, limits: Range, faultIn = integerFault): number | undefined {
    const values = this.#values(field, decimal);
    const [value] = values;
    if (values.length === 0) return undefined;
    if (values.length === 1 && isIntegerWithin(value, limits)) return value;
    this.#addFault(values, faultIn(field, value, limits));
    return undefined;
  }

  #values(field: string, parse: (text: string) => unknown): unknown[] {
    const values: unknown[] = (this.#query[field] ?? []).map(parse);
    if (Object.hasOwn(this.#body, field)) values.push(this.#body[field]);
    return values;
  }

  #addFault(values: readonly unknown[], fault: FieldFault): void {
    const { field } = fault;
    const isRepeated = values.length > 1;
    const repeated = { field, message: `${field} is given ${values.length} times` };
    this.faults.push(isRepeated ? repeated : fault);
  }
}

/** `tokensFault` in the words of a query. */
function allTokensFault(field: string, tokens: unknown, limits: Range): FieldFault {
  return tokensFault(field, tokens, limits, `${NAMED_TOKENS}NAME`);
}

/** The tokens of single limits, `tokens.NAME`; `undefined` if there are none. */
function readNamedTokens(
  reader: FieldReader,
  fields: ReadonlySet<string>,
): Readonly<Record<string, number>> | undefined {
  if (fields.size === 0) return undefined;
  if (fields.size > MAX_NAMED_TOKENS) {
    const message = `tokens.NAME may be given for at most ${MAX_NAMED_TOKENS} limits: got ${fields.size}`;
    reader.faults.push({ field: NAMED_TOKENS, message });
    return undefined;
  }
  const limits = [...fields].map((field) => {
    const tokens = reader.integer(field, acquireRanges.tokens) ?? 0;
    return [field.slice(NAMED_TOKENS.length), tokens] as const;
  });
  // Whatever the names are, `__proto__` included, they are members.
  return Object.fromEntries(limits);
}

function isNamedTokens(field: string): boolean {
  return field.startsWith(NAMED_TOKENS);
}

function unknownMembers(body: Readonly<Record<string, unknown>>): FieldFault[] {
  const unknown = Object.keys(body).filter((field) => {
    return !FIELDS.includes(field) && !isNamedTokens(field);
  });
  return unknown.map((field) => {
    const known = [...FIELDS, `${NAMED_TOKENS}NAME`].join(", ");
    return { field, message: `${showValue(field)} is not one of ${known}` };
  });
}

/** The number that decimal digits stand for, or the text itself if it is anything else. */
function decimal(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}

/** The key, `undefined` if there is none, or what is wrong with it. */
function readIdempotencyKey(
  headers: Headers,
): { ok: true; key: string | undefined } | { ok: false; fault: FieldFault } {
  const text = headers.get(IDEMPOTENCY_KEY);
  if (text === null) return { ok: true, key: undefined };
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(.)/g, "$1");
  const key = quoted ?? (BARE.test(text) ? text : "");
  if (key.length >= 1 && key.length <= MAX_KEY_LENGTH) return { ok: true, key };
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

function faultOf(got: string): FieldFault {
  const message = `${IDEMPOTENCY_KEY} must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters, in quotes if they include a space or any of , ; " \\: ${got}`;
  return { field: IDEMPOTENCY_KEY, message };
}
