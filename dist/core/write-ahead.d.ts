/**
 * The write-ahead batch: how grants stay durable for less than one write each.
 *
 * A grant must not leave before it is on the disk, or a crash would forget it and give its tokens out
 * again. So the disk is ahead: what is written is a bucket that holds a batch of tokens less
 * than the one in memory, as if they had been granted already. Grants out of the batch need no write.
 *
 * **The batch is a lease that the instance gives to itself.** On the disk, its tokens have left the
 * bucket and occupy it until the loan ends (see limits/token-bucket.ts). Let `u` be the bucket as it
 * would be without the grants since the write, and `B` the batch. The bucket on the disk is `u - B`
 * from then on, whatever comes in and whether it overflows or not, because its mark is lower by
 * exactly `B`. After `g` tokens have been granted, `u` is ahead of memory by at most `g`. So while `g
 * <= B` and the loan lasts, a restart from the disk finds a bucket that is no fuller than memory: some
 * tokens are lost, none are gained, and contract rule 8 holds across a crash at any point. A turn that
 * would go further writes first. A restart doesn't settle the batch: it occupies the bucket until its
 * loan ends, and then counts as spent.
 *
 * **Several restarts in a row cost no more than one.** Until the loans that a restart finds have
 * ended, its own batch is smaller by their tokens, and usually 0, so that each grant is written by
 * itself. What restarts have lost and what still occupies the bucket is therefore at most one batch,
 * however many restarts there were in those 20 seconds. (Some of what a restart finds may be out at
 * isolates. The two can't be told apart, so that counts as well, which costs a write more and no
 * token.)
 *
 * The batch of a token bucket may go below zero. It then spends future ticks in advance, and a restart
 * pays them off first. That of a limit which gets its tokens seldom may not: see `LimitKind.batchFrom`.
 *
 * **An old instance that lives on** after its object has moved can grant what is left of its batch and
 * nothing else, because anything more must be written, and the write fails. Nor do the two instances
 * together give too much. Let `n` be the new one's bucket, which began as the one on the disk, and `v`
 * a single bucket that both had taken from. Then `v - n >= B - g` for as long as the loan lasts. It
 * holds at the start, as shown above. A grant by the old instance lowers both sides alike. A grant by
 * the new one lowers both `v` and `n`. A tick preserves it: if `v` overflows, `v` is full, and `n` is
 * below its own mark, which is lower by `B`. So `v` always holds what the new instance has plus what
 * the old one may still grant, and `v` is a bucket. Since the clocks of two machines may differ, the
 * old instance stops a while before the loan ends.
 *
 * **Several limits** need nothing more. The proof is about one limit and what is lent of it, each limit has
 * a batch of its own, and a turn writes as soon as any of them is used up. It needs a loan's end to mean
 * that the tokens are spent; where it means that they come back, the batch is 0 and each grant is written.
 *
 * **The size of a batch** is what a crash may cost, so its kind decides it: see `LimitKind.maxBatch`.
 *
 * **A pause** only takes tokens away, in memory and, since it is written, on the disk, so all of the
 * above still holds. Ticks add nothing while it lasts, and what is there is all that can be granted. A
 * batch is therefore no larger than that, and a crash during an empty pause costs nothing.
 *
 * **Quiet.** A turn whose grants follow a quiet second is written exactly as it is, since there may be
 * no more; from the second such turn on, a batch is taken. About a second after the last grant, one
 * more write returns what is left of the batch, so an object evicted later loses nothing.
 */
import type { LimitState } from "./limits/limit.ts";
import type { Cost } from "./limits/cost.ts";
import type { LimitSet } from "./limits/limit-set.ts";
/** What the disk knows of one bucket, and when it must know more. */
export declare class WriteAhead {
    #private;
    /** @param limits As they were restored from the disk; `undefined` for a bucket that hasn't started. */
    constructor(limits?: LimitSet);
    /** The same knowledge of the disk. */
    copy(): WriteAhead;
    /**
     * How long after `nowMs` to end a turn even if nothing happens, in milliseconds; `undefined` if there is
     * nothing to do.
     */
    flushInMs(nowMs: number): number | undefined;
    /** `cost` has been taken, and the disk doesn't know yet. */
    noteGrant(cost: Cost, nowMs: number): void;
    /**
     * Something besides grants must be written. That includes a lease that is given or settled, since what
     * is written matches the bucket in memory only while nothing else changes it.
     */
    noteChange(): void;
    /**
     * Whether the turn that ends now has to write before anything it did is reported. Its owner then calls
     * `write`, or stops.
     */
    isDue(nowMs: number): boolean;
    /**
     * What must be on the disk before any grant so far is reported: a state of each limit, `undefined` if the
     * bucket hasn't started.
     */
    write(limits: LimitSet | undefined, nowMs: number): readonly LimitState[] | undefined;
}
