/**
 * What a caller asks of `/acquire`: the query parameters and, with POST, the members of a JSON body. A field
 * may come from either, but only once. The idempotency key has its own header.
 */
import type { FieldFault, Range } from "../../core/values.ts";

import { policyRanges } from "../../core/policy.ts";
import { integerFault, isIntegerWithin, showValue } from "../../core/values.ts";
import { BUCKET_NAME_RULE, isBucketName } from "../../core/bucket-name.ts";
import { readIdempotencyKey, requireIdempotencyKey } from "./idempotency-key.ts";

/** The checked parameters. */
export interface AcquireParams {
  readonly bucket: string;
  /** At least 1. Whether the bucket can hold that many is up to its object. */
  readonly tokens: number;
  /** 0 to an hour; absent if the caller leaves it to the policy. */
  readonly timeoutMs?: number;
  readonly idempotencyKey?: string;
}

/** The checked parameters of a cancel. */
export interface CancelParams {
  readonly bucket: string;
  readonly idempotencyKey: string;
}

const FIELDS = ["bucket", "tokens", "timeoutMs"];

/** Minimum and maximum of each number, both inclusive, for any bucket. */
export const acquireRanges = {
  tokens: { min: 1, max: Number.MAX_SAFE_INTEGER },
  timeoutMs: policyRanges.maxWaitMs,
} as const satisfies Readonly<Record<string, Range>>;

/** The values of each query parameter. */
type Query = Readonly<Record<string, readonly string[]>>;

/** The parameters, or every fault in them. `body` is the parsed JSON object of a POST. */
export function readAcquireParams(
  query: Query,
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
): { ok: true; params: AcquireParams } | { ok: false; errors: FieldFault[] } {
  const reader = new FieldReader(query, body);
  const bucket = reader.name("bucket");
  const tokens = reader.integer("tokens", acquireRanges.tokens) ?? 1;
  const timeoutMs = reader.integer("timeoutMs", acquireRanges.timeoutMs);
  const keyed = readIdempotencyKey(headers);
  const errors = [...reader.faults, ...unknownMembers(body), ...(keyed.ok ? [] : [keyed.fault])];
  if (bucket === undefined || !keyed.ok || errors.length > 0) return { ok: false, errors };
  const params = {
    bucket,
    tokens,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(keyed.key !== undefined && { idempotencyKey: keyed.key }),
  };
  return { ok: true, params };
}

/** Which acquire to cancel: both parts are required. Or every fault in them. */
export function readCancelParams(
  query: Query,
  headers: Headers,
): { ok: true; params: CancelParams } | { ok: false; errors: FieldFault[] } {
  const reader = new FieldReader(query, {});
  const bucket = reader.name("bucket");
  const keyed = requireIdempotencyKey(headers);
  if (bucket !== undefined && keyed.ok) {
    return { ok: true, params: { bucket, idempotencyKey: keyed.key } };
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
  integer(field: string, limits: Range): number | undefined {
    const values = this.#values(field, decimal);
    const [value] = values;
    if (values.length === 0) return undefined;
    if (values.length === 1 && isIntegerWithin(value, limits)) return value;
    this.#addFault(values, integerFault(field, value, limits));
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

function unknownMembers(body: Readonly<Record<string, unknown>>): FieldFault[] {
  const unknown = Object.keys(body).filter((field) => !FIELDS.includes(field));
  return unknown.map((field) => {
    return { field, message: `${showValue(field)} is not one of ${FIELDS.join(", ")}` };
  });
}

/** The number that decimal digits stand for, or the text itself if it is anything else. */
function decimal(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}
