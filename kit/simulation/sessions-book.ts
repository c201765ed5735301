/**
 * What must hold of a bucket with sessions, and what happened to it in a schedule. It is kept beside the bucket, by
 * none of its code.
 *
 * - **Never too much**: in no window more is granted than the policy allows, counting what is on the disk.
 * - **One order**: nobody is granted while one waits that the object received before it, over HTTP or on a session,
 *   asleep or awake. One that has come back may have been put behind others.
 * - **Settled once**: a message has one ending, and nothing follows it. A key has one grant, a ticket one for as long
 *   as the object has its memory.
 * - **Tickets**: one that the bucket hasn't made since it was reset lets nobody in, and nobody is granted by one after
 *   its deadline.
 * - **Promises**: one that was let in isn't refused as too late, nor granted after its deadline, even if others
 *   come back meanwhile; nor after the time that it was sent, unless somebody has come back since.
 * - **Nobody is forgotten**: the acquires that clients wait for are those in the queue, and in the end all have an ending.
 */
import type { Policy } from "../../src/core/policy.ts";
import type { GatedInstance } from "./gated-instance.ts";

import { type SeenGrant, windowsWithTooMuch } from "../model/virtual-time.ts";

/** Answers come this much late at most where nothing is late, in milliseconds: inboxes and timers. */
const SLACK_MS = 5;

/** How long a bucket may collect callers that lost their places, with some time for late timers. */
const RECOVERY_MS = 3_500;

/** One acquire of one client, however often it is sent. */
export interface Asked {
  readonly name: string;
  readonly tokens: number;
  readonly timeoutMs: number;
  readonly key: string | undefined;
  /** How many the object had received before it; `undefined` as long as it hasn't come. */
  order?: number;
}

/** One request for it, as the object has received it. */
export interface Attempt {
  readonly asked: Asked;
  /** Its own deadline, epoch milliseconds. */
  readonly deadlineAtMs: number;
  /** It may stand behind others that came later. */
  readonly isReturner: boolean;
  /** Whether the bucket is known to have let it in. */
  isIn: boolean;
  /** When it will be granted, as it was sent last, and how many had come back by then. */
  promised: { readonly atMs: number; readonly returns: number } | undefined;
}

/** A grant, as an answer has it. */
export interface AnsweredGrant {
  readonly tokens: number;
  readonly grantedAtMs: number;
}

/** A grant that an instance has made. */
export interface MadeGrant extends AnsweredGrant {
  readonly asked: Asked;
  readonly instance: GatedInstance;
  readonly life: number;
}

export class SessionsBook {
  readonly faults: string[] = [];
  readonly seen = new Map<string, number>();
  readonly waiting = new Set<Attempt>();
  /** Whether timers and alarms are on time, and nothing is paused: promises hold then. */
  isPunctual = true;
  #received = 0;
  #returns = 0;
  readonly #made: MadeGrant[] = [];
  readonly #landed: MadeGrant[] = [];
  /** Of the turn under way, which may yet fail: nobody hears of it then. */
  #granted: Attempt[] = [];
  #broken: string[] = [];

