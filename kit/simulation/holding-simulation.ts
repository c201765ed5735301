/**
 * Schedules of a bucket with holds and permits: callers that hold what they are granted for a while, settle it, extend
 * it, release it, come late or die without a word, and an object that dies between any two of these. Each is a pure
 * function of its seed and its number. What must hold is in kit/model/holds-book.ts, and besides:
 *
 * - A hold that somebody was granted is known until ten minutes after its end, whatever dies, and settled once: who
 *   asks again with the same numbers gets the same answer.
 * - In the end everybody is answered, nothing is held any more, and all permits are back.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { HoldAnswer, HoldCall } from "../../src/core/holds/hold-call.ts";
import type { NamedTokens } from "../../src/core/limits/cost.ts";
import type { PolicyFields } from "../../src/core/policy.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { GatedInstance, HeldCall } from "./gated-instance.ts";

import { enforceInvariants } from "../../src/core/invariants.ts";
import { Policy } from "../../src/core/policy.ts";
import { HoldsBook, type KnownHold } from "../model/holds-book.ts";
import { epochMs } from "../model/limiters.ts";
import { Random } from "../random.ts";
import { GatedObject } from "./gated-instance.ts";
import { VirtualClock } from "./virtual-clock.ts";

enforceInvariants();

const BUCKET = "bucket";
/** More events than any schedule takes: something runs in circles. */
const MAX_EVENTS = 100_000;
/** The longest time between two looks at what is owed. */
const SAMPLE_MS = 50;
/** The longest time from a grant to its holder's last call, with all that is lost on the way. */
const HOLDING_MS = 20_000;
/** A call that was lost is made again within this time. */
const RETRY_MS = 100;
/** Long enough for all that is held to end, and too short to be forgotten. */
const AFTERWARDS_MS = 60_000;

/** What a schedule broke, and how often what happened in it. */
export interface HoldingResult {
  readonly faults: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
}

/** Runs one schedule of a seed. */
export function simulateHolding(seed: number, number: number): HoldingResult {
  const simulation = new HoldingSimulation(new Random(seed, number));
  simulation.run();
  return simulation.book;
}

class HoldingSimulation {
  readonly book = new HoldsBook();
  readonly #random: Random;
  readonly #clock = new VirtualClock(epochMs);
  readonly #object: GatedObject;
  readonly #policy: Policy;
  readonly #configured: NamedPolicyFields;
  /** Whether any holder uses more than it reserved. */
  readonly #hasDebts: boolean;
  /** Whose holders have asked an instance for something that may be lost with it. */
  readonly #unwritten = new Map<GatedInstance, Set<KnownHold>>();
  /** Whether an instance has just died, and what is owed isn't known. */
  #isUnsure = false;
  /** Callers that haven't been answered. */
  readonly #open = new Set<string>();
  #callers = 0;
  /** Until when holders may call, at least. */
  #lastsUntilMs: number;

