/**
 * The Worker's side in virtual time, as wire/requeue.ts and worker/bucket-stub.ts have it. It stamps
 * arrivals, requeues callers whose call was rejected, and tells the object when a client hangs up. It
 * outlives the object unless the machine dies; then all connections break.
 */
import type { PolicyChanges, PolicyFields } from "../../src/core/policy.ts";
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { Pause } from "../../src/core/pause.ts";
import type { PauseAnswer } from "../../src/wire/bucket-answers.ts";
import type { BeforeAndAfter } from "./laws.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { AcquireCall } from "../../src/wire/acquire-call.ts";
import type { Random } from "../random.ts";
import type { ZoneTables } from "./zone-tables.ts";
import type { Instance } from "./instance.ts";
import type { Client, Fault } from "./schedule.ts";
import type { Attempt, Held, Standing } from "./standing.ts";
import type { VirtualObject } from "./virtual-object.ts";

import { Policy } from "../../src/core/policy.ts";
import { Requeue } from "../../src/wire/requeue.ts";
import { BUCKET } from "./instance.ts";
import { Isolate, isLeasable } from "./isolate.ts";

const POLICY = "policy";
/** The longest pause before a call that is answered in its own turn is repeated. */
const CALL_PAUSE_MS = 100;
/** As in bucket-stub.ts. */
const ARRIVAL_STEP_MS = 0.001;

export class VirtualWorker {
  readonly #object: VirtualObject;
  readonly #open = new Set<ClientRequest>();
  #configured: NamedPolicyFields;
  #lastArrivalAtMs = 0;
  /** The isolates that requests come to, each in its place. */
  #isolates: Isolate[] = [];
  #started = 0;

  constructor(object: VirtualObject, policy: PolicyFields, isolates: number) {
    this.#object = object;
    this.#configured = configure(policy, object.world.zones);
    this.#isolates = Array.from({ length: isolates }, () => this.#startIsolate());
  }

  #startIsolate(): Isolate {
    this.#started += 1;
    return new Isolate(`isolate ${this.#started}`, this.#object, this.#configured);
  }

