/**
 * One schedule, from its first arrival until nothing happens any more: a pure function of the seed and
 * the schedule's number.
 */
import type { BrokenLaw, Displaced, Stats } from "./laws.ts";
import type { Fault, PlannedFaults, Schedule } from "./schedule.ts";

import { enforceInvariants } from "../../src/core/invariants.ts";
import { epochMs } from "../model/limiters.ts";
import { Random } from "../random.ts";
import { Laws } from "./laws.ts";
import { withForgetting } from "./forgetting-schedule.ts";
import { drawSchedule } from "./schedule.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { VirtualObject } from "./virtual-object.ts";
import { VirtualWorker } from "./worker.ts";
import { ZoneTables } from "./zone-tables.ts";

enforceInvariants();

/** A schedule in which a law was broken. */
export interface Failure extends BrokenLaw {
  readonly seed: number;
  readonly number: number;
  /** Everything that happened, one line each. */
  readonly trace: readonly string[];
}

/** What an administrator does: a call of its own, after the turn that it follows. */
type Administration = Extract<
  Fault,
  { kind: "change policy" | "pause" | "lift" | "delete" | "close" | "look" }
>;

/** More events than any schedule takes: something runs in circles. */
const MAX_EVENTS = 100_000;

/** What a run of a schedule has come to. */
type Simulated = Stats & { readonly failure?: Failure };

/** Runs one schedule of a seed. A failure is run again to record what happened. */
export function simulate(seed: number, number: number): Promise<Simulated> {
  return simulateOne(seed, number, (schedule) => schedule);
}

/** The same of a bucket that is forgotten: see forgetting-schedule.ts. */
export function simulateForgetting(seed: number, number: number): Promise<Simulated> {
  return simulateOne(seed, number, (schedule) => withForgetting(schedule, seed, number));
}

async function simulateOne(
  seed: number,
  number: number,
  change: (schedule: Schedule) => Schedule,
): Promise<Simulated> {
  const { tally, broken } = await run(seed, number, change);
  if (!broken) return tally;
  const trace: string[] = [];
  await run(seed, number, change, (line) => void trace.push(line));
  return { ...tally, failure: { seed, number, ...broken, trace } };
}

/** A failure in words, and how to reproduce it. */
export function describeFailure({ seed, number, law, detail, trace }: Failure): string {
  const title = `Law ${law} broken in schedule ${number} of seed ${seed}: ${detail}`;
  const options = `--only schedules --seed ${seed} --schedules 1 --first ${number}`;
  return [title, ...trace, title, `Again: npm run chaos -- ${options}`].join("\n");
}

async function run(
  seed: number,
  number: number,
  change: (schedule: Schedule) => Schedule,
  write?: (line: string) => void,
): Promise<Laws> {
  const random = new Random(seed, number);
  const schedule = change(drawSchedule(random));
  const simulation = new Simulation(schedule, random, write);
  simulation.run();
  // What `reset()` left to microtasks.
  await Promise.resolve();
  await Promise.resolve();
  return simulation.laws;
}

/** A running schedule. */
export class Simulation {
  readonly laws: Laws;
  readonly object: VirtualObject;
  readonly worker: VirtualWorker;
  readonly clock = new VirtualClock(epochMs);
  readonly #afterTurn: PlannedFaults[];
  #turns = 0;

