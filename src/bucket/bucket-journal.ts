/**
 * A bucket on the disk: its own row, and the rows of its open grants.
 *
 * A grant with a hold or a permit has a row of its own, written in the turn that makes it and again when it
 * ends. That turn changes the bucket's tokens, too, which would be a second row. So the last of the rows that a
 * turn writes carries the limiter's state, and the bucket's own row is left as it is. Each of these writes has a
 * number, `seq`, and the highest one has the state that counts. Rows are rewritten and never deleted, so the state
 * is only overwritten by a newer one.
 *
 * A bucket without such grants has no other row than its own, and nothing else is read when it starts.
 */
import type { GrantRow } from "../core/holds/grant-row.ts";
import type { LimiterState } from "../core/limiter-state.ts";
import type { Policy } from "../core/policy.ts";
import type { OpenBucket } from "./open-bucket.ts";
import type { BucketPlatform } from "./platform.ts";

import { hasGrantRows, recordOf, restore } from "./bucket-record.ts";
import { newestState } from "./stored-rows.ts";

/** What the bucket's own row says besides the limiter's state. */
type Head = Pick<OpenBucket, "policyName" | "isOverridden" | "override"> & {
  readonly policy: Policy;
};

/** Writes one bucket to the disk, and reads it back. */
export class BucketJournal {
  readonly #platform: Pick<BucketPlatform, "disk" | "timeZones" | "newId">;
  /** Of the last write that had one. */
  #seq = 0;
  /** What the bucket's own row says, if there may be rows of grants beside it. */
  #head: Head | undefined = undefined;
  #forgetAtMs: number | undefined = undefined;

  constructor(platform: Pick<BucketPlatform, "disk" | "timeZones" | "newId">) {
    this.#platform = platform;
  }

  /** What was read last of `StoredLimiter.forgetAtMs`. */
  get forgetAtMs(): number | undefined {
    return this.#forgetAtMs;
  }

  /**
   * The bucket on the disk; `undefined` if there is none.
   *
   * @throws {RangeError} If it is in an unknown format, or is illegal.
   */
  read(): OpenBucket | undefined {
    const { disk, timeZones, newId } = this.#platform;
    const record = disk.read();
    if (!record) return undefined;
    if (!hasGrantRows(record)) {
      const bucket = restore(record, [], { timeZones, newId });
      this.#forgetAtMs = record.limiter.forgetAtMs;
      return bucket;
    }
    const rows = [...disk.grantRows.list()];
    const { seq, limiter } = newestState(record, rows);
    this.#forgetAtMs = limiter.forgetAtMs;
    const grants = rows.map(([slot, { grant }]) => ({ slot, grant }));
    const bucket = restore({ ...record, limiter }, grants, { timeZones, newId });
    this.#seq = seq;
    this.#head = headOf(bucket);
    return bucket;
  }

  /** Writes what a turn of `bucket` says must be written: the limiter's state, and open grants if there are any. */
  write(
    bucket: OpenBucket,
    limiter: LimiterState,
    rows: readonly GrantRow[] | undefined,
    forgetAtMs?: number,
  ): void {
    const { disk } = this.#platform;
    const state = forgetAtMs === undefined ? limiter : { ...limiter, forgetAtMs };
    const seq = this.#seq + 1;
    const isOwnRowValid = rows !== undefined && isSameHead(this.#head, bucket);
    if (!isOwnRowValid) {
      const record = recordOf(bucket, state, seq);
      disk.write(record);
      const isNumbered = hasGrantRows(record);
      this.#seq = isNumbered ? seq : 0;
      this.#head = isNumbered ? headOf(bucket) : undefined;
    }
    if (!rows) return;
    this.#seq = seq;
    for (const [index, { slot, grant }] of rows.entries()) {
      const isLast = index === rows.length - 1;
      const carried = isOwnRowValid && isLast ? { seq, limiter: state } : {};
      disk.grantRows.put(slot, { grant, ...carried });
    }
  }

  /** The disk has been erased. */
  forget(): void {
    this.#seq = 0;
    this.#head = undefined;
  }
}

function headOf({ policyName, isOverridden, override, limiter: { policy } }: OpenBucket): Head {
  return { policyName, isOverridden, override, policy };
}

function isSameHead(head: Head | undefined, bucket: OpenBucket): boolean {
  if (!head) return false;
  const { policyName, isOverridden, override, policy } = headOf(bucket);
  // A policy is replaced as a whole, and so is what is known of an override.
  return (
    head.policy === policy &&
    head.policyName === policyName &&
    head.isOverridden === isOverridden &&
    head.override === override
  );
}
