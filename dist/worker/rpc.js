/**
 * The entrypoint for Workers of the same account, by a service binding:
 *
 *     [[services]]
 *     binding = "SLUICE"
 *     service = "sluice"
 *     entrypoint = "Sluice"
 *
 * The person who deploys the calling Worker has bound it to this one, so the binding itself grants the right
 * to acquire, read and pause, without an `API_TOKEN`. No address on the Internet leads here: the runtime, and
 * nothing in a request, decides which entrypoint is called.
 *
 * The methods are those of a client, with its checks, outcomes and errors: a Worker may take either. They call
 * what the HTTP calls call, so the two can't differ in what they allow and do. An acquire is held by a request
 * to the bucket's object, which notices when it is abandoned (it would not notice an abandoned RPC call), and
 * the object's response is read here, once.
 *
 * **A caller that disconnects** frees its place. Measured on workerd, with two Workers: when the client of
 * the calling Worker leaves, or the calling Worker answers without waiting, the runtime ends this call and
 * everything it has started, and the object knows within 2 ms. An `AbortSignal` works if the runtime can send
 * one over RPC (the compatibility flag `enable_abortsignal_rpc`, on both Workers; without it the call fails
 * with `DataCloneError`); `createClient({ service: env.SLUICE })` takes signals under any flags. Disposing of
 * the promise of a result does not work: nothing is notified.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { acquireOptions, checkAcquireOptions, checkAdminOptions, checkBucket, checkBucketInPath, checkCallOptions, checkDropOverrideOptions, checkHeldId, checkHoldChange, checkIdempotencyKey, checkListBucketsOptions, checkListOptions, checkOverrideOptions, checkPause, checkPolicy, checkWaiterId, tryAcquireOptions, } from "../client/arguments.js";
import { busySorts } from "../protocol/list-params.js";
import { holdOutcome, permitOutcome, settleOutcome } from "../core/holds/hold-outcome.js";
import { invalidRequestResponse } from "../answers/acquire-response.js";
import { boundRoutes } from "./app.js";
import { dropOverrideOf } from "./calls/drop-override.js";
import { tryChange } from "./calls/dry-run.js";
import { pauseBucket } from "./calls/pause.js";
import { changePolicy } from "./calls/set-policy.js";
import { listBusyBuckets } from "./calls/list-buckets.js";
import { DEFAULT_LIST_LIMIT } from "./http/list-params.js";
import { acquireTokens, callBucket, callService } from "./rpc-call.js";
/**
 * Sluice as bound Workers see it: the methods of `Client`, and the HTTP interface.
 *
 * Outcomes are values. If the bucket can't be reached, the outcome of an acquire is a refusal with the reason
 * `unavailable`. Match thrown errors by `name`: `SluiceError`, `RangeError`, `TypeError`.
 *
 * @example
 * const outcome = await env.SLUICE.acquire("exports", { timeoutMs: 5_000 });
 * if (!outcome.ok) return new Response(outcome.detail, { status: 429 });
 */