  constructor(schedule: Schedule, random: Random, write?: (line: string) => void) {
    const { clock } = this;
    this.laws = new Laws(clock);
    const trace = (line: () => string): void => {
      // Formatted only if somebody reads it.
      write?.(`${clock.monotonicMs} (${clock.wallMs}) ${line()}`);
    };
    const onTurn = (): void => this.#turnEnded();
    const zones = new ZoneTables(schedule.zones ?? {});
    this.laws.deployed(zones);
    const world = { clock, random, laws: this.laws, onTurn, zones, trace };
    this.object = new VirtualObject(world, schedule.forgetsByAlarm);
    this.worker = new VirtualWorker(this.object, schedule.policy, schedule.isolates);
    this.laws.displaced = () => this.#displaced();
    trace(() => JSON.stringify(schedule.policy));
    if (schedule.zones) trace(() => JSON.stringify(schedule.zones));
    for (const client of schedule.clients) {
      clock.after(client.arrivesAtMs, () => this.worker.receive(client));
    }
    this.#afterTurn = [];
    for (const planned of schedule.faults) {
      const { when } = planned;
      if ("atMs" in when) clock.after(when.atMs, () => this.#strikeAll(planned));
      else this.#afterTurn.push(planned);
    }
  }

  run(): void {
    let events = 0;
    while (!this.laws.broken && this.#step()) {
      events += 1;
      if (events > MAX_EVENTS) this.laws.breaks("3", () => `no end after ${events} events`);
    }
    const unsettled = [...this.worker.open].map(({ client }) => client.name);
    this.#guard(() => {
      this.laws.finish(this.object.instance, unsettled);
      return false;
    });
  }

  #step(): boolean {
    return this.#guard(() => this.clock.step());
  }

  #guard(perform: () => boolean): boolean {
    try {
      return perform();
    } catch (error) {
      // Turns catch what they throw, so this is an instance that can't start, or the simulator's own
      // fault.
      this.laws.breaks("7", () => `threw ${error instanceof Error ? error.stack : String(error)}`);
      return false;
    }
  }

  *#displaced(): Iterable<Displaced> {
    for (const { displacedAtMs, arrivedAtMs } of this.worker.open) {
      if (displacedAtMs !== undefined) yield { displacedAtMs, arrivedAtMs };
    }
  }

  #turnEnded(): void {
    this.#turns += 1;
    for (const planned of this.#afterTurn) {
      const { when } = planned;
      if ("afterTurn" in when && when.afterTurn === this.#turns) this.#strikeAll(planned);
    }
  }

  #strikeAll({ faults }: PlannedFaults): void {
    let delayMs = 0;
    for (const { fault, afterMs } of faults) {
      delayMs += afterMs;
      // The first may have to strike within the turn's last moment.
      if (delayMs === 0) this.#strike(fault);
      else this.clock.after(delayMs, () => this.#strike(fault));
    }
  }

  #strike(fault: Fault): void {
    const { clock, object, worker } = this;
    object.world.trace(() => JSON.stringify(fault));
    switch (fault.kind) {
      case "crash":
        if (fault.isOfMachine) worker.crash();
        object.crash();
        break;
      case "evict":
        object.evict();
        break;
      case "sweep":
        object.sweep();
        break;
      case "reset":
        object.reset();
        break;
      case "move":
        object.move();
        break;
      case "deploy":
        worker.deploy(fault.policy, fault.zones && new ZoneTables(fault.zones));
        object.reset();
        break;
      case "change policy":
      case "pause":
      case "lift":
      case "delete":
      case "close":
      case "look":
        clock.after(0, () => this.#administer(fault));
        break;
      case "commit fails":
        object.nextCommitFails = true;
        break;
      case "storage broken":
        object.brokenUntilMs = clock.monotonicMs + fault.forMs;
        break;
      case "write throws":
        object.nextWriteThrows = true;
        break;
      case "storage slow":
        object.slow = { untilMs: clock.monotonicMs + fault.forMs, latencyMs: fault.latencyMs };
        break;
      case "alarm":
        object.alarmFaults = { fault, times: fault.times };
        break;
      case "stall":
        object.stalledUntilMs = Math.max(object.stalledUntilMs, clock.monotonicMs + fault.forMs);
        break;
      case "isolate dies":
        worker.crashIsolate(fault.isolate);
        break;
      case "isolate's clock jumps":
        worker.setIsolateClock(fault.isolate, fault.byMs);
        break;
      case "clock jumps":
        clock.jump(fault.byMs);
        object.clockJumped();
        break;
    }
  }

  #administer(fault: Administration): void {
    const { clock, object, worker } = this;
    switch (fault.kind) {
      case "change policy":
        worker.changePolicy(fault.changes);
        break;
      case "pause":
        worker.pause(fault);
        break;
      case "lift":
        worker.resume(fault);
        break;
      case "delete":
        worker.reset();
        break;
      case "close":
        worker.shutDown();
        clock.after(fault.endsAfterMs, () => {
          worker.crash();
          object.crash();
        });
        break;
      case "look":
        worker.inspect();
        break;
    }
  }
}