  constructor(random: Random) {
    this.#random = random;
    this.#policy = Policy.of(drawPolicy(random));
    this.#hasDebts = random.chance(0.5);
    this.#configured = { name: "policy", ...this.#policy.toJSON() };
    this.#object = new GatedObject(this.#clock, random);
    this.#object.dying = (instance) => this.#dies(instance);
    this.book.begin(this.#policy.limits, undefined);
    const callers = random.integer(5, 40);
    const spanMs = random.pick([100, 1_000, 5_000]);
    for (let count = 0; count < callers; count += 1) {
      this.#clock.after(random.integer(0, spanMs), () => this.#acquire());
    }
    for (let count = random.integer(0, 6); count > 0; count -= 1) {
      this.#clock.after(random.integer(0, spanMs + 2_000), () => this.#strike());
    }
    this.#lastsUntilMs = spanMs + 20_000;
    this.#sampleOn();
  }

  run(): void {
    const { faults } = this.book;
    try {
      for (let events = 0; this.#clock.step() && faults.length === 0; events += 1) {
        if (events > MAX_EVENTS) faults.push(`no end after ${events} events`);
      }
      this.#checkEnd();
    } catch (error) {
      faults.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  #acquire(): void {
    const random = this.#random;
    this.#callers += 1;
    const caller = `caller ${this.#callers}`;
    this.#open.add(caller);
    const tokens = Math.min(random.integer(1, 6), this.#policy.capacity);
    const limits =
      random.chance(0.3) && this.#policy.limits.length > 1
        ? { tpm: random.integer(0, 4) }
        : undefined;
    const holdMs =
      this.#policy.hold && random.chance(0.8) ? random.integer(1_000, 5_000) : undefined;
    const call: AcquireCall = {
      bucket: BUCKET,
      policy: this.#configured,
      tokens,
      timeoutMs: random.pick([0, 500, 5_000, 20_000]),
      ...(limits && { limits }),
      ...(holdMs !== undefined && { holdMs }),
    };
    this.#send(caller, call, this.#clock.wallMs, this.#clock.monotonicMs);
  }

  /** A caller's request, until it is answered or has waited too long. */
  #send(caller: string, call: AcquireCall, arrivedAtMs: number, calledAtMs: number): void {
    const { instance } = this.#object;
    const held: HeldCall = {
      rejected: () => {
        this.book.see("requeued");
        this.#clock.after(this.#random.integer(0, RETRY_MS), () => {
          const elapsedMs = this.#clock.monotonicMs - calledAtMs;
          if (elapsedMs >= (call.timeoutMs ?? 0)) this.#open.delete(caller);
          else {
            const requeued = { arrivedAtMs, elapsedMs };
            this.#send(caller, { ...call, requeued }, arrivedAtMs, calledAtMs);
          }
        });
      },
    };
    instance.held.add(held);
    instance.turn(() => {
      instance.host.acquire(call, {
        answered: (answer) => {
          const leave = (): void => {
            instance.held.delete(held);
            this.#isAnswered(caller, call, answer);
          };
          instance.answer({ landed: () => undefined, leave });
        },
      });
    });
  }

  #isAnswered(caller: string, { tokens, limits }: AcquireCall, answer: AcquireAnswer): void {
    const { book } = this;
    if (!this.#open.delete(caller)) book.faults.push(`${caller} was answered twice`);
    if (answer.kind !== "outcome") {
      book.faults.push(`${caller} was answered ${answer.kind}: ${JSON.stringify(answer)}`);
      return;
    }
    const { outcome } = answer;
    if (!outcome.ok) {
      book.see(outcome.reason);
      return;
    }
    const reserved = this.#policy.limits.map(
      ({ name }) => [name, limits?.[name] ?? tokens] as const,
    );
    book.granted(Object.fromEntries(reserved), outcome);
    book.checkPermits(this.#policy.concurrency?.max ?? 0, this.#clock.latestWallMs);
    this.#lastsUntilMs = Math.max(this.#lastsUntilMs, this.#clock.monotonicMs + HOLDING_MS);
    const { hold, permit } = outcome;
    const known = hold && book.holds.at(-1);
    if (known) this.#useHold(known);
    if (permit) this.#usePermit(permit.id);
  }

