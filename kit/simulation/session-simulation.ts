/**
 * Schedules of a bucket with sessions: clients that open one, send frames of several messages, cancel, lose their
 * connections between two frames or in the middle of one, and come back with tickets and keys, in time, too late, or
 * twice; callers over HTTP beside them; and an object that falls asleep whenever it may, dies, or can't write. Each
 * is a pure function of its seed and its number. What must hold is in sessions-book.ts.
 */
import type { PolicyFields } from "../../src/core/policy.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { GatedInstance, HeldCall } from "./gated-instance.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { PendingAcquire } from "./session-client.ts";
import type { Asked, Attempt } from "./sessions-book.ts";

import { switchRefusalLog } from "../../src/answers/refusal-log.ts";
import { enforceInvariants } from "../../src/core/invariants.ts";
import { Policy } from "../../src/core/policy.ts";
import { epochMs } from "../model/limiters.ts";
import { Random } from "../random.ts";
import { GatedObject } from "./gated-instance.ts";
import { SessionClient } from "./session-client.ts";
import { SessionsBook } from "./sessions-book.ts";
import { VirtualClock } from "./virtual-clock.ts";

enforceInvariants();

const BUCKET = "bucket";
/** More events than any schedule takes: something runs in circles. */
const MAX_EVENTS = 100_000;
/** A call that was lost is made again within this time. */
const RETRY_MS = 100;
/** How long after a turn the object tries to fall asleep. */
const SLEEPS_AFTER_MS = [1, 120, 120, 400, 3_000];

/** What a schedule broke, and how often what happened in it. */
export interface SessionResult {
  readonly faults: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
  /** Everything that happened, one line each, if it was asked for. */
  readonly trace: readonly string[];
}

/** Runs one schedule of a seed. */
export function simulateSessions(seed: number, number: number, hasTrace = false): SessionResult {
  switchRefusalLog("false");
  const simulation = new SessionSimulation(new Random(seed, number), hasTrace);
  const { error } = console;
  // A message that fails because of the disk is logged.
  console.error = () => undefined;
  simulation.run();
  console.error = error;
  const { book, trace } = simulation;
  return { faults: book.faults, seen: book.seen, trace };
}

/** A schedule that has broken a law, in words. */
export function describeSessionFailure(seed: number, number: number): string {
  const { faults, trace } = simulateSessions(seed, number, true);
  const title = `Broken in schedule ${number} of sessions of seed ${seed}: ${faults.join("; ")}`;
  return [title, ...trace, title].join("\n");
}

