import { holdFaults } from "../core/ask.js";
import { askFaults, costOf, tokensOf } from "../core/limits/cost.js";
import { FIRST_LIMIT } from "../core/limits/limit-name.js";
import { acquireResponse } from "../answers/acquire-response.js";
import { BucketStub } from "./bucket-stub.js";
import { ofUnusedBucket } from "../bucket/unused-bucket.js";
/** See `BucketStub`. */
export class FiledBucket extends BucketStub {
    #files;
    constructor(deployment, name, policy, caller, files) {
        super(deployment, name, policy, caller);
        this.#files = files;
    }
    acquire(ask, follower) {
        return this.#isInVain(ask) ? this.#acquireInVain(ask, follower) : super.acquire(ask, follower);
    }
    acquireAtObject(ask, follower) {
        if (this.#isInVain(ask))
            return this.#acquireInVain(ask, follower);
        return super.acquireAtObject(ask, follower);
    }
    async inspect() {
        const ask = (bucket) => bucket.inspect(this.name, this.policy);
        return (await this.#ofUnused(ask)) ?? (await super.inspect());
    }
    async waiters(limit) {
        const ask = (bucket) => {
            return bucket.operators.waiters(this.name, this.policy, limit);
        };
        return (await this.#ofUnused(ask)) ?? (await super.waiters(limit));
    }
    async removeWaiter(id) {
        return !(await this.#files.isUnused(this.name)) && (await super.removeWaiter(id));
    }
    async history() {
        return (await this.#ofUnused(({ history }) => history)) ?? (await super.history());
    }
    async changePolicy(changes, note) {
        const ask = (bucket) => {
            return bucket.operators.changePolicy(this.name, this.policy, changes, note);
        };
        return (await this.#ofUnused(ask)) ?? (await super.changePolicy(changes, note));
    }
    async dryRun(changes) {
        const ask = (bucket) => {
            return bucket.operators.dryRun(this.name, this.policy, changes);
        };
        return (await this.#ofUnused(ask)) ?? (await super.dryRun(changes));
    }
    async dryRunBack(to) {
        return (await this.#files.isUnused(this.name)) ? undefined : super.dryRunBack(to);
    }
    async dropOverride(to) {
        return (await this.#files.isUnused(this.name)) ? undefined : super.dropOverride(to);
    }
    async pause(pause) {
        const ask = (bucket) => bucket.pause(this.name, this.policy, pause);
        return (await this.#ofUnused(ask)) ?? (await super.pause(pause));
    }
    async resume(limits) {
        const ask = (bucket) => bucket.resume(this.name, this.policy, limits);
        return (await this.#ofUnused(ask)) ?? (await super.resume(limits));
    }
    async changeHold(id, call) {
        const ask = (bucket) => {
            return bucket.changeHold(this.name, this.policy, id, call);
        };
        return (await this.#ofUnused(ask)) ?? (await super.changeHold(id, call));
    }
    async dropHold(id) {
        const ask = (bucket) => bucket.dropHold(this.name, this.policy, id);
        return (await this.#ofUnused(ask)) ?? (await super.dropHold(id));
    }
    async extendPermit(id) {
        const ask = (bucket) => {
            return bucket.extendPermit(this.name, this.policy, id);
        };
        return (await this.#ofUnused(ask)) ?? (await super.extendPermit(id));
    }
    async releasePermit(id) {
        if (!(await this.#files.isUnused(this.name)))
            await super.releasePermit(id);
    }
    async reset() {
        if (!(await this.#files.isUnused(this.name)))
            await super.reset();
    }
    /** Any other request uses the bucket, whatever the answer is. */
    #isInVain(ask) {
        const { limits: others = {}, ...first } = this.policy;
        if (Number(ask.timeoutMs) > first.maxWaitMs)
            return true;
        if (holdFaults(first.hold, ask).length > 0)
            return true;
        const limits = Object.entries({ [FIRST_LIMIT]: first, ...others }).map(([name, limit]) => {
            return { name, capacity: limit.capacity };
        });
        const cost = costOf(limits, ask);
        const isOver = limits.some(({ capacity }, index) => tokensOf(cost, index) > capacity);
        return isOver || askFaults(limits, ask).length > 0;
    }
    /** The configured policy refuses this request; only the bucket's own policy might not. */
    async #acquireInVain(ask, follower) {
        const call = { bucket: this.name, policy: this.policy, ...ask };
        const refusal = await this.#ofUnused((bucket) => {
            let response;
            bucket.acquire(call, { answered: (answer) => (response = acquireResponse(answer)) });
            return response;
        });
        return refusal ?? (await super.acquireAtObject(ask, follower));
    }
    async #ofUnused(ask) {
        return (await this.#files.isUnused(this.name)) ? ofUnusedBucket(ask) : undefined;
    }
}
