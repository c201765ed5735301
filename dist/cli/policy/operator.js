import { pathOf } from "../../client/path.js";
import { SluiceError } from "../../client/sluice-error.js";
import { unexpectedAnswer } from "../../client/transport/answer.js";
import { Connection } from "../../client/transport/connection.js";
import { RetriedCalls } from "../../client/transport/retried-calls.js";
import { membersOf } from "../../core/is-record.js";
import { listRange } from "../../protocol/list-params.js";
/** Time to go on trying when Sluice can't be reached, in milliseconds. */
const RETRY_FOR_MS = 10_000;
/** Each call throws a `SluiceError` if it is refused, or if Sluice can't be reached. */
export class Operator {
    #admin;
    #reader;
    #signal;
    constructor({ url, adminToken, token }, signal) {
        this.#admin = new RetriedCalls(new Connection({ url, token: adminToken }), RETRY_FOR_MS);
        this.#reader = new RetriedCalls(new Connection({ url, token }), RETRY_FOR_MS);
        this.#signal = signal;
    }
    policies() {
        return this.#call(this.#admin, "GET", "/policies", isKnownPolicies);
    }
    /** Those with the most waiters. */
    busyBuckets() {
        return this.#call(this.#reader, "GET", `/buckets?limit=${listRange.max}`, isBusyBuckets);
    }
    /** What `changes` would do; none of it is done. */
    dryRun(bucket, changes) {
        return this.#call(this.#admin, "POST", `${pathOf(bucket)}/dry-run`, isDryRun, changes);
    }
    override(bucket, changes) {
        return this.#call(this.#admin, "PUT", pathOf(bucket), isSnapshot, changes);
    }
    /** Takes the bucket's override back. */
    dropOverride(bucket, to) {
        const path = `${pathOf(bucket)}/policy?to=${to}`;
        return this.#call(this.#admin, "DELETE", path, isSnapshot);
    }
    async #call(calls, method, path, isExpected, body) {
        const call = { method, path, headers: {}, ...(body && { body }) };
        const answer = await calls.send(call, { signal: this.#signal }).catch((error) => {
            throw this.#named(error, calls);
        });
        if (isExpected(answer.body))
            return answer.body;
        throw unexpectedAnswer(answer.status, answer.body);
    }
    /** The error; if a key is missing or wrong, with the variable that it is read from. */
    #named(error, calls) {
        if (!(error instanceof SluiceError) || error.reason !== "unauthorized")
            return error;
        const { reason, detail, status } = error;
        const where = calls === this.#admin
            ? "an admin key is read from SLUICE_ADMIN_TOKEN"
            : "an API key that may read is read from SLUICE_TOKEN; an admin key can't read";
        return new SluiceError({ reason, detail: `${detail}; ${where}`, status, cause: error });
    }
}
function isKnownPolicies(body) {
    const { buckets, policies, overrides } = membersOf(body);
    return Array.isArray(buckets) && Array.isArray(policies) && Array.isArray(overrides);
}
function isBusyBuckets(body) {
    const { buckets, omitted } = membersOf(body);
    return Array.isArray(buckets) && typeof omitted === "number";
}
function isDryRun(body) {
    const { snapshot, refused, moved } = membersOf(body);
    return isSnapshot(snapshot) && Array.isArray(refused) && typeof moved === "number";
}
function isSnapshot(body) {
    const { bucket, policy } = membersOf(body);
    return typeof bucket === "string" && typeof policy === "object" && policy !== null;
}
