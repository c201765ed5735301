/**
 * A bucket whose file can be seen: as long as it has never been used, requests that take nothing are answered
 * without its object (unused-bucket.ts). What else needs the object and stores nothing, such as a watcher, leaves an
 * empty file, which is removed.
 */
import type { Ask } from "../core/ask.ts";
import type { HoldAnswer, HoldCall, PermitAnswer } from "../core/holds/hold-call.ts";
import type { Pause } from "../core/pause.ts";
import type { BucketHistory } from "../protocol/bucket-history.ts";
import type { BucketSnapshot, NamedPolicyFields } from "../protocol/bucket-snapshot.ts";
import type { DryRun, QueuedWaiters } from "../protocol/queued-waiter.ts";
import type { DryRunAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { BucketCaller, BucketDeployment } from "./bucket-stub.ts";
import type { BucketFiles } from "./config/bucket-files.ts";
import type { PauseAnswer } from "../wire/bucket-answers.ts";
import { BucketStub } from "./bucket-stub.ts";
/** See `BucketStub`. */
export declare class FiledBucket extends BucketStub {
    #private;
    constructor(deployment: BucketDeployment, name: string, policy: NamedPolicyFields, caller: BucketCaller | undefined, files: BucketFiles);
    acquire(ask: Ask, follower?: PlaceFollower): Response | Promise<Response>;
    acquireAtObject(ask: Ask, follower?: PlaceFollower): Response | Promise<Response>;
    inspect(): Promise<BucketSnapshot>;
    waiters(limit: number): Promise<QueuedWaiters>;
    removeWaiter(id: string): Promise<boolean>;
    history(): Promise<BucketHistory>;
    changePolicy(changes: Readonly<Record<string, unknown>>, note?: string): Promise<PolicyChange>;
    dryRun(changes: Readonly<Record<string, unknown>>): Promise<DryRunAnswer>;
    dryRunBack(to: PolicyBefore): Promise<DryRun | undefined>;
    dropOverride(to: PolicyBefore): Promise<BucketSnapshot | undefined>;
    pause(pause: Pause): Promise<PauseAnswer>;
    resume(limits?: readonly string[]): Promise<PauseAnswer>;
    changeHold(id: string, call: HoldCall): Promise<HoldAnswer>;
    dropHold(id: string): Promise<HoldAnswer>;
    extendPermit(id: string): Promise<PermitAnswer>;
    releasePermit(id: string): Promise<void>;
    reset(): Promise<void>;
}
