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
import type { AcquireCall } from "../wire/acquire-call.ts";
import type { DryRunAnswer, PolicyBefore, PolicyChange } from "../wire/bucket-answers.ts";
import type { PlaceFollower } from "../wire/acquire-lines.ts";
import type { BucketCaller, BucketDeployment } from "./bucket-stub.ts";
import type { BucketFiles } from "./config/bucket-files.ts";
import type { PauseAnswer } from "../wire/bucket-answers.ts";
import type { BucketHost } from "../bucket/bucket-host.ts";

import { holdFaults } from "../core/ask.ts";
import { askFaults, costOf, tokensOf } from "../core/limits/cost.ts";
import { FIRST_LIMIT } from "../core/limits/limit-name.ts";
import { acquireResponse } from "../answers/acquire-response.ts";
import { BucketStub } from "./bucket-stub.ts";
import { ofUnusedBucket } from "../bucket/unused-bucket.ts";

/** See `BucketStub`. */
export class FiledBucket extends BucketStub {
  readonly #files: BucketFiles;

  constructor(
    deployment: BucketDeployment,
    name: string,
    policy: NamedPolicyFields,
    caller: BucketCaller | undefined,
    files: BucketFiles,
  ) {
    super(deployment, name, policy, caller);
    this.#files = files;
  }

  override acquire(ask: Ask, follower?: PlaceFollower): Response | Promise<Response> {
    return this.#isInVain(ask) ? this.#acquireInVain(ask, follower) : super.acquire(ask, follower);
  }

  override acquireAtObject(ask: Ask, follower?: PlaceFollower): Response | Promise<Response> {
    if (this.#isInVain(ask)) return this.#acquireInVain(ask, follower);
    return super.acquireAtObject(ask, follower);
  }

  override async inspect(): Promise<BucketSnapshot> {
    const ask = (bucket: BucketHost): BucketSnapshot => bucket.inspect(this.name, this.policy);
    return (await this.#ofUnused(ask)) ?? (await super.inspect());
  }

  override async waiters(limit: number): Promise<QueuedWaiters> {
    const ask = (bucket: BucketHost): QueuedWaiters => {
      return bucket.operators.waiters(this.name, this.policy, limit);
    };
    return (await this.#ofUnused(ask)) ?? (await super.waiters(limit));
  }

  override async removeWaiter(id: string): Promise<boolean> {
    return !(await this.#files.isUnused(this.name)) && (await super.removeWaiter(id));
  }

  override async history(): Promise<BucketHistory> {
    return (await this.#ofUnused(({ history }) => history)) ?? (await super.history());
  }

  override async changePolicy(
    changes: Readonly<Record<string, unknown>>,
    note?: string,
  ): Promise<PolicyChange> {
    const ask = (bucket: BucketHost): PolicyChange => {
      return bucket.operators.changePolicy(this.name, this.policy, changes, note);
    };
    return (await this.#ofUnused(ask)) ?? (await super.changePolicy(changes, note));
  }

  override async dryRun(changes: Readonly<Record<string, unknown>>): Promise<DryRunAnswer> {
    const ask = (bucket: BucketHost): DryRunAnswer => {
      return bucket.operators.dryRun(this.name, this.policy, changes);
    };
    return (await this.#ofUnused(ask)) ?? (await super.dryRun(changes));
  }

  override async dryRunBack(to: PolicyBefore): Promise<DryRun | undefined> {
    return (await this.#files.isUnused(this.name)) ? undefined : super.dryRunBack(to);
  }

  override async dropOverride(to: PolicyBefore): Promise<BucketSnapshot | undefined> {
    return (await this.#files.isUnused(this.name)) ? undefined : super.dropOverride(to);
  }

  override async pause(pause: Pause): Promise<PauseAnswer> {
    const ask = (bucket: BucketHost): PauseAnswer => bucket.pause(this.name, this.policy, pause);
    return (await this.#ofUnused(ask)) ?? (await super.pause(pause));
  }

  override async resume(limits?: readonly string[]): Promise<PauseAnswer> {
    const ask = (bucket: BucketHost): PauseAnswer => bucket.resume(this.name, this.policy, limits);
    return (await this.#ofUnused(ask)) ?? (await super.resume(limits));
  }

  override async changeHold(id: string, call: HoldCall): Promise<HoldAnswer> {
    const ask = (bucket: BucketHost): HoldAnswer => {
      return bucket.changeHold(this.name, this.policy, id, call);
    };
    return (await this.#ofUnused(ask)) ?? (await super.changeHold(id, call));
  }

  override async dropHold(id: string): Promise<HoldAnswer> {
    const ask = (bucket: BucketHost): HoldAnswer => bucket.dropHold(this.name, this.policy, id);
    return (await this.#ofUnused(ask)) ?? (await super.dropHold(id));
  }

  override async extendPermit(id: string): Promise<PermitAnswer> {
    const ask = (bucket: BucketHost): PermitAnswer => {
      return bucket.extendPermit(this.name, this.policy, id);
    };
    return (await this.#ofUnused(ask)) ?? (await super.extendPermit(id));
  }

  override async releasePermit(id: string): Promise<void> {
    if (!(await this.#files.isUnused(this.name))) await super.releasePermit(id);
  }

  override async reset(): Promise<void> {
    if (!(await this.#files.isUnused(this.name))) await super.reset();
  }

  /** Any other request uses the bucket, whatever the answer is. */
  #isInVain(ask: Ask): boolean {
    const { limits: others = {}, ...first } = this.policy;
    if (Number(ask.timeoutMs) > first.maxWaitMs) return true;
    if (holdFaults(first.hold, ask).length > 0) return true;
    const limits = Object.entries({ [FIRST_LIMIT]: first, ...others }).map(([name, limit]) => {
      return { name, capacity: limit.capacity };
    });
    const cost = costOf(limits, ask);
    const isOver = limits.some(({ capacity }, index) => tokensOf(cost, index) > capacity);
    return isOver || askFaults(limits, ask).length > 0;
  }

  /** The configured policy refuses this request; only the bucket's own policy might not. */
  async #acquireInVain(ask: Ask, follower: PlaceFollower | undefined): Promise<Response> {
    const call: AcquireCall = { bucket: this.name, policy: this.policy, ...ask };
    const refusal = await this.#ofUnused((bucket) => {
      let response: Response | undefined;
      bucket.acquire(call, { answered: (answer) => (response = acquireResponse(answer)) });
      return response;
    });
    return refusal ?? (await super.acquireAtObject(ask, follower));
  }

  async #ofUnused<Answer>(
    ask: (bucket: BucketHost) => Answer | undefined,
  ): Promise<Answer | undefined> {
    return (await this.#files.isUnused(this.name)) ? ofUnusedBucket(ask) : undefined;
  }
}
