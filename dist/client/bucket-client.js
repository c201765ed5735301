import { membersOf } from "../core/is-record.js";
import { checkBucketInPath, checkCallOptions, checkDropOverrideOptions, checkListBucketsOptions, checkListOptions, checkOverrideOptions, checkPause, checkPolicy, checkWaiterId, } from "./arguments.js";
import { pathOf } from "./path.js";
import { unexpectedAnswer } from "./transport/answer.js";
/** Status of a call that has nothing to say. */
const NO_CONTENT = 204;
/** Status of the answer that there is no such waiter. */
const NOT_FOUND = 404;
/** Makes the calls for buckets. */
export class BucketClient {
    #calls;
    constructor(calls) {
        this.#calls = calls;
    }
    async inspect(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkCallOptions(options);
        return this.#snapshot({ method: "GET", path: pathOf(bucket) }, options);
    }
    async setPolicy(bucket, policy, options = {}) {
        checkBucketInPath(bucket);
        checkPolicy(policy);
        checkOverrideOptions(options);
        const { note, signal } = options;
        const body = note === undefined ? policy : { ...policy, note };
        return this.#snapshot({ method: "PUT", path: pathOf(bucket), body }, { signal });
    }
    async dryRun(bucket, policy, options = {}) {
        checkBucketInPath(bucket);
        checkPolicy(policy);
        checkCallOptions(options);
        const path = `${pathOf(bucket)}/dry-run`;
        const call = { method: "POST", path, body: policy };
        const { status, body } = await this.#call(call, options);
        if (isDryRun(body))
            return body;
        throw unexpectedAnswer(status, body);
    }
    async dropOverride(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkDropOverrideOptions(options);
        const { to = "configured", signal } = options;
        const path = `${pathOf(bucket)}/policy?to=${to}`;
        return this.#snapshot({ method: "DELETE", path }, { signal });
    }
    async reset(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkCallOptions(options);
        const { status, body } = await this.#call({ method: "DELETE", path: pathOf(bucket) }, options);
        // An intermediary's HTML page with status 200 hasn't reset anything.
        if (status !== NO_CONTENT)
            throw unexpectedAnswer(status, body);
    }
    async pause(bucket, pause, options = {}) {
        checkBucketInPath(bucket);
        checkPause(pause);
        checkCallOptions(options);
        const path = `${pathOf(bucket)}/pause`;
        return this.#snapshot({ method: "POST", path, body: pause }, options);
    }
    async listBuckets(options = {}) {
        checkListBucketsOptions(options);
        const { signal, ...asked } = options;
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(asked)) {
            if (value !== undefined)
                query.set(name, String(value));
        }
        const path = query.size === 0 ? "/buckets" : `/buckets?${query.toString()}`;
        const { status, body } = await this.#call({ method: "GET", path }, { signal });
        if (isListOfBuckets(body))
            return body;
        throw unexpectedAnswer(status, body);
    }
    async history(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkCallOptions(options);
        const path = `${pathOf(bucket)}/history`;
        const { status, body } = await this.#call({ method: "GET", path }, options);
        if (isHistory(body))
            return body;
        throw unexpectedAnswer(status, body);
    }
    async listWaiters(bucket, options = {}) {
        checkBucketInPath(bucket);
        checkListOptions(options);
        const { limit, signal } = options;
        const query = limit === undefined ? "" : `?limit=${limit}`;
        const path = `${pathOf(bucket)}/waiters${query}`;
        const { status, body } = await this.#call({ method: "GET", path }, { signal });
        if (isListOfWaiters(body))
            return body;
        throw unexpectedAnswer(status, body);
    }
    async removeWaiter(bucket, id, options = {}) {
        checkBucketInPath(bucket);
        checkWaiterId(id);
        checkCallOptions(options);
        const path = `${pathOf(bucket)}/waiters/${encodeURIComponent(id)}`;
        const expected = ["unknown-waiter"];
        const { status, body } = await this.#call({ method: "DELETE", path }, options, expected);
        if (status !== NO_CONTENT && status !== NOT_FOUND)
            throw unexpectedAnswer(status, body);
        return status === NO_CONTENT;
    }
    async #snapshot(call, options) {
        const answer = await this.#call(call, options);
        if (isSnapshot(answer.body))
            return answer.body;
        throw unexpectedAnswer(answer.status, answer.body);
    }
    #call(call, { signal }, expected = []) {
        return this.#calls.send({ ...call, headers: {} }, { signal, expected });
    }
}
function isSnapshot(body) {
    const { bucket, policy, tokens } = membersOf(body);
    return typeof bucket === "string" && typeof policy === "object" && typeof tokens === "number";
}
function isListOfBuckets(body) {
    const { buckets, omitted } = membersOf(body);
    return Array.isArray(buckets) && typeof omitted === "number";
}
function isHistory(body) {
    const { intervalMs, points } = membersOf(body);
    return typeof intervalMs === "number" && Array.isArray(points);
}
function isListOfWaiters(body) {
    const { waiters, omitted } = membersOf(body);
    return Array.isArray(waiters) && typeof omitted === "number";
}
function isDryRun(body) {
    const { snapshot, refused, moved } = membersOf(body);
    return isSnapshot(snapshot) && Array.isArray(refused) && typeof moved === "number";
}
