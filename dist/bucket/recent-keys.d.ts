/**
 * Values remembered by key, in memory and for a while, bounded in time and in number; beyond that the oldest
 * entries are dropped. Every operation takes the same few steps at any size: entries are in the order in
 * which they were noted, so expired ones are at the front.
 */
/** Values by key. */
export declare class RecentKeys<Value> {
    #private;
    /**
     * @param keptMs How long an entry lasts, in milliseconds, inclusive.
     * @param maxKept Maximum number of entries.
     */
    constructor(keptMs: number, maxKept: number);
    /** Remembers `value` for `key` from now on, replacing an earlier value. */
    note(key: string, value: Value, nowMs: number): void;
    /** The value for `key`; `undefined` if there is none or it has expired. */
    find(key: string, nowMs: number): Value | undefined;
    forget(key: string): void;
    forgetAll(): void;
}
