/**
 * How an object reports to the directory. Nothing waits for a report and none is repeated: one that is lost is made
 * good by the next. Its promise must not be kept by `waitUntil`: while that is pending, the object doesn't notice
 * callers that leave.
 */
import type { BusyReport } from "../directory/directory.ts";
import type { DirectoryNamespace } from "../directory/directory-stub.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { BucketDirectory } from "./platform.ts";

import { directoryName, legalShards, shardOf } from "../directory/shards.ts";

/** The reports of one object. */
export class DirectoryReports implements BucketDirectory {
  readonly #objects: DirectoryNamespace;
  /** How many shards the directory is known to have. */
  #shards = 1;

  constructor(objects: DirectoryNamespace) {
    this.#objects = objects;
  }

  reportBusy(report: Omit<BusyReport, "shards">): void {
    const { bucket } = report;
    this.#call(async () => {
      const shard = this.#objects.getByName(directoryName(shardOf(bucket, this.#shards)));
      const { shards } = await shard.reportBusy({ ...report, shards: this.#shards });
      this.#shards = Math.max(this.#shards, legalShards(shards));
    });
  }

  busyEnded(bucket: string): void {
    this.#call(async () => {
      await this.#objects.getByName(directoryName(shardOf(bucket, this.#shards))).busyEnded(bucket);
    });
  }

  noteOverride(bucket: string, override: KnownOverride | undefined): void {
    this.#call(async () => {
      await this.#objects.getByName(directoryName(0)).noteOverride(bucket, override);
    });
  }

  /** Fails silently: the directory may be restarting, or of a version that doesn't know the call. */
  #call(call: () => Promise<void>): void {
    call().catch(() => undefined);
  }
}
