/**
 * One instance of an object with holds, permits or sessions, in virtual time: its host, its part of the disk, and the
 * gate that keeps answers back until what they say is on the disk. Smaller than instance.ts, and with holders and
 * sockets.
 *
 * What a turn writes is one commit. Everything that is answered in it leaves when the commit has landed. An instance
 * that dies takes its commits with it, but for some that may have landed and that nobody heard of.
 *
 * An object sleeps when it has nothing to do: no request is held, no timer is pending and no commit is under way. Its
 * memory is lost then, and its sockets and what is saved with them stay.
 */
import type { Clock } from "../../src/bucket/clock.ts";
import type {
  BucketDisk,
  BucketPlatform,
  BucketRecord,
  StoredGrantRow,
} from "../../src/bucket/platform.ts";
import type { RemovedCaller } from "../../src/bucket/removed-callers.ts";
import type { AlarmStorage } from "../../src/bucket/wake-timer.ts";
import type { SocketCall } from "../../src/wire/socket-call.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { VirtualSocket } from "./virtual-socket.ts";

import { Random } from "../random.ts";
import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { NO_KEYED, type KeyedState, withKeyedRow } from "./durable-state.ts";
import { Sessions } from "../../src/bucket/sessions/sessions.ts";
import { timeZones } from "../../src/time-zones.ts";

/** What is on the disk, or will be. */
interface GatedState extends KeyedState {
  readonly record: BucketRecord | undefined;
  readonly rows: ReadonlyMap<number, StoredGrantRow>;
  readonly ticketSecret: Uint8Array | undefined;
  readonly removedCallers: readonly RemovedCaller[] | undefined;
  readonly placeRows: ReadonlyMap<string, string>;
  readonly alarmAtMs: number | undefined;
  /** Numbers the stretches between two resets of the bucket. */
  readonly life: number;
}

const EMPTY = {
  record: undefined,
  ...NO_KEYED,
  rows: new Map(),
  ticketSecret: undefined,
  removedCallers: undefined,
  placeRows: new Map(),
  alarmAtMs: undefined,
} as const satisfies Omit<GatedState, "life">;

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

/** It crashes, its next commit or write fails, or its disk becomes slow or fast. */
type ObjectFault = "crash" | "commit" | "write" | "slow";

/** An object whose instances come and go. */
export class GatedObject {
  readonly clock: VirtualClock;
  readonly random: Random;
  durable: GatedState = { ...EMPTY, life: 0 };
  /** The open sockets of its sessions. */
  readonly sockets = new Set<VirtualSocket>();
  /** What fails next. */
  nextCommitFails = false;
  nextWriteThrows = false;
  /** How long commits take, at most, in milliseconds. */
  latencyMs = 2;
  /** How late alarms and timers are, at most, in milliseconds. */
  lateMs = 0;
  /** Called when an instance has died, and before another one is started. */
  dying: (instance: GatedInstance) => void = () => undefined;
  /** Called at the end of each turn. */
  onTurn: (instance: GatedInstance) => void = () => undefined;
  #instance: GatedInstance | undefined = undefined;
  #lives = 0;
  #ids = 0;
  #draws = 0;
  #alarms = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** Does what a schedule may do to any object. */
  inject(fault: ObjectFault, random: Random): void {
    switch (fault) {
      case "crash":
        this.crash();
        return;
      case "commit":
        this.nextCommitFails = true;
        return;
      case "write":
        this.nextWriteThrows = true;
        return;
      case "slow":
        this.latencyMs = random.pick([2, 30, 300]);
        return;
      default:
        fault satisfies never;
    }
  }

  get instance(): GatedInstance {
    // One may die of what it has to do at once.
    while (!this.#instance) {
      const instance = new GatedInstance(this);
      this.#instance = instance;
      instance.start();
    }
    return this.#instance;
  }

  newId(): string {
    this.#ids += 1;
    return `g${this.#ids}`;
  }

