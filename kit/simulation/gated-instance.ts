/**
 * One instance of an object with holds and permits, in virtual time: its host, its part of the disk, and the gate
 * that keeps answers back until what they say is on the disk. Smaller than instance.ts, and with holders.
 *
 * What a turn writes is one commit. Everything that is answered in it leaves when the commit has landed. An instance
 * that dies takes its commits with it, but for some that may have landed and that nobody heard of.
 */
import type { Clock } from "../../src/bucket/clock.ts";
import type {
  BucketDisk,
  BucketPlatform,
  BucketRecord,
  StoredGrantRow,
} from "../../src/bucket/platform.ts";
import type { AlarmStorage } from "../../src/bucket/wake-timer.ts";
import type { VirtualClock } from "./virtual-clock.ts";

import { Random } from "../random.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { NO_KEYED, type KeyedState, withKeyedRow } from "./durable-state.ts";
import { timeZones } from "../../src/time-zones.ts";

/** What is on the disk, or will be. */
interface GatedState extends KeyedState {
  readonly record: BucketRecord | undefined;
  readonly rows: ReadonlyMap<number, StoredGrantRow>;
  readonly ticketSecret: Uint8Array | undefined;
  readonly alarmAtMs: number | undefined;
}

/** What follows from a turn: what is so once it has landed, and what is then answered. */
interface Answer {
  readonly landed: () => void;
  readonly leave: () => void;
}

interface Commit {
  readonly state: GatedState;
  readonly fails: boolean;
  readonly answers: Answer[];
}

/** Something of the Worker's that an instance holds. */
export interface HeldCall {
  /** The instance died before the answer left. */
  rejected(): void;
}

/** A failure that the schedule asked for. Anything else that is thrown breaks a law. */
class InjectedFailure extends Error {
  override readonly name = "InjectedFailure";
}

/** An object whose instances come and go. */
export class GatedObject {
  readonly clock: VirtualClock;
  readonly random: Random;
  durable: GatedState = {
    record: undefined,
    ...NO_KEYED,
    rows: new Map(),
    ticketSecret: undefined,
    alarmAtMs: undefined,
  };
  /** What fails next. */
  nextCommitFails = false;
  nextWriteThrows = false;
  /** How long commits take, at most, in milliseconds. */
  latencyMs = 2;
  /** How late alarms and timers are, at most, in milliseconds. */
  lateMs = 0;
  /** Called when an instance has died, and before another one is started. */
  dying: (instance: GatedInstance) => void = () => undefined;
  #instance: GatedInstance | undefined = undefined;
  #ids = 0;
  #draws = 0;
  #alarms = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  get instance(): GatedInstance {
    return (this.#instance ??= new GatedInstance(this));
  }

  newId(): string {
    this.#ids += 1;
    return `g${this.#ids}`;
  }