class SessionSimulation {
  readonly book: SessionsBook;
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #hasTrace: boolean;
  readonly #clock = new VirtualClock(epochMs);
  readonly #object: GatedObject;
  readonly #policy: Policy;
  readonly #configured: NamedPolicyFields;
  readonly #clients: SessionClient[] = [];
  /** Callers over HTTP that haven't been answered. */
  readonly #open = new Set<Asked>();
  readonly #share: {
    readonly keyed: number;
    readonly ticketed: number;
    readonly returning: number;
  };
  /** Whether the object is asked to sleep whenever it may. */
  readonly #isSleepy: boolean;
  #asks = 0;

  constructor(random: Random, hasTrace: boolean) {
    this.#random = random;
    this.#hasTrace = hasTrace;
    this.book = new SessionsBook();
    this.#policy = Policy.of(drawPolicy(random));
    this.#configured = { name: "policy", ...this.#policy.toJSON() };
    this.#object = new GatedObject(this.#clock, random);
    this.#object.dying = () => this.book.died();
    this.#object.onTurn = (instance) => this.#turnEnded(instance);
    this.#isSleepy = random.chance(0.7);
    this.#share = {
      keyed: random.pick([0, 0.3, 0.8]),
      ticketed: random.pick([0, 0.5, 1]),
      returning: random.pick([0.5, 0.9, 1]),
    };
    this.#print(() => JSON.stringify(this.#policy.toJSON()));
    this.#plan();
  }

  run(): void {
    const { faults } = this.book;
    try {
      for (let events = 0; this.#clock.step() && faults.length === 0; events += 1) {
        if (events > MAX_EVENTS) faults.push(`no end after ${events} events`);
      }
      if (faults.length === 0) this.#checkEnd();
    } catch (error) {
      faults.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  #plan(): void {
    const random = this.#random;
    const spanMs = random.pick([200, 2_000, 10_000, 40_000]);
    const isBusy = random.chance(0.3);
    for (let count = random.integer(1, 4); count > 0; count -= 1) this.#planClient(count, spanMs);
    const callers = random.pick([0, 0, 5, isBusy ? 40 : 15]);
    for (let count = 0; count < callers; count += 1) {
      this.#clock.after(random.integer(0, spanMs), () => this.#acquireByHttp());
    }
    const strikes = random.pick([0, 0, 2, 6]);
    for (let count = 0; count < strikes; count += 1) {
      this.#clock.after(random.integer(0, spanMs + 2_000), () => this.#strike());
    }
  }

  #planClient(number: number, spanMs: number): void {
    const random = this.#random;
    const call = { bucket: BUCKET, policy: this.#configured };
    const client = new SessionClient(`client ${number}`, this.#object, call, this.book);
    this.#clients.push(client);
    client.print = (line) => this.#print(line);
    client.returnsAfterMs = () =>
      random.chance(this.#share.returning)
        ? random.pick([0, 1, 40, 200, 1_000, 5_000, 30_000])
        : undefined;
    client.onFrame = () => {
      if (random.chance(0.1)) this.#clock.after(0, () => this.#acquireByHttp());
    };
    client.onTicket = (pending) => {
      if (random.chance(0.1)) this.#planDouble(pending);
    };
    const opensAtMs = random.integer(0, spanMs / 2);
    this.#clock.after(opensAtMs, () => client.connect());
    for (let frames = random.integer(1, 8); frames > 0; frames -= 1) {
      const atMs = opensAtMs + random.integer(0, spanMs);
      this.#clock.after(atMs, () => this.#sendFrame(client));
    }
    for (let cuts = random.pick([0, 0, 1, 3]); cuts > 0; cuts -= 1) {
      const atMs = opensAtMs + random.integer(0, spanMs + 3_000);
      this.#clock.after(atMs, () => this.#cut(client));
    }
  }

  #cutOne(): void {
    const [first, ...others] = this.#clients;
    if (first) this.#cut(this.#random.pick([first, ...others]));
  }

  #cut(client: SessionClient): void {
    this.#print(() => `${client.name} loses its connection`);
    client.cut(this.#random.chance(0.5));
  }

  #sendFrame(client: SessionClient): void {
    const random = this.#random;
    const pendings = Array.from({ length: random.pick([1, 1, 2, 5, 12]) }, () => {
      return {
        asked: this.#newAsked(),
        isFollowing: random.chance(0.3),
        keepsTicket: random.chance(this.#share.ticketed),
        isAgain: false,
      };
    });
    // The same key twice in a frame.
    const [first] = pendings;
    if (first?.asked.key !== undefined && random.chance(0.2)) pendings.push({ ...first });
    this.#print(() => `${client.name} asks: ${JSON.stringify(pendings.map(({ asked }) => asked))}`);
    client.ask(pendings, random.pick([0, 0, 0, 1, 3]));
  }

  /** Another client has got hold of a ticket. */
  #planDouble({ asked, ticket, ticketLife }: PendingAcquire): void {
    const random = this.#random;
    if (ticket === undefined) return;
    const isForged = random.chance(0.3);
    const presented = isForged ? altered(ticket, random) : ticket;
    const other = random.pick(this.#clients);
    // As the bucket of another life would have made it.
    const life = isForged ? { ticketLife: -1 } : ticketLife !== undefined && { ticketLife };
    const pending = {
      asked,
      ticket: presented,
      ...life,
      isFollowing: false,
      keepsTicket: true,
      isAgain: true,
    };
    this.book.see(isForged ? "forged" : "doubled");
    this.#clock.after(random.pick([0, 5, 300, 5_000, 70_000]), () => {
      this.#print(() => `${other.name} presents the ticket of ${asked.name}`);
      other.ask(
        [
          isForged
            ? { ...pending, asked: { ...asked, name: `${asked.name} forged`, key: undefined } }
            : pending,
        ],
        0,
      );
    });
  }

  #newAsked(): Asked {
    const random = this.#random;
    this.#asks += 1;
    const isKeyed = random.chance(this.#share.keyed);
    return {
      name: `ask ${this.#asks}`,
      tokens: Math.min(this.#policy.capacity, random.pick([1, 1, 1, 2, 4])),
      timeoutMs: random.pick([0, 300, 2_000, 20_000, 60_000]),
      key: isKeyed ? `key-${this.#asks}` : undefined,
    };
  }

  #acquireByHttp(): void {
    const asked = this.#newAsked();
    const { key, tokens, timeoutMs } = asked;
    this.#open.add(asked);
    const call: AcquireCall = {
      bucket: BUCKET,
      policy: this.#configured,
      tokens,
      timeoutMs,
      ...(key !== undefined && { idempotencyKey: key }),
    };
    this.#print(() => `HTTP asks: ${JSON.stringify(asked)}`);
    const leavesAfterMs = this.#random.chance(0.2) ? this.#random.integer(0, 3_000) : undefined;
    const request = this.#send(asked, call, { arrivedAtMs: this.#clock.wallMs, isAgain: false });
    if (leavesAfterMs !== undefined) this.#clock.after(leavesAfterMs, () => request.leave());
  }

  /** A caller's request, until it is answered or its time is over. */
  #send(
    asked: Asked,
    call: AcquireCall,
    { arrivedAtMs, isAgain }: { readonly arrivedAtMs: number; readonly isAgain: boolean },
  ): { leave(): void } {
    const { instance } = this.#object;
    const { book } = this;
    let leave: Leave | undefined;
    const held: HeldCall = {
      rejected: () => {
        book.see("requeued");
        this.#clock.after(this.#random.integer(0, RETRY_MS), () => {
          const elapsedMs = this.#clock.wallMs - arrivedAtMs;
          if (!this.#open.has(asked)) return;
          if (elapsedMs >= asked.timeoutMs) this.#open.delete(asked);
          else {
            const requeued = { arrivedAtMs, elapsedMs };
            this.#send(asked, { ...call, requeued }, { arrivedAtMs, isAgain: true });
          }
        });
      },
    };
    instance.held.add(held);
    const attempt = book.received(asked, this.#clock.wallMs, isAgain, instance);
    instance.call(() => {
      leave = instance.host.acquire(call, {
        answered: (answer) => {
          const landed = this.#noteAnswer(attempt, instance, answer);
          const depart = (): void => {
            instance.held.delete(held);
            this.#open.delete(asked);
          };
          instance.answer({ landed, leave: depart });
        },
      });
    });
    return {
      leave: () => {
        if (!this.#open.delete(asked) || !instance.isAlive) return;
        this.#print(() => `${asked.name} hangs up`);
        instance.held.delete(held);
        book.gone(attempt);
        instance.turn(() => void leave?.());
      },
    };
  }

  #noteAnswer(
    attempt: Attempt,
    instance: GatedInstance,
    answer: Parameters<Parameters<GatedInstance["host"]["acquire"]>[1]["answered"]>[0],
  ): () => void {
    const { book } = this;
    const grant =
      answer.kind === "replay"
        ? answer.grant
        : answer.kind === "outcome"
          ? answer.outcome
          : undefined;
    if (grant?.ok) {
      const made = book.granted(attempt, grant, instance);
      this.#print(() => `HTTP ${attempt.asked.name} granted at ${grant.grantedAtMs}`);
      return () => book.landed(made);
    }
    const reason = grant && !grant.ok ? grant.reason : answer.kind;
    this.#print(() => `HTTP ${attempt.asked.name}: ${reason}`);
    const isKnown = ["timeout", "queue-full", "bucket-reset", "reset", "exceeds-capacity"].includes(
      reason,
    );
    if (!isKnown) book.breaks(`${attempt.asked.name} was answered ${reason}`);
    book.ended(attempt, reason);
    return () => undefined;
  }

  #turnEnded(instance: GatedInstance): void {
    const random = this.#random;
    this.book.turnEnded();
    if (this.#isSleepy && random.chance(0.5)) {
      this.#clock.after(random.pick(SLEEPS_AFTER_MS), () => this.#sleep(instance));
    }
  }

  #sleep(instance: GatedInstance): void {
    if (this.#object.instance !== instance || !instance.isIdle) return;
    this.book.checkWaiters(instance, this.#tokensIn(instance));
    if (!this.#object.sleep()) return;
    this.book.see(instance.host.waiters > 0 ? "slept with waiters" : "slept");
    this.#print(() => `sleeps with ${instance.host.waiters} waiters`);
    // One that leaves wakes it.
    const random = this.#random;
    if (random.chance(0.1)) this.#clock.after(random.integer(1, 200), () => this.#cutOne());
  }

  /** What is there, as of just before an alarm that is due. */
  #tokensIn({ host, alarmAtMs = Infinity }: GatedInstance): number {
    const isDue = alarmAtMs <= this.#clock.wallMs || !this.book.isPunctual;
    return isDue ? 0 : host.peek(BUCKET, this.#configured).tokens;
  }

  #strike(): void {
    const object = this.#object;
    const random = this.#random;
    const fault = random.pick([
      "crash",
      "crash",
      "commit",
      "write",
      "slow",
      "late",
      "pause",
      "policy",
      "delete",
    ] as const);
    this.book.see(fault);
    this.#print(() => fault);
    switch (fault) {
      case "crash":
      case "commit":
      case "write":
      case "slow":
        object.inject(fault, random);
        break;
      case "late":
        object.lateMs = random.pick([40, 1_500]);
        this.book.isPunctual = false;
        break;
      case "pause":
        this.#pause();
        break;
      case "policy":
        this.#changePolicy();
        break;
      case "delete":
        this.#delete();
        break;
      default:
        fault satisfies never;
    }
  }

  #pause(): void {
    this.book.isPunctual = false;
    const untilMs = this.#clock.wallMs + this.#random.integer(1, 3_000);
    const pause = { untilMs, tokens: this.#random.integer(0, 3) };
    const { instance } = this.#object;
    instance.call(() => void instance.host.pause(BUCKET, this.#configured, pause));
  }

  /** Everybody is timed anew, with the same result. */
  #changePolicy(): void {
    const queueLimit = this.#random.pick([2, 1_000]);
    const { instance } = this.#object;
    instance.call(
      () => void instance.host.operators.changePolicy(BUCKET, this.#configured, { queueLimit }),
    );
  }

  #delete(): void {
    const { instance } = this.#object;
    instance.call(() => {
      instance.host.reset().catch((error: unknown) => this.book.breaks(`reset: ${String(error)}`));
    });
  }

  #checkEnd(): void {
    const { book } = this;
    for (const { name, open } of this.#clients) {
      for (const { asked } of open) book.breaks(`${asked.name} of ${name} has no ending`);
    }
    for (const { name } of this.#open) book.breaks(`${name} was never answered`);
    book.finish(this.#policy);
    const { instance } = this.#object;
    book.checkWaiters(instance, this.#tokensIn(instance));
  }

  #print(line: () => string): void {
    if (this.#hasTrace) this.trace.push(`${this.#clock.wallMs - epochMs} ${line()}`);
  }
}

/** Another character somewhere in it. */
function altered(ticket: string, random: Random): string {
  const at = random.integer(0, ticket.length - 1);
  const other = ticket[at] === "A" ? "B" : "A";
  return ticket.slice(0, at) + other + ticket.slice(at + 1);
}

function drawPolicy(random: Random): PolicyFields {
  const capacity = random.pick([1, 1, 4, random.integer(4, 12), 400]);
  return {
    capacity,
    refillTokens: random.pick([1, 1, 1, random.integer(1, 5), capacity]),
    refillIntervalMs: random.pick([100, 1_000, 1_000, 3_000, 10_000]),
    initialTokens: random.integer(0, Math.min(capacity, 6)),
    queueLimit: random.chance(0.1) ? random.integer(1, 5) : 1_000,
    maxWaitMs: 60_000,
  };
}
