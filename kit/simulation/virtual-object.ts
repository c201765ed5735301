/**
 * A durable object as the runtime has it: one disk, one alarm, and instances that come and go (see
 * instance.ts). An instance that the object has moved away from lives on until one of its commits
 * fails.
 *
 * **The alarm** is durable and fires at least once, at its time by the wall clock or later. If its
 * handler fails it is retried six times, with growing pauses, and then dropped. It can also be lost.
 */
import type { Commit, DiskState } from "./durable-state.ts";
import type { InstanceOwner } from "./instance.ts";
import type { AlarmFault } from "./schedule.ts";
import type { World } from "./world.ts";

import { keptLongerMs, newestState } from "../../src/bucket/stored-rows.ts";
import { Random } from "../random.ts";
import { emptyState } from "./durable-state.ts";
import { Instance } from "./instance.ts";

/** Retries of an alarm's handler, and the pause before the first. */
const ALARM_RETRIES = 6;
const ALARM_PAUSE_MS = 2_000;

/** The durable object: its disk, its alarm, its instances. */
export class VirtualObject implements InstanceOwner {
  readonly world: World;
  readonly forgetsByAlarm: boolean;
  durable: DiskState = emptyState(0);
  instance: Instance | undefined = undefined;
  /** Instances that the object has moved away from and that still live. */
  readonly old = new Set<Instance>();
  /** What fails next. */
  nextCommitFails = false;
  nextWriteThrows = false;
  brokenUntilMs = 0;
  alarmFaults: { fault: AlarmFault; times: number } | undefined = undefined;
  slow = { untilMs: 0, latencyMs: 0 };
  stalledUntilMs = 0;
  /** Counts what may make a waiter later than forecast. */
  disturbances = 0;
  /**
   * Whether the alarm was lost, dropped, or is being retried, so that nothing can be expected of it.
   */
  isAlarmUnsure = false;
  hasFiredTwice = false;
  #instances = 0;
  #idsMade = 0;
  #draws = 0;
  #alarmGeneration = 0;

  constructor(world: World, forgetsByAlarm = false) {
    this.world = world;
    this.forgetsByAlarm = forgetsByAlarm;
  }

  /** The instance that calls go to; starts one if there is none. */
  liveInstance(): Instance {
    if (!this.instance) {
      this.#instances += 1;
      this.instance = new Instance(this, this.#instances);
    }
    return this.instance;
  }

  newId(): string {
    this.#idsMade += 1;
    return `grant ${this.#idsMade}`;
  }

  randomBytes(count: number): Uint8Array {
    this.#draws += 1;
    return new Random(this.#draws).bytes(count);
  }

  /** The current instance has died before all of its alarm changes were on the disk. */
  instanceDied(losesAlarmChange: boolean): void {
    this.instance = undefined;
    const { alarmAtMs } = this.durable;
    if (!losesAlarmChange || alarmAtMs === undefined || this.isAlarmUnsure) return;
    // It may have fired without being removed, so it fires once more.
    this.#alarmGeneration += 1;
    this.#wakeAt(alarmAtMs, this.world.random.integer(0, 5), undefined);
  }

  crash(): void {
    this.instance?.die("crashes");
  }

  reset(): void {
    this.instance?.die("is reset");
  }

  evict(): void {
    if (this.instance?.isIdle) this.instance.die("is evicted");
  }

  /**
   * What the launcher does (serve/forgotten-files.ts), which reads the file once workerd has closed it. The alarm is in
   * another one. An instance that lives on after a move is none of one machine.
   */
  sweep(): void {
    this.evict();
    const { clock, laws, trace } = this.world;
    const dueAtMs = this.#forgettableFromMs ?? Infinity;
    if (this.instance || this.old.size > 0 || dueAtMs > clock.wallMs) return;
    trace(() => "the file is removed");
    const { alarmAtMs } = this.durable;
    const life = laws.forgotten(this.durable, this.world.zones);
    this.durable = { ...emptyState(life), alarmAtMs };
  }

  /** New calls go to a new instance; the old one isn't told. */
  move(): void {
    const { instance } = this;
    if (!instance) return;
    instance.lose();
    this.instance = undefined;
    if (instance.isIdle) instance.die("is evicted after its move");
    else this.old.add(instance);
  }

  /** A commit has reached the disk. */
  land(commit: Commit): void {
    if (commit.hasLanded) return;
    commit.hasLanded = true;
    // The alarm may have been lost from the disk meanwhile; only a commit that sets it changes that.
    const { alarmAtMs } = commit.setsAlarm ? commit.state : this.durable;
    const { record: before } = this.durable;
    this.durable = { ...commit.state, alarmAtMs };
    if (commit.state.record !== before) this.#planSweeps();
    if (!commit.setsAlarm) return;
    this.#alarmGeneration += 1;
    if (alarmAtMs !== undefined) this.#planAlarm(alarmAtMs);
  }

  /** The wall clock has been set, and alarms follow it. */
  clockJumped(): void {
    this.disturbances += 1;
    const { alarmAtMs } = this.durable;
    if (alarmAtMs === undefined || this.isAlarmUnsure) return;
    this.#alarmGeneration += 1;
    this.#wakeAt(alarmAtMs, 0, undefined);
  }

  /** The launcher may come the very moment that a bucket may be forgotten. */
  #planSweeps(): void {
    const { clock } = this.world;
    const dueAtMs = this.#forgettableFromMs;
    if (this.forgetsByAlarm || dueAtMs === undefined) return;
    clock.after(Math.max(0, dueAtMs - clock.wallMs), () => this.sweep());
  }

  /** By the wall clock. */
  get #forgettableFromMs(): number | undefined {
    const { record, rows, keyedRows, ticketSecret, removedCallers } = this.durable;
    if (!record || record.isOverridden) return undefined;
    const hasOthers = keyedRows.size > 0 || (ticketSecret ?? removedCallers) !== undefined;
    const { forgetAtMs } = newestState(record, rows).limiter;
    return forgetAtMs && forgetAtMs + keptLongerMs(hasOthers, record.policy.maxWaitMs);
  }

