import { followedResponse } from "../../holding/followed-response.js";
import { KeptPermit } from "../../holding/kept-permit.js";
/** A permit until it is released. */
export class RequestPermit {
    #permit;
    #report;
    /** Resolves when it has been given back, or that has failed. */
    #released;
    #resolveReleased = () => undefined;
    constructor(permit, granted, keeper) {
        const { client, askedAtMs, report } = keeper;
        const { bucket } = granted;
        const verbs = {
            extendPermit: (id, signal) => client.extendPermit(bucket, id, { signal }),
            releasePermit: (id) => client.releasePermit(bucket, id),
        };
        // The request goes on if it is lost: what answers it knows nothing of permits.
        this.#permit = new KeptPermit({ ...granted, permit }, verbs, askedAtMs, report);
        this.#report = report;
        this.#released = new Promise((resolve) => {
            this.#resolveReleased = resolve;
        });
    }
    /** The permit of a grant; `undefined` if it has none. */
    static of(granted, keeper) {
        const { permit } = granted;
        return permit && new RequestPermit(permit, granted, keeper);
    }
    /** Gives it back. Resolves when that is done or has failed, which is reported; never rejects. */
    async release() {
        try {
            await this.#permit.release();
        }
        catch (error) {
            this.#report(error);
        }
        this.#resolveReleased();
    }
    /**
     * Returns `response` in a form that gives the permit back when its body has ended, in whatever way.
     *
     * @param waitUntil Keeps the runtime going until then.
     */
    releaseAfter(response, waitUntil) {
        const followed = followedResponse(response, undefined, () => void this.release());
        if (!followed)
            void this.release();
        waitUntil(this.#released);
        return followed ?? response;
    }
}
/** The response of `answer`, under a permit if there is one. */
export async function answerUnder(permit, waitUntil, answer) {
    if (!permit)
        return answer();
    try {
        return permit.releaseAfter(await answer(), waitUntil);
    }
    catch (error) {
        waitUntil(permit.release());
        throw error;
    }
}