  #place(number: number): number {
    return number % this.#isolates.length;
  }

  get object(): VirtualObject {
    return this.#object;
  }

  get random(): Random {
    return this.#object.world.random;
  }

  /** The requests that are neither answered nor gone. */
  get open(): ReadonlySet<ClientRequest> {
    return this.#open;
  }

  /** A request of a client arrives. */
  receive(client: Client): void {
    const { clock, laws } = this.#object.world;
    const isolate = this.#isolates[this.#place(client.isolate)];
    if (!isolate) throw new RangeError(`There is no isolate for ${client.name}`);
    if (isolate.tryGrant(client)) {
      laws.settled("outcome", true);
      return;
    }
    this.#lastArrivalAtMs = Math.max(clock.wallMs, this.#lastArrivalAtMs + ARRIVAL_STEP_MS);
    const request = new ClientRequest(this, client, isolate, this.#lastArrivalAtMs);
    this.#open.add(request);
    if (isLeasable(client)) isolate.book.sent(client.name);
    isolate.around(() => request.send());
    if (client.leavesAfterMs !== undefined) {
      clock.after(client.leavesAfterMs, () => request.hangUp());
    }
    const { key, breaks, cancelledAfterMs } = client;
    if (breaks) clock.after(breaks.afterMs, () => this.#break(request, breaks.awayMs));
    if (key !== undefined && cancelledAfterMs !== undefined) {
      clock.after(cancelledAfterMs, () => this.cancel(key));
    }
  }

  /** A request is over, from its client's point of view. */
  close(request: ClientRequest): void {
    this.#open.delete(request);
    request.isolate.book.cameBack(request.client.name);
  }

  /** The Worker dies with its connections. */
  crash(): void {
    for (const number of this.#isolates.keys()) this.crashIsolate(number);
    this.#lastArrivalAtMs = 0;
  }

  /** One isolate dies, and another takes its place. Clients with a key retry. */
  crashIsolate(number: number): void {
    const { clock } = this.#object.world;
    const place = this.#place(number);
    const isolate = this.#isolates[place];
    isolate?.die();
    this.#isolates[place] = this.#startIsolate();
    for (const request of this.#open) {
      if (request.isolate !== isolate) continue;
      request.hangUp();
      const { client } = request;
      if (client.retries === 0) continue;
      const again = { ...client, name: `${client.name} again`, retries: client.retries - 1 };
      clock.after(this.random.integer(1, 2_000), () => this.receive(again));
    }
  }

  /** The connection of one request breaks; its client retries after a while. */
  #break(request: ClientRequest, awayMs: number): void {
    if (!this.#open.has(request)) return;
    const { breaks, ...client } = request.client;
    request.hangUp();
    const again = { ...client, name: `${client.name} back` };
    this.#object.world.clock.after(awayMs, () => this.receive(again));
  }

  setIsolateClock(number: number, byMs: number): void {
    this.#isolates[this.#place(number)]?.jump(byMs);
  }

  /**
   * New isolates take over. The old ones live on with their leases, and for the requests that wait
   * there. Their machines may know other time zones.
   */
  deploy(policy: PolicyFields, zones: ZoneTables = this.#object.world.zones): void {
    const { world } = this.#object;
    if (zones !== world.zones) world.laws.deployed(zones);
    world.zones = zones;
    this.#configured = configure(policy, zones);
    this.#isolates = this.#isolates.map(() => this.#startIsolate());
  }

  inspect(): void {
    const configured = this.#configured;
    this.#call((instance) => instance.host.inspect(BUCKET, configured));
  }

  changePolicy(changes: PolicyChanges): void {
    const configured = this.#configured;
    const { laws } = this.#object.world;
    this.#call((instance) => {
      const { ok } = instance.host.operators.changePolicy(BUCKET, configured, { ...changes });
      if (ok && Object.keys(changes).length > 0) laws.overridden(instance);
    });
  }

  /** Somebody cancels the acquire with this key. */
  cancel(key: string): void {
    const { laws } = this.#object.world;
    this.#call((instance) => {
      const before = laws.lookBeforeCancel(instance, key);
      laws.cancelled(instance, key, { wasWaiting: instance.host.cancel(key), ...before });
    });
  }

  pause({ forMs, tokens, limits }: Omit<Extract<Fault, { kind: "pause" }>, "kind">): void {
    const configured = this.#configured;
    const { clock, laws } = this.#object.world;
    const pause = { untilMs: clock.wallMs + forMs, tokens, ...(limits && { limits }) };
    this.#call(
      (instance) => {
        this.#object.disturbances += 1;
        const perform = () => instance.host.pause(BUCKET, configured, pause);
        const around = this.#around(instance, pause, perform);
        if (around) laws.paused(instance, pause, around);
      },
      () => laws.pauseAnswered(pause),
    );
  }

  resume({ limits }: { readonly limits?: readonly string[] }): void {
    const configured = this.#configured;
    const { laws } = this.#object.world;
    const pause = { ...(limits && { limits }) };
    this.#call((instance) => {
      const perform = () => instance.host.resume(BUCKET, configured, limits);
      const around = this.#around(instance, pause, perform);
      if (around) laws.resumed(instance, pause, around);
    });
  }

  /** Pauses or resumes: the bucket before and after it, if there are such limits. */
  #around(
    instance: Instance,
    pause: Partial<Pause>,
    perform: () => PauseAnswer,
  ): BeforeAndAfter | undefined {
    const { laws } = this.#object.world;
    const before = laws.viewOf(instance);
    const policyBefore = instance.view.record?.policy;
    instance.seen.isPauseTurn = true;
    const after = perform();
    if ("errors" in after) {
      laws.pauseRefused(instance, pause);
      return undefined;
    }
    // Another policy may have come with the call.
    const isSamePolicy = isSame(policyBefore, instance.view.record?.policy);
    return { before: isSamePolicy ? before : undefined, after };
  }

  reset(): void {
    const { laws } = this.#object.world;
    this.#call((instance) => {
      instance.host.reset().catch((error: unknown) => {
        laws.breaks("7", () => `reset() rejected: ${String(error)}`);
      });
      laws.wasReset(instance);
    });
  }

  /** The process is about to end, and the current instance is notified. */
  shutDown(): void {
    const { laws } = this.#object.world;
    this.#call((instance) => {
      instance.isClosed = true;
      instance.host.shutDown();
      laws.turnedAway(instance);
    });
  }

  /** A call that is repeated until it comes through. */
  #call(perform: (instance: Instance) => void, answered?: () => void): void {
    const { clock } = this.#object.world;
    const held: Held = {
      rejected: () => clock.after(this.random.integer(1, CALL_PAUSE_MS), make),
    };
    const make = (): void => {
      const instance = this.#object.liveInstance();
      instance.call(held, () => perform(instance), answered);
    };
    make();
  }
}

function configure(policy: PolicyFields, zones: ZoneTables): NamedPolicyFields {
  return { name: POLICY, ...Policy.of(policy, zones).toJSON() };
}