  #takeAlarmFault(): AlarmFault | undefined {
    const { alarmFaults } = this;
    if (!alarmFaults) return undefined;
    alarmFaults.times -= 1;
    if (alarmFaults.times === 0) this.alarmFaults = undefined;
    return alarmFaults.fault;
  }

  #planAlarm(alarmAtMs: number): void {
    const { random, trace } = this.world;
    const fault = this.#takeAlarmFault();
    this.isAlarmUnsure = false;
    if (fault?.isLost) {
      this.isAlarmUnsure = true;
      const isForgotten = random.chance(0.5);
      if (isForgotten) this.durable = { ...this.durable, alarmAtMs: undefined };
      trace(() => `the alarm is lost${isForgotten ? " and forgotten" : ""}`);
      return;
    }
    this.#wakeAt(alarmAtMs, fault?.lateMs ?? random.pick([0, 0, 0, 1, 4]), fault);
  }

  #wakeAt(alarmAtMs: number, lateMs: number, fault: AlarmFault | undefined): void {
    const { clock } = this.world;
    const generation = this.#alarmGeneration;
    const delayMs = Math.max(0, alarmAtMs - clock.wallMs) + lateMs;
    if (lateMs > 0) clock.after(delayMs - lateMs, () => this.instance?.comesLate());
    clock.after(delayMs, () => this.#fire(generation, fault, 0));
  }

  #fire(generation: number, fault: AlarmFault | undefined, failures: number): void {
    if (generation !== this.#alarmGeneration) return;
    const { clock, trace } = this.world;
    const aheadMs = Number(this.durable.alarmAtMs) - clock.wallMs;
    if (aheadMs > 0) {
      clock.after(aheadMs, () => this.#fire(generation, fault, failures));
      return;
    }
    const instance = this.liveInstance();
    if (instance.view.alarmAtMs !== this.durable.alarmAtMs) {
      // A pending commit sets it anew, so the runtime cancels this firing.
      return;
    }
    trace(() => `the alarm fires at ${instance.name}${failures ? `, retry ${failures}` : ""}`);
    const throws = failures < (fault?.times ?? 0) ? fault?.throws : "no";
    const isDone = instance.runAlarm(throws ?? "no");
    if (generation !== this.#alarmGeneration) return;
    if (isDone) {
      if (fault?.isTwice) clock.after(this.world.random.integer(0, 60), () => this.#fireAgain());
      return;
    }
    this.isAlarmUnsure = true;
    if (failures < ALARM_RETRIES) {
      const pauseMs = ALARM_PAUSE_MS * 2 ** failures;
      clock.after(pauseMs, () => this.#fire(generation, fault, failures + 1));
    } else {
      trace(() => "the alarm is dropped");
      this.durable = { ...this.durable, alarmAtMs: undefined };
    }
  }

  #fireAgain(): void {
    this.hasFiredTwice = true;
    const instance = this.liveInstance();
    this.world.trace(() => `the alarm fires again at ${instance.name}`);
    instance.turn(() => instance.host.alarm(), "tick");
  }
}