export class Sluice extends WorkerEntrypoint {
    /** The HTTP interface. Admin calls need an `ADMIN_TOKEN` here, too. */
    fetch(request) {
        return boundRoutes.fetch(request, this.env, this.ctx);
    }
    /**
     * See `Client.acquire`. Sends no key unless the caller passes one: connections between the two Workers
     * don't break, and this Worker handles failures between itself and the bucket.
     */
    async acquire(bucket, options = {}) {
        checkBucket(bucket);
        checkAcquireOptions(options, acquireOptions);
        return acquireTokens(this.env, bucket, options);
    }
    /** See `Client.tryAcquire`. */
    async tryAcquire(bucket, options = {}) {
        checkBucket(bucket);
        checkAcquireOptions(options, tryAcquireOptions);
        return acquireTokens(this.env, bucket, { ...options, timeoutMs: 0 });
    }
    /** See `Client.cancel`. */
    async cancel(bucket, idempotencyKey, options = {}) {
        checkBucket(bucket);
        checkIdempotencyKey(idempotencyKey);
        checkCallOptions(options);
        const call = { right: "acquire", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.cancel(idempotencyKey));
    }
    /** See `Client.inspect`. */
    async inspect(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkCallOptions(options);
        const call = { right: "read", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.inspect());
    }
    /** See `Client.setPolicy`. */
    async setPolicy(bucket, policy, options = {}) {
        checkBucketInPath(bucket);
        checkPolicy(policy);
        checkOverrideOptions(options, ["token"]);
        const { note, ...others } = options;
        const changes = withoutUndefined({ ...policy, note });
        const call = { right: "admin", bucket, ...others };
        return callBucket(this.env, call, (stub) => changePolicy(stub, changes));
    }
    /** See `Client.dryRun`. */
    async dryRun(bucket, policy, options = {}) {
        checkBucketInPath(bucket);
        checkPolicy(policy);
        checkAdminOptions(options);
        const changes = withoutUndefined(policy);
        const call = { right: "admin", bucket, ...options };
        return callBucket(this.env, call, (stub) => tryChange(stub, changes));
    }
    /** See `Client.dropOverride`. */
    async dropOverride(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkDropOverrideOptions(options, ["token"]);
        const { to = "configured", ...others } = options;
        const call = { right: "admin", bucket, ...others };
        return callBucket(this.env, call, (stub) => dropOverrideOf(stub, bucket, to));
    }
    /** See `Client.reset`. */
    async reset(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkAdminOptions(options);
        const call = { right: "admin", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.reset());
    }
    /** See `Client.pause`. */
    async pause(bucket, pause, options = {}) {
        checkBucketInPath(bucket);
        checkPause(pause);
        checkAdminOptions(options);
        const fields = withoutUndefined(pause);
        const call = { right: "pause", bucket, ...options };
        return callBucket(this.env, call, (stub, scopes) => pauseBucket(stub, bucket, scopes, fields));
    }
    /** See `Client.listBuckets`. */
    async listBuckets(options = {}) {
        checkListBucketsOptions(options);
        const [defaultSort] = busySorts;
        const { prefix = "", sort = defaultSort, limit = DEFAULT_LIST_LIMIT } = options;
        const params = { prefix, sort, limit, hasRecent: options.recent === true };
        const { signal } = options;
        const call = { right: "read", ...(signal && { signal }) };
        return callService(this.env, call, (deployment, scopes) => {
            return listBusyBuckets(deployment, scopes, params);
        });
    }
    /** See `Client.history`. */
    async history(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkCallOptions(options);
        const call = { right: "read", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.history());
    }
    /** See `Client.listWaiters`. */
    async listWaiters(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkListOptions(options);
        const { limit = DEFAULT_LIST_LIMIT, ...others } = options;
        const call = { right: "read", bucket, ...others };
        return callBucket(this.env, call, (stub) => stub.waiters(limit));
    }
    /** See `Client.removeWaiter`. */
    async removeWaiter(bucket, id, options = {}) {
        checkBucketInPath(bucket);
        checkWaiterId(id);
        checkAdminOptions(options);
        const call = { right: "admin", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.removeWaiter(id));
    }
    /** See `Client.settleHold`. */
    async settleHold(bucket, id, used, options = {}) {
        const answer = await this.#changeHold(bucket, id, { used }, options);
        return settleOutcome(answer);
    }
    /** See `Client.spendHold`. */
    async spendHold(bucket, id, atLeast, options = {}) {
        return holdOutcome(await this.#changeHold(bucket, id, { atLeast }, options));
    }
    /** See `Client.extendHold`. */
    async extendHold(bucket, id, extendMs, options = {}) {
        return holdOutcome(await this.#changeHold(bucket, id, { extendMs }, options));
    }
    /** See `Client.dropHold`. */
    async dropHold(bucket, id, options = {}) {
        checkHolder(bucket, id, options);
        const call = { right: "acquire", bucket, ...options };
        return settleOutcome(await callBucket(this.env, call, (stub) => refusing(stub.dropHold(id))));
    }
    /** See `Client.extendPermit`. */
    async extendPermit(bucket, id, options = {}) {
        checkHolder(bucket, id, options);
        const call = { right: "acquire", bucket, ...options };
        return permitOutcome(await callBucket(this.env, call, (stub) => stub.extendPermit(id)));
    }
    /** See `Client.releasePermit`. */
    async releasePermit(bucket, id, options = {}) {
        checkHolder(bucket, id, options);
        const call = { right: "acquire", bucket, ...options };
        return callBucket(this.env, call, (stub) => stub.releasePermit(id));
    }
    #changeHold(bucket, id, call, options) {
        checkHolder(bucket, id, options);
        checkHoldChange(call);
        const asked = { right: "acquire", bucket, ...options };
        return callBucket(this.env, asked, (stub) => refusing(stub.changeHold(id, call)));
    }
}
function checkHolder(bucket, id, options) {
    checkBucketInPath(bucket);
    checkHeldId(id);
    checkCallOptions(options);
}
/** An answer to a holder; or the refusal, if its call was wrong. */
async function refusing(answering) {
    const answer = await answering;
    return answer.kind === "invalid" ? invalidRequestResponse(answer.errors) : answer;
}
/** Fields as JSON has them: one that is `undefined` is left out. */
function withoutUndefined(fields) {
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
