/** The binding of the buckets' objects: without it, every acquire would be answered as if its bucket were unreachable. */
import { isRecord } from "../../core/is-record.ts";
import { showValue } from "../../core/values.ts";

/** @throws {RangeError} If `binding` has no objects. */
export function checkBucketBinding(binding: unknown): void {
  if (isRecord(binding) && typeof binding["getByName"] === "function") return;
  throw new RangeError(
    `BUCKETS must be a Durable Object binding of the class BucketObject: got ${showValue(binding)}; ` +
      "add durable_objects and migrations to the wrangler file",
  );
}