  randomBytes(count: number): Uint8Array {
    this.#draws += 1;
    return new Random(this.#draws).bytes(count);
  }

  crash(): void {
    this.#instance?.die();
  }

  /** New calls go to a new instance. The old one lives until it wants to write. */
  move(): void {
    if (this.#instance) this.#instance.isCurrent = false;
    this.#instance = undefined;
  }

  isGone(instance: GatedInstance): void {
    if (this.#instance !== instance) return;
    this.#instance = undefined;
    this.#planAlarm();
  }

  land(state: GatedState): void {
    const isSameAlarm = state.alarmAtMs === this.durable.alarmAtMs;
    this.durable = state;
    if (!isSameAlarm) this.#planAlarm();
  }

  /** It fires at its time by the wall clock, or later, and again if nobody has removed it. */
  #planAlarm(): void {
    this.#alarms += 1;
    const { alarmAtMs } = this.durable;
    if (alarmAtMs === undefined) return;
    const alarm = this.#alarms;
    const fire = (): void => {
      if (alarm !== this.#alarms) return;
      const earlyMs = alarmAtMs - this.clock.wallMs;
      if (earlyMs > 0) this.clock.after(earlyMs, fire);
      else this.instance.runAlarm();
    };
    const dueInMs = Math.max(0, alarmAtMs - this.clock.wallMs);
    this.clock.after(dueInMs + this.random.integer(0, this.lateMs), fire);
  }
}

export class GatedInstance implements BucketPlatform {
  readonly host: BucketHost;
  readonly clock: Clock;
  readonly alarms: AlarmStorage;
  readonly disk: BucketDisk;
  readonly timeZones = timeZones;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly held = new Set<HeldCall>();
  isAlive = true;
  isCurrent = true;
  readonly #object: GatedObject;
  #view: GatedState;
  readonly #commits: Commit[] = [];
  #answers: Answer[] = [];
  #isAborted = false;
  #lastDoneAtMs = 0;

  constructor(object: GatedObject) {
    this.#object = object;
    const { durable, clock } = object;
    this.#view = durable;
    this.newId = () => object.newId();
    this.randomBytes = (count) => object.randomBytes(count);
    this.clock = {
      now: () => clock.wallMs,
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    };
    this.alarms = {
      setAlarm: async (alarmAtMs) => this.#setAlarm(alarmAtMs),
      deleteAlarm: async () => this.#setAlarm(undefined),
    };
    this.disk = this.#makeDisk();
    this.host = new BucketHost(this);
    if (durable.alarmAtMs !== undefined) this.host.recover(durable.alarmAtMs);
  }

  /** @throws What the host throws that the schedule didn't ask for. */
  turn(run: () => void): void {
    if (!this.isAlive) return;
    const before = this.#view;
    try {
      run();
    } catch (error) {
      if (!(error instanceof InjectedFailure)) throw error;
      this.#isAborted = true;
    }
    if (this.#isAborted) {
      this.die();
      return;
    }
    const answers = this.#answers;
    this.#answers = [];
    if (this.#view !== before) this.#commit(answers);
    else if (this.#commits.length > 0) this.#commits.at(-1)?.answers.push(...answers);
    else for (const answer of answers) depart(answer);
  }

  /** To be called within a turn, or while one is served. */
  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  runAlarm(): void {
    this.turn(() => {
      this.#setAlarm(undefined);
      this.host.alarm();
    });
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { random } = this.#object;
    const landed =
      this.isCurrent && random.chance(0.5) ? random.integer(0, this.#commits.length) : 0;
    for (const { state, fails, answers } of this.#commits.slice(0, landed)) {
      if (fails) break;
      this.#object.land(state);
      for (const answer of answers) answer.landed();
    }
    this.#object.dying(this);
    this.#object.isGone(this);
    for (const call of this.held) call.rejected();
  }

  abort(): void {
    this.#isAborted = true;
  }

  #commit(answers: Answer[]): void {
    const { clock, random, nextCommitFails, latencyMs } = this.#object;
    this.#object.nextCommitFails = false;
    const commit: Commit = { state: this.#view, fails: nextCommitFails, answers };
    this.#commits.push(commit);
    const doneAtMs = clock.monotonicMs + random.integer(0, latencyMs);
    this.#lastDoneAtMs = Math.max(this.#lastDoneAtMs, doneAtMs);
    clock.after(this.#lastDoneAtMs - clock.monotonicMs, () => this.#commitEnds(commit));
  }

  #commitEnds(commit: Commit): void {
    if (!this.isAlive) return;
    if (commit.fails || !this.isCurrent) {
      this.die();
      return;
    }
    this.#commits.shift();
    this.#object.land(commit.state);
    for (const answer of commit.answers) depart(answer);
  }

  #setTimer(callback: () => void, delayMs: number): () => void {
    const { clock, random, lateMs } = this.#object;
    let isCleared = false;
    const afterMs = Math.max(1, Math.trunc(delayMs)) + random.integer(0, lateMs);
    clock.after(afterMs, () => {
      if (!isCleared) this.turn(callback);
    });
    return () => {
      isCleared = true;
    };
  }

  #setAlarm(alarmAtMs: number | undefined): void {
    this.#view = { ...this.#view, alarmAtMs };
  }

  #write(change: Partial<GatedState>): void {
    if (this.#object.nextWriteThrows) {
      this.#object.nextWriteThrows = false;
      throw new InjectedFailure("The disk is full");
    }
    this.#view = { ...this.#view, ...change };
  }

  #makeDisk(): BucketDisk {
    return {
      read: () => this.#view.record,
      write: (record) => this.#write({ record: structuredClone(record) }),
      keyedGrants: {
        list: () => this.#view.keyedRows,
        put: (slot, row) => this.#write(withKeyedRow(this.#view, slot, row)),
        earlier: { list: () => [], delete: () => undefined },
      },
      ticketSecret: {
        read: () => this.#view.ticketSecret,
        write: (ticketSecret) => this.#write({ ticketSecret }),
      },
      grantRows: {
        list: () => this.#view.rows,
        put: (slot, row) => {
          this.#write({ rows: new Map(this.#view.rows).set(slot, structuredClone(row)) });
        },
      },
      erase: async () => undefined,
    };
  }
}

function depart({ landed, leave }: Answer): void {
  landed();
  leave();
}