  /** A holder that settles, in one call or several, in time or late, or that dies. */
  #useHold(hold: KnownHold): void {
    const random = this.#random;
    const use = (most: number): NamedTokens => {
      const shares = Object.entries(hold.reserved).map(([name, tokens]) => {
        return [name, random.integer(0, Math.ceil(tokens * most))] as const;
      });
      return Object.fromEntries(shares);
    };
    if (random.chance(0.15)) {
      this.book.see("died");
      return;
    }
    let delayMs = random.pick([0, 50, 500, 2_000, 6_000]);
    if (random.chance(0.3)) {
      this.#clock.after(delayMs, () =>
        this.#callHold(hold, { extendMs: random.integer(1_000, 5_000) }),
      );
      delayMs += random.integer(0, 2_000);
    }
    if (random.chance(0.2)) {
      this.#clock.after(delayMs, () => this.#callHold(hold, { atLeast: use(0.3) }));
      delayMs += random.integer(0, 500);
    }
    const call = { used: use(random.pick(this.#hasDebts ? [0.5, 1, 2, 4] : [0.2, 0.5, 1])) };
    this.#clock.after(delayMs, () => this.#callHold(hold, call));
    if (random.chance(0.2)) {
      this.#clock.after(delayMs + random.integer(0, 1_000), () => this.#callHold(hold, call));
    }
  }

  #callHold(hold: KnownHold, call: HoldCall): void {
    const perform = (instance: GatedInstance): HoldAnswer => {
      const answer = instance.host.changeHold(BUCKET, this.#configured, hold.id, call);
      this.book.performed(hold, call, answer);
      this.#unwritten.set(instance, (this.#unwritten.get(instance) ?? new Set()).add(hold));
      this.#noteDebts();
      return answer;
    };
    this.#call(perform, {
      landed: (answer) => {
        this.book.answered(hold, call, answer);
        if (answer.kind === "unknown-hold") this.book.faults.push(`${hold.id} is forgotten`);
      },
      leave: () => undefined,
    });
  }

  /** A holder that extends and releases, or that dies. */
  #usePermit(id: string): void {
    const random = this.#random;
    if (random.chance(0.3)) return;
    let delayMs = random.pick([0, 20, 300, 900]);
    for (let times = random.pick([0, 0, 1, 3]); times > 0; times -= 1) {
      this.#clock.after(delayMs, () => this.#extend(id));
      delayMs += random.integer(100, 1_500);
    }
    this.#clock.after(delayMs, () => {
      this.book.permits.delete(id);
      this.book.see("released");
      this.#call(({ host }) => host.releasePermit(BUCKET, this.#configured, id), {
        landed: () => undefined,
        leave: () => undefined,
      });
    });
  }

  #extend(id: string): void {
    this.#call(({ host }) => host.extendPermit(BUCKET, this.#configured, id), {
      landed: () => undefined,
      leave: (answer) => {
        this.book.see(answer.kind);
        if (answer.kind === "permit-lost") this.book.permits.delete(id);
        else if (this.book.permits.has(id)) this.book.permits.set(id, answer.permit);
        this.book.checkPermits(this.#policy.concurrency?.max ?? 0, this.#clock.latestWallMs);
      },
    });
  }

  /** A call that is made again until it is answered. */
  #call<Answer>(
    perform: (instance: GatedInstance) => Answer,
    then: { readonly landed: (answer: Answer) => void; readonly leave: (answer: Answer) => void },
  ): void {
    const { instance } = this.#object;
    const held: HeldCall = {
      rejected: () => {
        this.#clock.after(this.#random.integer(1, RETRY_MS), () => this.#call(perform, then));
      },
    };
    instance.held.add(held);
    instance.turn(() => {
      const answer = perform(instance);
      instance.answer({
        landed: () => then.landed(answer),
        leave: () => {
          instance.held.delete(held);
          then.leave(answer);
        },
      });
    });
  }

  #strike(): void {
    const object = this.#object;
    const random = this.#random;
    const fault = random.pick([
      "crash",
      "crash",
      "move",
      "commit",
      "write",
      "slow",
      "late",
      "jump",
      "pause",
    ]);
    this.book.see(fault);
    switch (fault) {
      case "move":
        object.move();
        if (this.#hasDebts) this.#beginAnew();
        break;
      case "crash":
      case "commit":
      case "write":
      case "slow":
        object.inject(fault, random);
        break;
      case "late":
        object.lateMs = random.pick([0, 40, 1_500]);
        break;
      case "jump":
        this.#jump(random.pick([-3_000, -100, -5, 5, 800, 4_000]));
        break;
      case "pause":
        this.#pause();
        break;
    }
  }

  /** Ticks in a jump are not looked at one by one, so what is owed begins anew in the book. */
  #jump(byMs: number): void {
    this.#noteDebts();
    this.#clock.jump(byMs);
    this.#beginAnew();
  }

  #pause(): void {
    const untilMs = this.#clock.wallMs + this.#random.integer(1, 3_000);
    const pause = { untilMs, tokens: this.#random.integer(0, 3) };
    const { instance } = this.#object;
    instance.turn(() => void instance.host.pause(BUCKET, this.#configured, pause));
  }

  /**
   * On the disk, what is owed behind waiters was taken when it was booked, and ticks have made it good since; and what
   * hasn't landed isn't owed any more.
   */
  #dies(instance: GatedInstance): void {
    this.book.lost(this.#unwritten.get(instance) ?? []);
    this.#unwritten.delete(instance);
    if (!this.#hasDebts || this.#isUnsure) return;
    this.#isUnsure = true;
    this.#clock.after(0, () => {
      this.#isUnsure = false;
      this.#beginAnew();
    });
  }

  #beginAnew(): void {
    this.book.begin(this.#policy.limits, this.#peek().owedTokens);
  }

  #peek() {
    return this.#object.instance.host.peek(BUCKET, this.#configured);
  }

  #noteDebts(): void {
    if (this.#isUnsure) return;
    const { owedTokens } = this.#peek();
    this.book.noteDebts(this.#policy.limits, owedTokens, this.#clock.wallMs);
    // On a clock that was set back, a restart finds owed what ticks had made good before.
    if (this.#clock.jumps === 0) this.book.checkOwed(owedTokens);
  }

  #sampleOn(): void {
    this.#noteDebts();
    if (this.#clock.monotonicMs > this.#lastsUntilMs && this.#open.size === 0) return;
    const untilTickMs = this.#nextTickAtMs - this.#clock.wallMs;
    this.#clock.after(Math.min(SAMPLE_MS, Math.max(1, untilTickMs)), () => this.#sampleOn());
  }

  /** When tokens next come in, of any limit. */
  get #nextTickAtMs(): number {
    const { nextTickAtMs, limits = {} } = this.#peek();
    const further = Object.values(limits).map((limit) => limit.nextTickAtMs);
    return Math.min(nextTickAtMs, ...further);
  }

  #checkEnd(): void {
    const { book } = this;
    if (book.faults.length > 0) return;
    this.book.begin(this.#policy.limits, undefined);
    for (const caller of this.#open) book.faults.push(`${caller} was never answered`);
    this.#clock.jump(AFTERWARDS_MS + this.#clock.latestWallMs - this.#clock.wallMs);
    const { instance } = this.#object;
    const { heldTokens, permits, waiters } = instance.host.inspect(BUCKET, this.#configured);
    const held = Object.values(heldTokens ?? {}).reduce((sum, tokens) => sum + tokens, 0);
    if (held + waiters + (permits?.held ?? 0) === 0) return;
    book.faults.push(`${held} tokens are held, ${permits?.held} permits, and ${waiters} wait`);
  }
}

function drawPolicy(random: Random): PolicyFields {
  const hold = { maxMs: 5_000, debt: random.pick(["queue", "queue", "front"] as const) };
  const ttlMs = random.pick([1_000, 1_000, 3_000]);
  const concurrency = { max: random.integer(1, 5), ttlMs };
  const hasHold = random.chance(0.85);
  return {
    ...drawBucket(random),
    maxWaitMs: 20_000,
    ...(random.chance(0.4) && { limits: { tpm: drawBucket(random) } }),
    ...(hasHold && { hold }),
    ...((!hasHold || random.chance(0.5)) && { concurrency }),
  };
}

function drawBucket(random: Random) {
  const isLarge = random.chance(0.1);
  return {
    capacity: isLarge ? random.integer(100, 400) : random.integer(4, 20),
    refillTokens: isLarge ? random.integer(1, 60) : random.integer(1, 6),
    refillIntervalMs: random.pick([100, 250, 1_000]),
  };
}
