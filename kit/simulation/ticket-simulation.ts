/**
 * Schedules of callers that come back with tickets: after they have left, while they still wait, after their grant, too
 * late, twice, altered, for something else, and to an instance after the one that made the ticket. Each schedule is a
 * pure function of its seed and its number. What must hold:
 *
 * - A place has one ticket, whatever happens.
 * - A ticket gets one grant from an instance, and the same again; with its key, from all instances together.
 * - Nothing is granted after the deadline that the ticket states, and nobody is placed in the queue then.
 * - A caller that has heard of its place is granted in time: no returner makes it late. `queue-full` is for newcomers.
 * - Unless a deadline is near, no caller is granted before a waiter that arrived earlier.
 * - One that was cancelled does not come back while the instance lives.
 * - A ticket that was altered is forged, and one for something else is a mismatch, always.
 * - In the end everybody is answered.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Leave } from "../../src/bucket/held-request.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { HeldPlace } from "../../src/wire/held-place.ts";
import type { GatedInstance, HeldCall } from "./gated-instance.ts";

import { enforceInvariants } from "../../src/core/invariants.ts";
import { Policy } from "../../src/core/policy.ts";
import { epochMs } from "../model/limiters.ts";
import { Random } from "../random.ts";
import { GatedObject } from "./gated-instance.ts";
import { VirtualClock } from "./virtual-clock.ts";

enforceInvariants();

const BUCKET = "bucket";
const MAX_WAIT_MS = 60_000;
/** Of a schedule in which no deadline is near. */
const FAR_MS = 60_000;
const STEPS = { min: 20, max: 60 };
/** Steps of such a schedule: all are served long before their deadlines. */
const MAX_PAUSE_MS = 400;
/** More events than any schedule takes: something runs in circles. */
const MAX_EVENTS = 100_000;

/** What a schedule broke, and how often what happened in it. */
export interface TicketResult {
  readonly faults: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
}

/** How a ticket is presented. */
type Way = "as it is" | "without its key" | "altered" | "for something else" | "under another key";

/** How a ticket is refused that is presented in this way; absent if it is good. */
const refusals: Readonly<Partial<Record<Way | "first", AcquireAnswer["kind"]>>> = {
  altered: "ticket-forged",
  "for something else": "ticket-mismatch",
  "under another key": "ticket-mismatch",
};

/** What a ticket states, as everybody can read it. */
interface Arrival {
  readonly queuedAtMs: number;
  readonly number: number;
  readonly deadlineAtMs: number;
}

/** Runs one schedule of a seed. */
export function simulateTickets(seed: number, number: number): TicketResult {
  const simulation = new TicketSimulation(new Random(seed, number));
  simulation.run();
  return { faults: simulation.faults, seen: simulation.seen };
}

/** One acquire, with all requests that were ever made for it. */
class Acquire {
  readonly name: string;
  readonly ask: Pick<AcquireCall, "tokens" | "timeoutMs" | "idempotencyKey">;
  readonly requests = new Set<Requested>();
  ticket: string | undefined = undefined;
  /** The grant that its callers have heard of last, and the instance that it came from. */
  heard: { readonly grant: Grant; readonly from: GatedInstance } | undefined = undefined;
  /** Whether its key has always been sent, so that every grant is kept under it. */
  isAlwaysKeyed: boolean;
  /** Whether it has one grant under its key and another one under its ticket, which is what the key is for. */
  isSplit = false;
  wasCancelled = false;
  /** Whether an admin has asked to take it out of the queue, and whether it is on the disk that it is out. */
  wasRemoved = false;
  isRemoved = false;
  /** The instance that has taken it out of the queue by word. */
  cancelledBy: GatedInstance | undefined = undefined;

  constructor(name: string, ask: Acquire["ask"]) {
    this.name = name;
    this.ask = ask;
    this.isAlwaysKeyed = ask.idempotencyKey !== undefined;
  }
}

/** One request for an acquire. */
class Requested implements HeldCall {
  readonly acquire: Acquire;
  readonly instance: GatedInstance;
  readonly way: Way | "first";
  leave: Leave | undefined = undefined;
  /** Of the place that it waits in, once it has one. */
  arrival: Arrival | undefined = undefined;
  isOver = false;

