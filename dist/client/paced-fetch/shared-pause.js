import { FIRST_LIMIT } from "../../core/limits/limit-name.js";
import { sleep } from "../transport/abort.js";
import { settledWithin } from "../transport/settled-within.js";
/**
 * For this long, a refusal that Sluice already knows is not sent again: within it, a whole crowd
 * gets its answers. After it, the pause may have been lifted, and is sent again.
 */
const CROWD_MS = 1_000;
/**
 * Answers state resets in whole seconds from now: in a later answer, the same reset may appear up
 * to a second later, and is not news.
 */
const MAX_ROUNDING_MS = 1_000;
/**
 * A bucket whose clock is ahead, by less than the difference that is ignored, releases its callers
 * up to this much earlier.
 */
const MAX_EARLY_MS = 1_000;
/**
 * A refusal that comes this long after a pause, or as long after it as the pause lasted, is
 * unrelated to it.
 */
const FORGOTTEN_AFTER_MS = 60_000;
/** A call to Sluice that takes longer has died with the Worker request that started it. */
const MAX_SENDING_MS = 60_000;
/** One client's knowledge of the pause of one limit. */
export class SharedPause {
    #client;
    #bucket;
    #limit;
    #wanted = undefined;
    #sending = undefined;
    /** The pause last sent to Sluice, accepted or not. */
    #sent = undefined;
    /** The pause for the API's last refusal. */
    #refusal = undefined;
    /** The last pause that left no tokens, whether Sluice or this process enforces it. */
    #standstill = undefined;
    #heldUntilMs = 0;
    #snapshot = undefined;
    #hasWarned = false;
    #calls = 0;
    /** @param limit Name of the limit; by default, the bucket's first. */
    constructor(client, bucket, limit = FIRST_LIMIT) {
        this.#client = client;
        this.#bucket = bucket;
        this.#limit = limit;
    }
    /** How long the callers of this process still have to wait here, in milliseconds. */
    heldMs() {
        return Math.max(0, Math.ceil(this.#heldUntilMs - performance.now()));
    }
    /**
     * Resolves when the callers of this process no longer have to wait here: when Sluice has the
     * pause, or when it is over. Rejects with the signal's reason if `signal` aborts first.
     */
    async released(signal) {
        for (;;) {
            const heldMs = this.heldMs();
            if (heldMs === 0)
                return;
            await (this.#sending
                ? settledWithin(this.#sending.done, heldMs, signal)
                : sleep(heldMs, signal));
        }
    }
    /**
     * Whether a token requested at `askedAtMs` predates a pause that isn't over, and so doesn't
     * count.
     */
    hasBegunSince(askedAtMs) {
        const { startMs, endMs } = this.#standstill ?? { startMs: 0, endMs: 0 };
        return startMs > askedAtMs && endMs > performance.now();
    }
    /** Registers a call that may read and report the pause, until `leave`. */
    join() {
        this.#calls += 1;
    }
    leave() {
        this.#calls -= 1;
    }
    /** Whether there is no state left to keep. */
    isOver() {
        if (this.#calls > 0 || this.#sending)
            return false;
        const nowMs = performance.now();
        const isForgotten = !this.#refusal || forgottenAtMs(this.#refusal) <= nowMs;
        return isForgotten && this.#heldUntilMs <= nowMs && (this.#sent?.endMs ?? 0) <= nowMs;
    }
    /** The bucket's `maxWaitMs`, in milliseconds, as Sluice last reported it. */
    get maxWaitMs() {
        return this.#snapshot?.policy.maxWaitMs;
    }
    /**
     * How long to pause if the API asks for `wantedMs` in answer to a request sent at `sentAtMs`: at
     * least twice the last pause, if the request was sent after that pause and nothing has got
     * through since.
     */
    lengthOf(wantedMs, sentAtMs) {
        const last = this.#refusal;
        if (!last || !isAfter(sentAtMs, last) || sentAtMs >= forgottenAtMs(last))
            return wantedMs;
        return Math.max(wantedMs, 2 * (last.endMs - last.startMs));
    }
    /** Records that the API accepted a request sent at `sentAtMs`. */
    gotThrough(sentAtMs) {
        if (this.#refusal && isAfter(sentAtMs, this.#refusal))
            this.#refusal = undefined;
    }
    /**
     * Records that the API has refused and must not be called for this long. The callers of this
     * process are held at once, and released into the bucket's queue once Sluice has the pause.
     * Resolves when it has, or when its failure was reported; never rejects.
     */
    refuse(request) {
        const pause = pauseOf(request);
        const sent = this.#sent;
        const isNews = !sent || sent.startMs <= pause.startMs - CROWD_MS || !covers(sent, pause, 0);
        if (!isNews)
            return this.#sending?.done ?? Promise.resolve();
        this.#refusal = pause;
        return this.#begin(pause, request);
    }
    /**
     * Records that the API accepts no more than `request.tokens` for this long. Resolves as `refuse`
     * does. With 0 tokens, the callers of this process are held; with more, if Sluice can't take the
     * pause, requests beyond them will be refused by the API.
     */
    lower(request) {
        const pause = pauseOf(request);
        const roundingMs = Math.min(MAX_ROUNDING_MS, request.durationMs / 2);
        const isNews = !this.#sent || !covers(this.#sent, pause, roundingMs);
        if (!isNews)
            return this.#sending?.done ?? Promise.resolve();
        return this.#begin(pause, request);
    }
    #begin(pause, { aheadMs, onFailed }) {
        const { startMs, endMs, tokens } = pause;
        if (tokens === 0) {
            const lastEndMs = this.#standstill?.endMs ?? 0;
            this.#standstill = { startMs, endMs: Math.max(endMs, lastEndMs), tokens };
            this.#heldUntilMs = Math.max(this.#heldUntilMs, endMs);
        }
        const wanted = this.#wanted;
        this.#wanted = {
            endMs: Math.max(endMs, wanted?.endMs ?? 0),
            tokens: Math.min(tokens, wanted?.tokens ?? Infinity),
            aheadMs,
            onFailed: new Set([...(wanted?.onFailed ?? []), onFailed]),
        };
        if (!this.#sending || this.#sending.startMs <= startMs - MAX_SENDING_MS) {
            this.#sending = { startMs, done: this.#sendAll() };
        }
        return this.#sending.done;
    }
    async #sendAll() {
        while (this.#wanted) {
            const wanted = this.#wanted;
            this.#wanted = undefined;
            const { endMs, tokens, aheadMs } = wanted;
            const untilMs = Math.round(endMs + aheadMs);
            const limits = this.#limit === FIRST_LIMIT ? undefined : [this.#limit];
            const pause = { untilMs, tokens, ...(limits && { limits }) };
            try {
                this.#snapshot = await this.#client.pause(this.#bucket, pause);
                if (this.#heldUntilMs <= endMs)
                    this.#heldUntilMs = 0;
            }
            catch (error) {
                void this.#report(error, pause, wanted.onFailed);
            }
            this.#sent = { startMs: performance.now(), endMs, tokens };
        }
        this.#sending = undefined;
    }
    async #report(error, pause, onFailed) {
        const bucket = this.#bucket;
        const isForbidden = lacksRight(error);
        if (isForbidden && !this.#hasWarned) {
            this.#hasWarned = true;
            console.warn(`Cannot pause bucket "${bucket}" for other processes; callers in this one wait. ` +
                `Give the client a token with the right "pause" on it (${String(error)})`);
        }
        for (const report of onFailed) {
            try {
                if (report)
                    await report(error, { ...pause, bucket });
                else if (!isForbidden) {
                    console.error(`Cannot pause bucket "${bucket}"; callers in this process wait:`, error);
                }
            }
            catch (fault) {
                console.error(fault);
            }
        }
    }
}
function pauseOf({ durationMs, tokens }) {
    const startMs = performance.now();
    return { startMs, endMs: startMs + durationMs, tokens };
}
/** Whether the pause `sent` implies `other`, up to `roundingMs`. */
function covers(sent, other, roundingMs) {
    return sent.endMs >= other.endMs - roundingMs && sent.tokens <= other.tokens;
}
/** Whether a request sent at `sentAtMs` was sent after the pause was over, by Sluice's clock. */
function isAfter(sentAtMs, { startMs, endMs }) {
    return sentAtMs > startMs && sentAtMs >= endMs - MAX_EARLY_MS;
}
function forgottenAtMs({ startMs, endMs }) {
    return endMs + Math.max(endMs - startMs, FORGOTTEN_AFTER_MS);
}
/** Matched by its properties: over RPC it isn't an instance of this package's class. */
function lacksRight(error) {
    const { status, reason } = (error ?? {});
    return status === 401 || status === 403 || reason === "unauthorized";
}
