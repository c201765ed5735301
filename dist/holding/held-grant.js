import { onAbort } from "../on-abort.js";
import { KeptHold } from "./kept-hold.js";
import { KeptPermit } from "./kept-permit.js";
import { checkUsed } from "./used-tokens.js";
/** Keeps what a grant left open until `end`. */
export class HeldGrant {
    #grant;
    #hold;
    #permit;
    #report;
    #controller = new AbortController();
    #stopListening;
    /** Resolves once the grant has ended. Never rejects. */
    ended;
    #resolveEnded = () => undefined;
    #isEnding = false;
    constructor(grant, { verbs, askedAtMs, holdMs, signal, report }) {
        const { hold, permit } = grant;
        const lose = (error) => this.#controller.abort(error);
        this.ended = new Promise((resolve) => {
            this.#resolveEnded = resolve;
        });
        this.#grant = grant;
        this.#report = report;
        this.#hold = hold && holdMs !== undefined ? new KeptHold(hold, verbs, holdMs) : undefined;
        this.#permit = permit && new KeptPermit({ ...grant, permit }, verbs, askedAtMs, lose);
        const leave = () => this.#controller.abort(signal?.reason);
        if (signal?.aborted)
            leave();
        this.#stopListening = signal && onAbort(signal, leave);
    }
    /** Aborts when the caller's signal does, and when the permit is lost. */
    get signal() {
        return this.#controller.signal;
    }
    /**
     * So much was used so far. The last call counts; once the grant has ended, none does.
     *
     * @throws {RangeError} If the hold can't have been used so.
     * @throws {TypeError} If there is no hold.
     */
    used(tokens) {
        if (this.#grant.isUnmetered)
            return;
        if (!this.#hold)
            throw new TypeError("used needs a hold: ask for one with holdMs");
        this.#hold.use(checkUsed(tokens, this.#grant));
    }
    /** Settles the hold and gives the permit back; once, however often it is called. See `ended`. */
    end() {
        if (this.#isEnding)
            return;
        this.#isEnding = true;
        void this.#end();
    }
    async #end() {
        this.#stopListening?.();
        const ends = await Promise.allSettled([this.#hold?.settle(), this.#permit?.release()]);
        for (const each of ends)
            if (each.status === "rejected")
                this.#report(each.reason);
        this.#resolveEnded();
    }
}
