/**
 * The variable `LOCATION_HINT`: near which region buckets are created. It counts at a bucket's first use only, because
 * the platform never moves an object. Without it, a bucket is created near its first caller.
 */
import type { BucketNamespace } from "./env.ts";

import { showValue } from "../../core/values.ts";

/** The hints that the platform knows. */
const hints: readonly DurableObjectLocationHint[] = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
];

/**
 * Reads the variable's value; `undefined` if it is unset.
 *
 * @throws {RangeError} If it is no hint, listing all of them.
 */
export function readLocationHint(value: unknown): DurableObjectLocationHint | undefined {
  if (value === undefined) return undefined;
  const hint = hints.find((known) => known === value);
  if (hint) return hint;
  throw new RangeError(`LOCATION_HINT must be one of ${hints.join(", ")}: got ${showValue(value)}`);
}

/** `objects`, which are created near `hint` if there is one. */
export function placed(
  objects: BucketNamespace,
  hint: DurableObjectLocationHint | undefined,
): BucketNamespace {
  if (hint === undefined) return objects;
  const options = { locationHint: hint };
  return { getByName: (name) => objects.getByName(name, options) };
}
