/** How much a client asks of each bucket, as far as it matters for opening a session. */
/** A session pays from so many acquires under way at once. */
const MIN_UNDER_WAY = 4;
/** Or from so many that begin within a second. */
const MIN_PER_SECOND = 20;
const SECOND_MS = 1_000;
/** So many requests at once are about as many as a server likes to have from one client. */
const MAX_REQUESTS = 64;
/** Counts the acquires of each bucket. Remembers a bucket for a second after its last one at most. */
export class Traffic {
    #underWay = new Map();
    #begun = new Map();
    #secondAtMs = -Infinity;
    /** An acquire begins. Returns whether the bucket is busy enough for a session. */
    begin(bucket, nowMs) {
        if (nowMs - this.#secondAtMs >= SECOND_MS) {
            this.#begun.clear();
            this.#secondAtMs = nowMs;
        }
        const underWay = increase(this.#underWay, bucket);
        const begun = increase(this.#begun, bucket);
        return underWay >= MIN_UNDER_WAY || begun >= MIN_PER_SECOND;
    }
    /** Whether so many are under way that another one had better wait until a session is open. */
    isCrowded(bucket) {
        return (this.#underWay.get(bucket) ?? 0) > MAX_REQUESTS;
    }
    /** It has ended. */
    end(bucket) {
        const left = (this.#underWay.get(bucket) ?? 0) - 1;
        if (left > 0)
            this.#underWay.set(bucket, left);
        else
            this.#underWay.delete(bucket);
    }
}
function increase(counts, bucket) {
    const count = (counts.get(bucket) ?? 0) + 1;
    counts.set(bucket, count);
    return count;
}
