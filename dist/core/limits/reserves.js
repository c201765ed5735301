import { ReservedTokens } from "./reserved-tokens.js";
/** What of one limit isn't spent yet. */
export function unspentOf({ reserved, spent }) {
    return Math.max(0, reserved - spent);
}
/** The accounts of one bucket. A limit of which no hold has taken any may have none. */
export class Reserves {
    #accounts = new Map();
    /** @param writtenOff What `toJSON` returned. */
    constructor(writtenOff = {}) {
        for (const [name, mark] of Object.entries(writtenOff)) {
            this.#accounts.set(name, new ReservedTokens(mark));
        }
    }
    /** Others in the same state. */
    copy() {
        const copy = new Reserves();
        for (const [name, account] of this.#accounts)
            copy.#accounts.set(name, account.copy());
        return copy;
    }
    /** The account of the limit called `name`. */
    of(name) {
        let account = this.#accounts.get(name);
        if (!account)
            this.#accounts.set(name, (account = new ReservedTokens()));
        return account;
    }
    /** What may still come back of `holds` to a limit as it is on the disk, too. */
    restore(name, { reachedAtMs }, holds) {
        const account = this.of(name);
        const ofLimit = holds.flatMap(({ limits, settlement, expiresAtMs }) => {
            const part = limits[name];
            // One that had ended before the last tick reserved nothing any more when that came in.
            const isOpen = !settlement && expiresAtMs > reachedAtMs;
            return part ? [{ ...part, isOpen }] : [];
        });
        for (const part of ofLimit.toSorted((one, two) => one.start - two.start)) {
            const unspent = part.isOpen ? unspentOf(part) : 0;
            account.restore(part.start, part.reserved, unspent);
        }
    }
    /** A hold has ended, and its tokens are spent. */
    end({ limits }) {
        for (const [name, { start }] of Object.entries(limits))
            this.of(name).remove(start);
    }
    /** Nothing comes back to any other limit, nor to a later one of its name. */
    keepOnly(names) {
        for (const [name, { nextNumber }] of this.#accounts) {
            if (!names.includes(name))
                this.#accounts.set(name, new ReservedTokens(nextNumber));
        }
    }
    /**
     * Lets time pass for a limit, and writes off what there is no room for. Where a lease ends, ticks find more
     * room, so what they had made good before is written off first.
     */
    advance(name, limit, nowMs) {
        const account = this.#accounts.get(name);
        if (account && account.tokens > 0) {
            for (const { untilMs } of limit.lent?.toJSON() ?? []) {
                if (untilMs > nowMs)
                    break;
                limit.advance(untilMs - 1);
                account.writeOff(Math.max(0, limit.missing));
            }
        }
        limit.advance(nowMs);
        account?.writeOff(Math.max(0, limit.missing));
    }
    /** The mark of each account, for the constructor. */
    toJSON() {
        return Object.fromEntries([...this.#accounts].map(([name, { writtenOff }]) => [name, writtenOff]));
    }
}