  constructor(acquire: Acquire, instance: GatedInstance, way: Requested["way"]) {
    this.acquire = acquire;
    this.instance = instance;
    this.way = way;
    acquire.requests.add(this);
    instance.held.add(this);
  }

  get isPlaced(): boolean {
    return this.arrival !== undefined && !this.isOver;
  }

  rejected(): void {
    this.end();
  }

  end(): void {
    this.isOver = true;
    this.acquire.requests.delete(this);
    this.instance.held.delete(this);
  }
}

class TicketSimulation {
  readonly faults: string[] = [];
  readonly seen = new Map<string, number>();
  readonly #random: Random;
  readonly #clock = new VirtualClock(epochMs);
  readonly #object: GatedObject;
  readonly #policy: NamedPolicyFields;
  /** Whether no deadline is near, so that everybody is served in order of arrival. */
  readonly #isFar: boolean;
  readonly #acquires: Acquire[] = [];
  readonly #requests = new Set<Requested>();
  #events = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#object = new GatedObject(this.#clock, random);
    this.#object.latencyMs = random.integer(0, 5);
    this.#isFar = random.chance(0.5);
    const capacity = random.integer(1, 3);
    const fields = {
      capacity,
      refillTokens: random.integer(1, capacity),
      refillIntervalMs: this.#isFar ? random.integer(50, 200) : random.integer(200, 1_500),
      maxWaitMs: MAX_WAIT_MS,
      queueLimit: random.pick([2, 5, 1_000]),
    };
    this.#policy = { name: "*", ...Policy.of(fields).toJSON() };
  }

  run(): void {
    const steps = this.#random.integer(STEPS.min, STEPS.max);
    for (let step = 0; step < steps && this.faults.length === 0; step += 1) {
      this.#pass(this.#random.integer(0, MAX_PAUSE_MS));
      this.#act();
    }
    this.#pass(MAX_WAIT_MS + 5_000);
    for (const { acquire, way } of this.#requests) {
      this.#fault(`${acquire.name} has no answer (${way})`);
    }
  }

  #act(): void {
    const fraction = this.#random.fraction();
    const known = this.#acquires.filter(({ ticket }) => ticket !== undefined);
    if (fraction < 0.4 || known.length === 0) {
      this.#arrive();
      return;
    }
    const acquire = this.#random.pick(known);
    if (fraction < 0.49) this.#drop(acquire);
    else if (fraction < 0.5) this.#remove(acquire);
    else if (fraction < 0.8) this.#present(acquire, "as it is");
    else if (fraction < 0.9) {
      const ways: Way[] = ["altered", "for something else", "under another key", "without its key"];
      this.#present(acquire, this.#random.pick(ways));
    } else if (fraction < 0.93) this.#cancel(acquire);
    else this.#crash(known);
  }

  #arrive(): void {
    const isKeyed = this.#random.chance(0.4);
    const name = `acquire ${this.#acquires.length + 1}`;
    const acquire = new Acquire(name, {
      tokens: 1,
      timeoutMs: this.#isFar ? FAR_MS : this.#random.integer(0, 8_000),
      ...(isKeyed && { idempotencyKey: name }),
    });
    this.#acquires.push(acquire);
    this.#send(acquire, "first", acquire.ask);
  }

  #present(acquire: Acquire, way: Way): void {
    this.#note(way);
    const { ask, ticket = "" } = acquire;
    const { idempotencyKey: _, ...keyless } = ask;
    switch (way) {
      case "as it is":
        this.#send(acquire, way, { ...ask, ticket });
        return;
      case "without its key":
        acquire.isAlwaysKeyed = false;
        // Another instance may have granted it under its key, of which the ticket alone says nothing.
        acquire.isSplit ||= acquire.heard?.from !== this.#object.instance;
        this.#send(acquire, way, { ...keyless, ticket });
        return;
      case "altered":
        this.#send(acquire, way, { ...ask, ticket: this.#altered(ticket) });
        return;
      case "for something else":
        this.#send(acquire, way, { ...ask, tokens: 2, ticket });
        return;
      case "under another key":
        this.#send(acquire, way, { ...ask, idempotencyKey: "another", ticket });
        return;
      default:
        way satisfies never;
    }
  }

  #altered(ticket: string): string {
    const at = this.#random.integer(3, ticket.length - 1);
    const other = ticket[at] === "A" ? "B" : "A";
    return ticket.slice(0, at) + other + ticket.slice(at + 1);
  }

  #send(acquire: Acquire, way: Requested["way"], ask: Partial<AcquireCall>): void {
    const { instance } = this.#object;
    const requested = new Requested(acquire, instance, way);
    this.#requests.add(requested);
    const call: AcquireCall = { bucket: BUCKET, policy: this.#policy, tokens: 1, ...ask };
    instance.turn(() => {
      requested.leave = instance.host.acquire(call, {
        answered: (answer) => this.#answered(requested, answer),
        moved: (place) => this.#moved(requested, place),
      });
    });
    if (requested.isOver) this.#requests.delete(requested);
  }

  /** One of its connections breaks. */
  #drop(acquire: Acquire): void {
    const [requested] = acquire.requests;
    if (!requested) return;
    this.#note("left");
    requested.instance.turn(() => void requested.leave?.());
    this.#end(requested);
  }

  #cancel(acquire: Acquire): void {
    const { idempotencyKey } = acquire.ask;
    if (idempotencyKey === undefined) return;
    this.#note("cancel");
    const { instance } = this.#object;
    acquire.wasCancelled = true;
    instance.turn(() => {
      if (instance.host.cancel(idempotencyKey)) acquire.cancelledBy = instance;
    });
    // For ten seconds the key alone says so.
    if (this.#random.chance(0.3)) this.#present(acquire, "without its key");
  }

  /** An admin takes it out of the queue, if it waits there. */
  #remove(acquire: Acquire): void {
    const { queuedAtMs, number } = arrivalIn(acquire.ticket ?? "");
    const { instance } = this.#object;
    instance.turn(() => {
      if (!instance.host.operators.removeWaiter(`${queuedAtMs}-${number}`)) return;
      this.#note("removed");
      acquire.wasRemoved = true;
      const landed = (): void => void (acquire.isRemoved = true);
      instance.answer({ landed, leave: () => undefined });
    });
    if (acquire.wasRemoved && this.#random.chance(0.5)) this.#present(acquire, "as it is");
  }

  /** The object dies, and callers with tickets come back, in any order and not all at once. */
  #crash(known: readonly Acquire[]): void {
    this.#note("crash");
    this.#object.crash();
    for (const requested of this.#requests) if (requested.isOver) this.#requests.delete(requested);
    const returning = known.filter(() => this.#random.chance(0.7));
    const order = returning.map((acquire) => ({ acquire, at: this.#random.fraction() }));
    for (const { acquire } of order.toSorted((one, other) => one.at - other.at)) {
      this.#pass(this.#random.integer(0, 20));
      this.#present(acquire, "as it is");
    }
  }

  /** In the turn: what is decided. What is heard of it waits until it is on the disk. */
  #moved(requested: Requested, place: HeldPlace): void {
    const { acquire, instance } = requested;
    const { ticket = "" } = place;
    const arrival = arrivalIn(ticket);
    requested.arrival = arrival;
    if (this.#clock.wallMs > arrival.deadlineAtMs) this.#fault(`${acquire.name} is placed late`);
    const leave = (): void => {
      if (acquire.ticket !== undefined && acquire.ticket !== ticket) {
        this.#fault(`${acquire.name} has two tickets: ${acquire.ticket} and ${ticket}`);
      }
      acquire.ticket = ticket;
    };
    instance.answer({ landed: () => undefined, leave });
  }

  #answered(requested: Requested, answer: AcquireAnswer): void {
    const { acquire, instance } = requested;
    const isGrant = answer.kind === "outcome" && answer.outcome.ok;
    if (isGrant && this.#isFar) this.#checkOrder(requested);
    const wasPlaced = requested.isPlaced;
    requested.isOver = true;
    const leave = (): void => this.#heard(requested, answer, wasPlaced);
    instance.answer({ landed: () => undefined, leave });
    if (acquire.cancelledBy === instance && !isGrant && answer.kind !== "cancelled") {
      const isOver = answer.kind === "replay" || answer.kind.startsWith("ticket-");
      if (!isOver) this.#fault(`${acquire.name} was cancelled, and gets ${answer.kind}`);
    }
  }

  /** No waiter arrived before a caller that is granted. */
  #checkOrder({ acquire, instance, arrival }: Requested): void {
    if (!arrival) return;
    for (const other of this.#requests) {
      if (other.instance !== instance || !other.isPlaced || !other.arrival) continue;
      if (isBefore(other.arrival, arrival)) {
        this.#fault(`${acquire.name} is granted before ${other.acquire.name}`);
      }
    }
  }

  #heard(requested: Requested, answer: AcquireAnswer, wasPlaced: boolean): void {
    const { acquire, way } = requested;
    this.#end(requested);
    const expected = refusals[way];
    if (expected !== undefined) {
      if (answer.kind !== expected) this.#fault(`${acquire.name} (${way}) gets ${answer.kind}`);
      return;
    }
    switch (answer.kind) {
      case "outcome":
        if (answer.outcome.ok) this.#granted(requested, answer.outcome);
        else this.#refused(requested, answer.outcome.reason, wasPlaced);
        return;
      case "replay":
        this.#note("replayed");
        this.#granted(requested, answer.grant);
        return;
      case "cancelled":
        this.#note("cancelled");
        if (!acquire.wasCancelled) this.#fault(`${acquire.name} is cancelled by nobody`);
        return;
      case "place-crowded":
        this.#note("crowded");
        return;
      case "cancelled-by-admin":
        this.#note("kept out");
        if (!acquire.wasRemoved) this.#fault(`${acquire.name} is removed by nobody`);
        return;
      case "invalid":
      case "key-reused":
      case "reset":
      case "ticket-forged":
      case "ticket-mismatch":
      case "unavailable":
        this.#fault(`${acquire.name} (${way}) gets ${answer.kind}`);
        return;
      default:
        answer satisfies never;
    }
  }

  #granted({ acquire, instance, way }: Requested, grant: Grant): void {
    this.#note(way === "first" ? "granted" : "granted by ticket");
    if (acquire.isRemoved && !acquire.isSplit)
      this.#fault(`${acquire.name} was removed, and is granted`);
    const { ticket, heard } = acquire;
    if (ticket !== undefined && grant.grantedAtMs > arrivalIn(ticket).deadlineAtMs) {
      this.#fault(`${acquire.name} is granted after its deadline`);
    }
    if (heard && heard.grant.grantedAtMs !== grant.grantedAtMs && !acquire.isSplit) {
      if (heard.from === instance) this.#fault(`${acquire.name} is granted twice`);
      else if (acquire.isAlwaysKeyed) this.#fault(`${acquire.name} is granted twice under its key`);
      else this.#note("granted again after a crash");
    }
    acquire.heard = { grant, from: instance };
  }

  #refused({ acquire, way }: Requested, reason: string, wasPlaced: boolean): void {
    this.#note(way === "first" ? reason : `${reason} by ticket`);
    if (wasPlaced) this.#fault(`${acquire.name} had a place, and is refused: ${reason}`);
    if (way !== "first" && reason !== "timeout")
      this.#fault(`${acquire.name} comes back: ${reason}`);
  }

  #end(requested: Requested): void {
    requested.end();
    this.#requests.delete(requested);
  }

  #pass(ms: number): void {
    const untilMs = this.#clock.monotonicMs + ms;
    this.#clock.after(ms, () => undefined);
    while (this.#clock.monotonicMs < untilMs && this.#clock.step()) {
      this.#events += 1;
      if (this.#events > MAX_EVENTS) throw new Error("The schedule does not end");
    }
  }

  #fault(text: string): void {
    this.faults.push(`${text} at ${this.#clock.monotonicMs}`);
  }

  #note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }
}

/** See src/bucket/tickets/ticket.ts: a ticket is signed, and no secret. */
function arrivalIn(ticket: string): Arrival {
  const [, statement = ""] = ticket.split(".");
  const text = atob(statement.replaceAll("-", "+").replaceAll("_", "/"));
  const [, queuedAtMs, number, deadlineAtMs] = JSON.parse(text);
  return { queuedAtMs, number, deadlineAtMs };
}

function isBefore(one: Arrival, other: Arrival): boolean {
  if (one.queuedAtMs !== other.queuedAtMs) return one.queuedAtMs < other.queuedAtMs;
  return one.number < other.number;
}
