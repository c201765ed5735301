/**
 * How an object reports to the directory. Nothing waits for a report and none is repeated: one that is lost is made
 * good by the next. Its promise must not be kept by `waitUntil`: while that is pending, the object doesn't notice
 * callers that leave.
 */
import type { BusyReport } from "../directory/directory.ts";
import type { DirectoryNamespace } from "../directory/directory-stub.ts";
import type { KnownOverride } from "../protocol/known-override.ts";
import type { BucketDirectory } from "./platform.ts";
/** The reports of one object. */
export declare class DirectoryReports implements BucketDirectory {
    #private;
    constructor(objects: DirectoryNamespace);
    reportBusy(report: Omit<BusyReport, "shards">): void;
    busyEnded(bucket: string): void;
    noteOverride(bucket: string, override: KnownOverride | undefined): void;
}
