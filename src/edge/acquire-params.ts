/**
 * What a caller asks of `/acquire`: the parameters of the query and, with POST, the members of a JSON
 * body. A field may come from either, once.
 */
import type { FieldFault } from "../core/policy.ts";

import { integerFault, policyLimits, showValue } from "../core/policy.ts";
import { BUCKET_NAME_RULE, isBucketName } from "./bucket-name.ts";

/** The checked parameters. */
export interface AcquireParams {
  readonly bucket: string;
  /** At least 1. Whether the bucket can hold so many is its object's to say. */
  readonly tokens: number;
  /** 0 to an hour; left out where the caller leaves it to the policy. */
  readonly timeoutMs?: number;
}

const TOKENS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** The parameters, or every fault in them. `body` is the parsed JSON object of a POST. */
export function readAcquireParams(
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>> = {},
): { ok: true; params: AcquireParams } | { ok: false; errors: FieldFault[] } {
  const errors: FieldFault[] = [];
  const bucket = readField("bucket", query, body, errors, (text) => text);
  const tokens = readField("tokens", query, body, errors, decimal) ?? 1;
  const timeoutMs = readField("timeoutMs", query, body, errors, decimal);

  const isNamed = errors.some((fault) => fault.field === "bucket");
  if (!isNamed && !isBucketName(bucket)) {
    const message =
      bucket === undefined
        ? `bucket is missing: ${BUCKET_NAME_RULE}`
        : `bucket must be ${BUCKET_NAME_RULE}: got ${showValue(bucket)}`;
    errors.push({ field: "bucket", message });
  }
  const tokensFault = integerFault("tokens", tokens, TOKENS);
  if (tokensFault) errors.push(tokensFault);
  if (timeoutMs !== undefined) {
    const timeoutFault = integerFault("timeoutMs", timeoutMs, policyLimits.maxWaitMs);
    if (timeoutFault) errors.push(timeoutFault);
  }
  for (const field of Object.keys(body)) {
    if (field !== "bucket" && field !== "tokens" && field !== "timeoutMs") {
      const message = `${showValue(field)} is not one of bucket, tokens, timeoutMs`;
      errors.push({ field, message });
    }
  }
  if (errors.length > 0) return { ok: false, errors };
  const params = { bucket: bucket as string, tokens: tokens as number };
  return {
    ok: true,
    params: timeoutMs === undefined ? params : { ...params, timeoutMs: timeoutMs as number },
  };
}

/** The one value of a field, read from the query's text by `parse` or taken from the body. */
function readField(
  field: string,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
  errors: FieldFault[],
  parse: (text: string) => unknown,
): unknown {
  const values: unknown[] = query.getAll(field).map(parse);
  if (Object.hasOwn(body, field)) values.push(body[field]);
  if (values.length > 1) {
    errors.push({ field, message: `${field} is given ${values.length} times` });
    return undefined;
  }
  return values[0];
}

/** The number that decimal digits mean, or the text itself where it is anything else. */
function decimal(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}