/** One request of one client, over all of its attempts. */
export class ClientRequest {
  readonly client: Client;
  readonly isolate: Isolate;
  readonly arrivedAtMs: number;
  /**
   * Since when it has been on its way back from an instance that died, monotonic; it was in the queue
   * there.
   */
  displacedAtMs: number | undefined = undefined;
  readonly #worker: VirtualWorker;
  readonly #call: AcquireCall;
  readonly #calledAtMs: number;
  readonly #receivedAtMs: number;
  readonly #requeue: Requeue;
  #failures = 0;
  #attemptedAtMs = 0;
  #isOver = false;
  #instance: Instance | undefined = undefined;
  #standing: Standing | undefined = undefined;

  constructor(worker: VirtualWorker, client: Client, isolate: Isolate, arrivedAtMs: number) {
    this.#worker = worker;
    this.client = client;
    this.isolate = isolate;
    this.arrivedAtMs = arrivedAtMs;
    this.#calledAtMs = this.#nowMs;
    this.#receivedAtMs = worker.object.world.clock.monotonicMs;
    const { tokens, limits, timeoutMs, key, isStreamed } = client;
    const { maxWaitMs } = isolate.configured;
    const terms = { maxWaitMs, ...(timeoutMs !== undefined && { timeoutMs }) };
    this.#requeue = new Requeue(terms, this.#calledAtMs);
    this.#call = {
      bucket: BUCKET,
      policy: isolate.configured,
      tokens,
      ...(limits && { limits }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(key !== undefined && { idempotencyKey: key }),
      ...(isStreamed && { isStreamed }),
    };
  }

  get #nowMs(): number {
    return this.#worker.object.world.clock.wallMs;
  }

  send(): void {
    const { clock } = this.#worker.object.world;
    this.#attemptedAtMs = this.#nowMs;
    const elapsedMs = this.#requeue.elapsedMs(this.#nowMs);
    // Returned leases go with the first attempt alone, because they must not count twice.
    const returnedLeases = this.#failures === 0 ? this.isolate.returnAll(this.client) : undefined;
    const again = this.#failures > 0 && { requeued: { arrivedAtMs: this.arrivedAtMs, elapsedMs } };
    const call = { ...this.#call, ...again, ...(returnedLeases && { returnedLeases }) };
    clock.after(this.#networkMs(), () => this.#deliver(call));
  }

  hangUp(): void {
    if (this.#isOver) return;
    const { world } = this.#worker.object;
    world.trace(() => `${this.client.name} hangs up`);
    this.#end();
    const instance = this.#instance;
    const standing = this.#standing;
    if (instance && standing) {
      world.clock.after(this.#worker.random.integer(0, 2), () => instance.leave(standing));
    }
  }

  #networkMs(): number {
    return this.#worker.random.pick([0, 0, 1, 1, 1, 1, 2, 5]);
  }

  #deliver(call: AcquireCall): void {
    if (this.#isOver) return;
    this.displacedAtMs = undefined;
    const { world } = this.#worker.object;
    const instance = this.#worker.object.liveInstance();
    world.trace(() => {
      const { bucket, policy, ...asked } = call;
      return `${this.client.name} comes to ${instance.name}: ${JSON.stringify(asked)}`;
    });
    const attempt: Attempt = {
      name: this.client.name,
      call,
      calledAtMs: this.#receivedAtMs,
      answered: (answer) => {
        world.clock.after(this.#networkMs(), () =>
          this.#settle(answer.kind, answer.kind === "outcome" && answer.outcome.ok),
        );
      },
      rejected: (isUnwritable) => {
        if (this.#standing?.isAnswered === false) this.displacedAtMs = world.clock.monotonicMs;
        this.#instance = undefined;
        this.#standing = undefined;
        this.#fail(isUnwritable);
      },
    };
    this.#instance = instance;
    this.#standing = undefined;
    const standing = instance.acquire(attempt);
    // If it was rejected in its own turn, it is on its way back already.
    if (this.#instance === instance) this.#standing = standing;
  }

  #fail(isUnwritable: boolean): void {
    if (this.#isOver) return;
    const { clock, trace } = this.#worker.object.world;
    this.#failures += 1;
    const lost = { isReset: true, isUnwritable, heldMs: this.#nowMs - this.#attemptedAtMs };
    const step = this.#requeue.lost(lost, this.#nowMs, 1, this.#worker.random.fraction());
    if (step.kind === "again") {
      clock.after(Math.floor(step.pauseMs), () => {
        if (!this.#isOver) this.send();
      });
      return;
    }
    trace(() => `${this.client.name} gives up: ${step.kind}`);
    this.#settle(step.kind === "timeout" ? "outcome" : "unavailable");
  }

  #settle(how: AcquireAnswer["kind"] | "unavailable", isGrant = false): void {
    if (this.#isOver) return;
    this.#end();
    this.#worker.object.world.laws.settled(how, isGrant);
    this.isolate.wasAnswered();
  }

  #end(): void {
    this.#isOver = true;
    this.#worker.close(this);
  }
}

function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
