import { describe, expect, it } from "vitest";

import type { BusyReport } from "../../src/directory/directory.ts";
import type { DirectoryNamespace } from "../../src/directory/directory-stub.ts";

import { DirectoryReports } from "../../src/bucket/directory-reports.ts";
import { directoryName, shardOf } from "../../src/directory/shards.ts";

const bucket = "user:7";

const report: Omit<BusyReport, "shards"> = {
  bucket,
  policyName: "*",
  isOverridden: false,
  tokens: 0,
  capacity: 1,
  waiters: 2,
  grantedPerS: 1,
  refusedPerS: 0,
  waitP95Ms: 0,
  window: [10, 0, 2],
};

/** Shards that list the calls of which they know, and answer that there are `shards`. */
class Shards implements DirectoryNamespace {
  shards = 1;
  readonly calls: string[] = [];

  getByName = (name: string) => ({
    reportBusy: async ({ shards }: BusyReport) => {
      this.calls.push(`${name} reportBusy ${shards}`);
      return { shards: this.shards };
    },
    busyEnded: async () => void this.calls.push(`${name} busyEnded`),
    noteOverride: async () => void this.calls.push(`${name} noteOverride`),
  });
}

/** What is under way ends. */
async function settle() {
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

describe("DirectoryReports", () => {
  it("reports to the shard that the name picks among those that it has heard of", async () => {
    const directory = new Shards();
    const reports = new DirectoryReports(directory);
    directory.shards = 64;
    reports.reportBusy(report);
    await settle();
    directory.shards = 2;
    reports.reportBusy(report);
    await settle();
    reports.busyEnded(bucket);
    reports.noteOverride(bucket, undefined);
    await settle();
    const picked = directoryName(shardOf(bucket, 64));
    expect(directory.calls).toEqual([
      `${directoryName(0)} reportBusy 1`,
      `${picked} reportBusy 64`,
      `${picked} busyEnded`,
      `${directoryName(0)} noteOverride`,
    ]);
  });

  it("goes on if the directory is of a version that lacks the calls, or can't be found", async () => {
    const missing = async () => {
      throw new TypeError('The RPC receiver does not implement the method "reportBusy".');
    };
    const older = { reportBusy: missing, busyEnded: missing, noteOverride: missing };
    const nowhere = () => {
      throw new Error("Unknown namespace");
    };
    for (const getByName of [() => older, nowhere]) {
      const reports = new DirectoryReports({ getByName });
      expect(() => {
        reports.reportBusy(report);
        reports.busyEnded(bucket);
        reports.noteOverride(bucket, undefined);
      }).not.toThrow();
      // An unhandled rejection would fail the run.
      await settle();
    }
  });
});
