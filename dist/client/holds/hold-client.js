import { checkBucketInPath, checkCallOptions, checkHeldId, checkHoldChange } from "../arguments.js";
import { BucketClient } from "../bucket-client.js";
import { pathOf } from "../path.js";
import { unexpectedAnswer } from "../transport/answer.js";
import { holdOutcomeIn, permitOutcomeIn, settleOutcomeIn } from "./held-answers.js";
/** Reasons that these calls resolve with. */
const expected = ["unknown-hold", "hold-settled", "permit-lost"];
/** Status of a release. */
const NO_CONTENT = 204;
/** Makes the calls for holds and permits. */
export class HoldClient extends BucketClient {
    #calls;
    #sessions;
    constructor(calls, sessions) {
        super(calls);
        this.#calls = calls;
        this.#sessions = sessions;
    }
    async settleHold(bucket, id, used, options = {}) {
        const message = { op: "settle", hold: id, used };
        return settleOutcomeIn(await this.#change(bucket, id, { used }, options, message));
    }
    async spendHold(bucket, id, atLeast, options = {}) {
        return holdOutcomeIn(await this.#change(bucket, id, { atLeast }, options));
    }
    async extendHold(bucket, id, extendMs, options = {}) {
        return holdOutcomeIn(await this.#change(bucket, id, { extendMs }, options));
    }
    async dropHold(bucket, id, options = {}) {
        const call = { method: "DELETE", kind: "holds", id };
        return settleOutcomeIn(await this.#send(bucket, call, options));
    }
    async extendPermit(bucket, id, options = {}) {
        const message = { op: "extend", permit: id };
        const call = { method: "PUT", kind: "permits", id };
        return permitOutcomeIn(await this.#send(bucket, call, options, message));
    }
    async releasePermit(bucket, id, options = {}) {
        const message = { op: "release", permit: id };
        const call = { method: "DELETE", kind: "permits", id };
        const { status, body } = await this.#send(bucket, call, options, message);
        if (status !== NO_CONTENT)
            throw unexpectedAnswer(status, body);
    }
    #change(bucket, id, body, options, message) {
        checkHoldChange(body);
        return this.#send(bucket, { method: "POST", kind: "holds", id, body }, options, message);
    }
    /** @param message The same call on a session, if it can be made there. */
    #send(bucket, { method, kind, id, body }, options, message) {
        checkBucketInPath(bucket);
        checkHeldId(id);
        checkCallOptions(options);
        const path = `${pathOf(bucket)}/${kind}/${id}`;
        const call = { method, path, headers: {}, ...(body && { body }) };
        const sessions = message && this.#sessions;
        return this.#calls.send(call, {
            ...options,
            expected,
            ...(sessions && { onSession: (attempt) => sessions.call(bucket, message, attempt) }),
        });
    }
}