  see(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** The turn that is under way breaks a law. */
  breaks(what: string): void {
    this.#broken.push(what);
  }

  /** The object has received a request. */
  received(asked: Asked, nowMs: number, isReturner: boolean, instance: GatedInstance): Attempt {
    const order = (asked.order ??= this.#received);
    this.#received += order === this.#received ? 1 : 0;
    // While callers that lost their places are coming back, everybody is held up.
    const firstAtMs = (instance.firstCallAtMs ??= nowMs);
    const isHeldUp = instance.mayRecover && nowMs < firstAtMs + RECOVERY_MS;
    const deadlineAtMs = isReturner || isHeldUp ? Infinity : nowMs + asked.timeoutMs;
    const attempt: Attempt = { asked, deadlineAtMs, isReturner, isIn: false, promised: undefined };
    this.waiting.add(attempt);
    return attempt;
  }

  /** A request waits, and has been sent when it will be granted. */
  queued(attempt: Attempt, atMs: number): void {
    const { name } = attempt.asked;
    if (!this.waiting.has(attempt)) this.breaks(`${name} was sent a place, but doesn't wait`);
    this.see("queued");
    this.#noteIn(attempt);
    attempt.promised = { atMs, returns: this.#returns };
  }

  /** A request has left. */
  gone(attempt: Attempt): void {
    this.waiting.delete(attempt);
  }

  /** A request has been granted, in a turn of `instance`. Its ticket says that it may be until `untilMs`. */
  granted(
    attempt: Attempt,
    grant: AnsweredGrant,
    instance: GatedInstance,
    untilMs = Infinity,
  ): MadeGrant {
    const { asked } = attempt;
    const { grantedAtMs, tokens } = grant;
    if (!this.waiting.delete(attempt)) this.breaks(`${asked.name} was granted and didn't wait`);
    this.#noteIn(attempt);
    if (tokens !== asked.tokens) this.breaks(`${asked.name} was granted ${tokens}`);
    // One that resets the bucket has granted everybody before.
    const { lifeBefore: life } = instance;
    const isSame = (one: MadeGrant): boolean =>
      one.asked === asked && one.grantedAtMs === grantedAtMs && one.life === life;
    const earlier = this.#made.find(isSame);
    if (earlier) {
      this.see("same grant again");
      return earlier;
    }
    const isTwice = (one: MadeGrant): boolean =>
      one.asked === asked && one.instance === instance && one.life === life;
    const twice = this.#made.find(isTwice);
    if (twice) this.breaks(`${asked.name} was granted at ${twice.grantedAtMs} and ${grantedAtMs}`);
    this.see("granted");
    if (this.isPunctual && grantedAtMs > untilMs) {
      this.breaks(
        `${asked.name} was granted at ${grantedAtMs}, and its ticket was good until ${untilMs}`,
      );
    }
    this.#granted.push(attempt);
    this.#checkPromise(attempt, grantedAtMs);
    const made = { asked, instance, life, tokens, grantedAtMs };
    this.#made.push(made);
    return made;
  }

  /** The grant is on the disk. */
  landed(made: MadeGrant): void {
    if (this.#landed.includes(made)) return;
    const { asked, life, grantedAtMs } = made;
    const isTwice = (one: MadeGrant): boolean => one.asked.key === asked.key && one.life === life;
    const twice = asked.key !== undefined && this.#landed.find(isTwice);
    if (twice)
      this.faults.push(`${asked.key} was granted at ${twice.grantedAtMs} and ${grantedAtMs}`);
    this.#landed.push(made);
  }

  /** A request has been refused or cancelled. */
  ended(attempt: Attempt, reason: string): void {
    const { asked, promised, isReturner } = attempt;
    if (!this.waiting.delete(attempt)) this.breaks(`${asked.name} was ${reason} and didn't wait`);
    this.see(reason);
    this.#noteIn(attempt);
    if (reason !== "timeout" || !promised || isReturner || !this.isPunctual) return;
    this.breaks(`${asked.name} was promised ${promised.atMs}, and refused`);
  }

  /** A turn is over. */
  turnEnded(): void {
    const granted = this.#granted;
    this.#granted = [];
    for (const { asked: first } of granted) {
      for (const { asked, isReturner } of this.waiting) {
        if (isReturner || Number(asked.order) >= Number(first.order)) continue;
        this.breaks(`${first.name} overtook ${asked.name}`);
      }
    }
    this.faults.push(...this.#broken);
    this.#broken = [];
  }

  /** An instance has died: what it hasn't answered is lost. */
  died(): void {
    this.waiting.clear();
    this.#granted = [];
    this.#broken = [];
  }

  /** Nothing is under way in `instance`, whose bucket holds `tokens`: it knows everybody who waits. */
  checkWaiters({ host }: GatedInstance, tokens: number): void {
    const places = new Set([...this.waiting].map(({ asked }) => asked));
    if (host.waiters !== places.size) {
      const names = [...places].map(({ name }) => name).join(", ");
      this.faults.push(`${host.waiters} wait in the bucket, and it should be ${names}`);
    }
    const inOrder = [...this.waiting].toSorted((one, other) => {
      return Number(one.asked.order) - Number(other.asked.order);
    });
    const [head] = inOrder;
    // One that has come back may be behind others.
    if (!head || inOrder.some(({ isReturner }) => isReturner) || head.asked.tokens > tokens) return;
    this.faults.push(`${head.asked.name} waits for ${head.asked.tokens}, and ${tokens} are there`);
  }

  /** The schedule is over. */
  finish(policy: Policy): void {
    this.turnEnded();
    for (const { asked } of this.waiting) this.faults.push(`${asked.name} is forgotten`);
    for (const [, grants] of Map.groupBy(this.#landed, ({ life }) => life)) {
      const inLife: SeenGrant[] = grants;
      this.faults.push(...windowsWithTooMuch(policy, inLife));
    }
  }

  /** What was promised before one came back may be late now, within its deadline. */
  #noteIn(attempt: Attempt): void {
    if (attempt.isReturner && !attempt.isIn) this.#returns += 1;
    attempt.isIn = true;
  }

  #checkPromise({ asked, promised, deadlineAtMs }: Attempt, grantedAtMs: number): void {
    if (!this.isPunctual) return;
    if (grantedAtMs > deadlineAtMs + SLACK_MS) {
      this.breaks(`${asked.name} was granted at ${grantedAtMs}, after ${deadlineAtMs}`);
    }
    if (!promised || promised.returns !== this.#returns) return;
    if (grantedAtMs <= promised.atMs + SLACK_MS) return;
    this.breaks(`${asked.name} was granted at ${grantedAtMs}, and promised ${promised.atMs}`);
  }
}