  randomBytes(count: number): Uint8Array {
    this.#draws += 1;
    return new Random(this.#draws).bytes(count);
  }

  newLife(): number {
    this.#lives += 1;
    return this.#lives;
  }

  crash(): void {
    this.#instance?.die();
  }

  /** Leaves memory, if nothing keeps it there; its sockets stay. Returns whether it does. */
  sleep(): boolean {
    const instance = this.#instance;
    if (!instance?.isIdle) return false;
    instance.isAlive = false;
    this.#instance = undefined;
    return true;
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
  /** Made for the first session. */
  sessions: Sessions | undefined = undefined;
  /** The life at the beginning of the turn. */
  lifeBefore = 0;
  /** Whether callers may be coming back to it, as no session has outlived its predecessor; from its first call on. */
  readonly mayRecover: boolean;
  firstCallAtMs: number | undefined = undefined;
  isAlive = true;
  isCurrent = true;
  readonly #object: GatedObject;
  #view: GatedState;
  readonly #commits: Commit[] = [];
  readonly #timers = new Set<object>();
  readonly #deferred: (() => void)[] = [];
  #answers: Answer[] = [];
  #isAborted = false;
  #lastDoneAtMs = 0;

  constructor(object: GatedObject) {
    this.#object = object;
    const { durable, clock } = object;
    this.#view = durable;
    this.mayRecover = object.sockets.size === 0;
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
  }

  /** What it does before anything else, as in object-sockets.ts and bucket-object.ts. */
  start(): void {
    const { alarmAtMs } = this.#view;
    this.turn(() => {
      if (this.#object.sockets.size > 0) this.#restoreSessions();
      if (alarmAtMs !== undefined) this.host.recover(alarmAtMs);
      else if (this.host.waiters > 0) this.host.alarm();
    });
  }

  /** Numbers the stretches between two resets of the bucket. */
  get life(): number {
    return this.#view.life;
  }

  /** When its alarm is armed for, epoch milliseconds. */
  get alarmAtMs(): number | undefined {
    return this.#view.alarmAtMs;
  }

  /** Whether nothing keeps it in memory. */
  get isIdle(): boolean {
    return this.held.size === 0 && this.#commits.length === 0 && this.#timers.size === 0;
  }

  #restoreSessions(): void {
    const { sockets } = this.#object;
    this.#madeSessions().restore([...sockets]);
    const live = this.sessions?.ids;
    this.host.endSessions((sessionId) => live?.has(sessionId) !== true);
  }

  /** A session begins. */
  open(socket: VirtualSocket, call: SocketCall): void {
    this.turn(() => this.#madeSessions().open(socket, call));
  }

  /** A frame has arrived. */
  received(socket: VirtualSocket, text: string): void {
    this.turn(() => this.sessions?.received(socket, text));
  }

  /** A session is over. */
  disconnected(socket: VirtualSocket): void {
    this.turn(() => this.sessions?.closed(socket));
  }

  /** A turn of any other call, as in bucket-object.ts. */
  call(run: () => void): void {
    this.turn(() => {
      this.sessions?.processInbox();
      run();
    });
  }

  #madeSessions(): Sessions {
    return (this.sessions ??= new Sessions(this.host, {
      clock: this.clock,
      defer: (callback) => void this.#deferred.push(callback),
      newId: this.newId,
      placeRows: {
        list: () => this.#view.placeRows.keys(),
        read: (sessionId) => this.#view.placeRows.get(sessionId),
        write: (sessionId, places) => {
          this.#write({ placeRows: new Map(this.#view.placeRows).set(sessionId, places) });
        },
        delete: (sessionId) => {
          const placeRows = new Map(this.#view.placeRows);
          placeRows.delete(sessionId);
          this.#write({ placeRows });
        },
      },
    }));
  }

  /** @throws What the host throws that the schedule didn't ask for. */
  turn(run: () => void): void {
    if (!this.isAlive) return;
    const before = this.#view;
    this.lifeBefore = before.life;
    try {
      run();
      for (let next = this.#deferred.shift(); next; next = this.#deferred.shift()) next();
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
    this.#object.onTurn(this);
  }

  /** To be called within a turn, or while one is served. */
  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  runAlarm(): void {
    this.call(() => {
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
    // Those of an object that moved away went with it, and no schedule has both.
    for (const socket of this.#object.sockets) socket.breaks();
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
    const timer = {};
    this.#timers.add(timer);
    const afterMs = Math.max(1, Math.trunc(delayMs)) + random.integer(0, lateMs);
    clock.after(afterMs, () => {
      if (this.#timers.delete(timer)) this.turn(callback);
    });
    return () => {
      this.#timers.delete(timer);
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

  /** If that fails, memory has forgotten what the disk still holds, and bucket-object.ts ends the instance. */
  #erase(): void {
    try {
      this.#write({ ...EMPTY, life: this.#object.newLife() });
    } catch {
      this.abort();
    }
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
      removedCallers: {
        read: () => this.#view.removedCallers,
        write: (removedCallers) => this.#write({ removedCallers }),
      },
      grantRows: {
        list: () => this.#view.rows,
        put: (slot, row) => {
          this.#write({ rows: new Map(this.#view.rows).set(slot, structuredClone(row)) });
        },
      },
      erase: async () => this.#erase(),
    };
  }
}

function depart({ landed, leave }: Answer): void {
  landed();
  leave();
}
