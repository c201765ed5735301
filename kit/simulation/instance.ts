/**
 * The platform under a `BucketHost`: one instance of a durable object, from its start to its death.
 *
 * **The output gate.** A turn's writes are one commit. An answer given after a write leaves once its
 * commit is on the disk, and so does every answer given while an earlier commit is pending. An answer
 * given in a turn that hasn't written yet leaves at once. The real gate waits for the turn to end, but
 * the host promises to write first, and is held to that.
 *
 * **Death** comes with commits pending; the first few of them may have reached the disk. All calls that
 * the instance held, and all answers that haven't left, are rejected.
 */
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { BucketDisk, BucketPlatform, BucketRecord } from "../../src/bucket/platform.ts";
import type { AlarmStorage } from "../../src/bucket/wake-timer.ts";
import type { Clock } from "../../src/bucket/clock.ts";
import type { TimeZones } from "../../src/core/limits/time-zones.ts";
import type { LeaseAsk } from "../../src/core/lease/lease.ts";
import type { NamedPolicyFields } from "../../src/protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../../src/wire/bucket-answers.ts";
import type { Arrival } from "./absence-book.ts";
import { type Commit, type DiskState, emptyState, withKeyedRow } from "./durable-state.ts";
import type { ObservedInstance, ObservedObject, Seen, TurnKind } from "./observed-instance.ts";
import type { AlarmFault } from "./schedule.ts";
import type { Attempt, Held, Standing } from "./standing.ts";
import type { World } from "./world.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { BucketHost } from "../../src/bucket/bucket-host.ts";
import { AbsenceBook } from "./absence-book.ts";
import { isIdleAlarm } from "./forgotten-lives.ts";
import { limitsOf } from "./recorded-limit.ts";

/** The name of the only bucket. */
export const BUCKET = "bucket";

/** A failure that the schedule asked for. Anything else that is thrown breaks a law. */
class InjectedFailure extends Error {
  override readonly name = "InjectedFailure";
}

interface Answer {
  /** The commit that it waits for. */
  readonly commit: number;
  readonly depart: () => void;
}

/** The durable object, as its instances see it. */
export interface InstanceOwner extends ObservedObject {
  readonly world: World;
  readonly durable: DiskState;
  /** The one that calls go to. */
  readonly instance: Instance | undefined;
  /** Instances that the object has moved away from and that still live. */
  readonly old: Set<Instance>;
  /** What fails next. */
  nextCommitFails: boolean;
  nextWriteThrows: boolean;
  readonly brokenUntilMs: number;
  readonly slow: { readonly untilMs: number; readonly latencyMs: number };
  /** Makes ids of holds and permits: another one each time. */
  newId(): string;
  /** Makes bytes that are others each time. */
  randomBytes(count: number): Uint8Array;
  /** The current instance has died before all of its alarm changes were on the disk. */
  instanceDied(losesAlarmChange: boolean): void;
  /** A commit has reached the disk. */
  land(commit: Commit): void;
}

/** One instance of the object, from its start to its death. */
export class Instance implements BucketPlatform, ObservedInstance {
  readonly name: string;
  readonly host: BucketHost;
  readonly clock: Clock;
  /** The time zones that it started with. */
  readonly zones: ZoneTables;
  readonly alarms: AlarmStorage;
  readonly disk: BucketDisk;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Whether it found an alarm armed, or its first caller was requeued. */
  isRecovering = false;
  /** When recovery began, monotonic. */
  recoveringFromMs = Infinity;
  readonly jumpsAtStart: number;
  /** The record that it started with. */
  readonly recordAtStart: BucketRecord | undefined;
  readonly lifeAtStart: number;
  /** The disk as this instance sees it, including everything that it has written. */
  view: DiskState;
  /** The same, before this turn. */
  viewBefore: DiskState;
  /** Requests that haven't been answered and haven't left, in order of delivery. */
  readonly standing = new Set<Standing>();
  isAlive = true;
  /** True once it was told to shut down. */
  isClosed = false;
  /** Whether any request that follows its place has stood here. */
  hasSentPlaces = false;
  /** When the first request came, monotonic. */
  firstCallAtMs = Infinity;
  /** When the last requeued request came, monotonic. */
  lastRequeuedAtMs = -Infinity;
  /** Whether any request was requeued here. */
  hasRequeued = false;
  /** How many came back to their places here. */
  returns = 0;
  /** Callers that aren't here. */
  readonly absences = new AbsenceBook();
  /** What kind of turn this is. */
  turnKind: TurnKind = "call";
  readonly seen: Seen = {
    view: undefined,
    lastGrantAtMs: -Infinity,
    grantedAtMonotonicMs: -Infinity,
    grants: [],
    grantsBefore: 0,
    grantedBeforeAtMs: -Infinity,
    isPauseTurn: false,
    isLeaseWritten: false,
    batch: { tokens: new Map(), writtenAtMs: -Infinity },
  };
  /** What the alarm was set to that this instance last saw fire. */
  firedAlarmAtMs = -Infinity;
  /** When it did: later than that if the alarm was late, or retried after a failure. */
  alarmRanAtMs = -Infinity;
  readonly #object: InstanceOwner;
  readonly #held = new Set<Held>();
  readonly #commits: Commit[] = [];
  #answers: Answer[] = [];
  #commitsBegun = 0;
  #commitsDone = 0;
  #lastCommitDoneAtMs = 0;
  #hasWritten = false;
  #setsAlarm = false;
  /** Whether the last turn set the alarm. */
  #hasSetAlarm = false;
  #isAborted = false;
  #isWriteBroken = false;
  #runningAlarmAtMs: number | undefined = undefined;
  #order = 0;
  #peekAtMs: number | undefined = undefined;

  constructor(object: InstanceOwner, number: number) {
    const { world, durable } = object;
    this.#object = object;
    this.zones = world.zones;
    this.name = `instance ${number}`;
    this.view = durable;
    this.viewBefore = durable;
    this.recordAtStart = durable.record;
    this.lifeAtStart = durable.life;
    this.jumpsAtStart = world.clock.jumps;
    this.clock = {
      now: () => this.#peekAtMs ?? world.clock.wallMs,
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    };
    this.alarms = {
      setAlarm: async (atMs) => this.#setAlarm(atMs),
      deleteAlarm: async () => this.#setAlarm(undefined),
    };
    this.disk = this.#makeDisk();
    this.newId = () => object.newId();
    this.randomBytes = (count) => object.randomBytes(count);
    this.host = new BucketHost(this);
    if (durable.alarmAtMs !== undefined) {
      if (!isIdleAlarm(this.forgetsByAlarm, durable)) this.#openRecoveryWindow();
      this.host.recover(durable.alarmAtMs);
    }
    const { alarmAtMs } = durable;
    world.trace(
      () => `${this.name} starts${alarmAtMs === undefined ? "" : `, finds ${alarmAtMs}`}`,
    );
  }

  get forgetsByAlarm(): boolean {
    return this.#object.forgetsByAlarm;
  }

  get object(): InstanceOwner {
    return this.#object;
  }

  get isCurrent(): boolean {
    return this.#object.instance === this;
  }

  get timeZones(): TimeZones {
    return this.zones;
  }

  /** Whether the platform may evict it. */
  get isIdle(): boolean {
    return this.#held.size === 0 && this.#commits.length === 0;
  }

  /** Whether this turn has written anything so far. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  #openRecoveryWindow(): void {
    this.isRecovering = true;
    this.recoveringFromMs = this.#object.world.clock.monotonicMs;
  }

  /**
   * Waiters that are due are served late. One limit doesn't mind a few milliseconds, but with several, another
   * one may have a tick in them, which overflows.
   */
  comesLate(): void {
    const { record } = this.view;
    if (this.isAlive && record && limitsOf(record.policy).length > 1)
      this.#object.disturbances += 1;
  }

  /** Reads from the host as if it were `atMs`; must have no effect. */
  peek<Seen>(atMs: number, read: () => Seen): Seen {
    this.#peekAtMs = atMs;
    const seen = read();
    this.#peekAtMs = undefined;
    return seen;
  }

  /** A request to acquire has arrived. */
  acquire(attempt: Attempt): Standing {
    const { idempotencyKey: key, requeued } = attempt.call;
    const { wallMs, monotonicMs } = this.#object.world.clock;
    if (this.firstCallAtMs === Infinity) {
      this.firstCallAtMs = monotonicMs;
      if (requeued && !this.isRecovering) this.#openRecoveryWindow();
    }
    if (requeued) {
      this.hasRequeued = true;
      this.lastRequeuedAtMs = monotonicMs;
    }
    this.#order += 1;
    const own: Arrival = {
      firstArrivalMs: requeued?.arrivedAtMs,
      deliveredAtMs: wallMs,
      order: this.#order,
      calledAtMs: attempt.calledAtMs,
      deadlineAtMs: Number.NaN,
    };
    const ofSameKey = [...this.standing].filter(
      (other) => key !== undefined && other.attempt.call.idempotencyKey === key,
    );
    // During recovery, the request that came first isn't necessarily let in first.
    for (const other of ofSameKey) other.isJoined ||= this.isRecovering;
    const isAlone = ofSameKey.length === 0;
    const absence = isAlone ? this.absences.comesBack(attempt.call, wallMs) : undefined;
    const hasJumped = this.#object.world.clock.jumps > 0;
    const isSure = absence?.isSure === true && !this.isRecovering && !hasJumped;
    const standing: Standing = {
      attempt,
      arrival: isSure ? absence.arrival : own,
      hasComeBack: isSure,
      isGuarded: isSure,
      isJoined: !isAlone || (absence !== undefined && !isSure),
      isIn: false,
      letInAt: undefined,
      leave: undefined,
      isAnswered: false,
      place: undefined,
    };
    this.#held.add(attempt);
    this.standing.add(standing);
    this.turn(() => {
      if (attempt.call.returnedLeases) this.seen.isLeaseWritten = true;
      const { laws } = this.#object.world;
      standing.leave = this.host.acquire(attempt.call, {
        answered: (answer) => this.#answered(standing, answer),
        ...(attempt.call.isStreamed && { moved: (place) => laws.placed(this, standing, place) }),
      });
      if (!standing.leave && !standing.isAnswered) {
        this.#object.world.laws.breaks("3", () => `${attempt.name} is neither answered nor held`);
      }
      this.#object.world.laws.admitted(this, standing);
    });
    return standing;
  }

  /** The client of an attempt has hung up. */
  leave(standing: Standing): void {
    if (!this.isAlive) return;
    this.#held.delete(standing.attempt);
    if (this.standing.delete(standing)) this.#noteAbsence(standing);
    this.turn(() => standing.leave?.());
  }

  #noteAbsence({ attempt, arrival, isJoined, letInAt }: Standing): void {
    const { call } = attempt;
    const { idempotencyKey: key } = call;
    const others = [...this.standing].filter((other) => other.attempt.call.idempotencyKey === key);
    const isAlone = others.length === 0;
    // Requests held during recovery share no place, so each that leaves may have had its own.
    if (key === undefined || (!isAlone && !this.isRecovering)) return;
    const isKnown = letInAt !== undefined && !Number.isNaN(arrival.deadlineAtMs);
    const isSure = isAlone && isKnown && !isJoined;
    this.absences.disconnected(key, { arrival, call, leftAtMs: this.clock.now(), isSure });
  }

  /** A call that is answered in its own turn. */
  call(held: Held, perform: () => void, answered?: () => void): void {
    this.#held.add(held);
    this.turn(() => {
      perform();
      this.#answer(() => {
        if (this.#held.delete(held)) answered?.();
      });
    }, "administration");
  }

  /** An isolate asks for a lease, or reports. */
  lend(
    held: Held,
    configured: NamedPolicyFields,
    ask: LeaseAsk,
    answered: (answer: LeaseAnswer) => void,
  ): void {
    const { laws, trace } = this.#object.world;
    this.#held.add(held);
    this.turn(() => {
      const before = laws.viewOf(this);
      const answer = this.host.lend(BUCKET, configured, ask);
      trace(() => `${this.name} lends ${JSON.stringify(answer.lease)}`);
      laws.lent(this, ask, answer, before);
      this.#answer(() => {
        if (this.#held.delete(held)) answered(answer);
      });
    }, "lease");
  }

  /** Returns whether the handler completed. */
  runAlarm(throws: AlarmFault["throws"]): boolean {
    if (throws === "before") return false;
    this.#runningAlarmAtMs = this.view.alarmAtMs;
    this.alarmRanAtMs = this.clock.now();
    this.firedAlarmAtMs = Math.min(this.view.alarmAtMs ?? Infinity, this.alarmRanAtMs);
    this.view = { ...this.view, alarmAtMs: undefined };
    let hasThrown = false;
    this.turn(() => {
      try {
        this.host.alarm();
      } catch (error) {
        hasThrown = true;
        throw error;
      }
    }, "tick");
    const armedAgain = this.#hasSetAlarm;
    const runningAtMs = this.#runningAlarmAtMs;
    this.#runningAlarmAtMs = undefined;
    if (!this.isAlive) return false;
    if (armedAgain) return true;
    if (hasThrown || throws === "after") {
      this.view = { ...this.view, alarmAtMs: runningAtMs };
      return false;
    }
    // The runtime removes the alarm from the disk with a commit of its own.
    this.#setsAlarm = true;
    this.#hasWritten = true;
    this.#commit();
    return true;
  }

  /** One turn: everything that happens before the instance waits for something again. */
  turn(perform: () => void, kind: TurnKind = "call"): void {
    const { laws, onTurn, trace } = this.#object.world;
    if (!this.isAlive) return;
    this.viewBefore = this.view;
    this.turnKind = kind;
    try {
      perform();
    } catch (error) {
      if (!(error instanceof InjectedFailure)) laws.breaks("7", () => `threw ${String(error)}`);
    }
    if (this.#isWriteBroken && !this.#isAborted) {
      laws.breaks("7", () => "went on though a write had failed");
    }
    if (this.#isAborted) {
      trace(() => `${this.name} aborts`);
      this.die("is aborted", true);
      return;
    }
    this.#hasSetAlarm = this.#setsAlarm;
    this.#commit();
    laws.turnEnded(this);
    onTurn();
  }

  /** Another instance is the current one from now on: some commits made it, the rest can't. */
  lose(): void {
    this.#landSome();
  }

  die(how: string, isUnwritable = false): void {
    if (!this.isAlive) return;
    const { world, old } = this.#object;
    world.trace(() => `${this.name} ${how} with ${this.#held.size} held`);
    if (this.isCurrent) {
      this.#landSome();
      this.#object.instanceDied(
        this.#commits.some((commit) => commit.setsAlarm && !commit.hasLanded),
      );
    }
    old.delete(this);
    this.isAlive = false;
    for (const held of this.#held) held.rejected(isUnwritable);
    this.#held.clear();
    this.standing.clear();
  }

  #landSome(): void {
    const count = this.#object.world.random.integer(0, this.#commits.length);
    for (const commit of this.#commits.slice(0, count)) {
      if (commit.fails) return;
      this.#object.land(commit);
    }
  }

  #answered(standing: Standing, answer: AcquireAnswer): void {
    const { laws, trace } = this.#object.world;
    const { attempt } = standing;
    laws.answered(this, standing, answer);
    standing.isAnswered = true;
    this.standing.delete(standing);
    const { life, span } = this.view;
    const isInSpan = laws.isInSpan(this);
    trace(() => `${this.name} answers ${attempt.name}: ${describe(answer)}`);
    const depart = () => {
      // Even if its client has hung up in the meantime, the answer has left.
      const isByOldInstance = !this.isCurrent;
      const answered = { life, span, isInSpan, isByOldInstance };
      laws.departed(attempt, answer, answered, this.#object.durable);
      if (this.#held.delete(attempt)) attempt.answered(answer);
    };
    this.#answer(depart);
  }

  #answer(depart: () => void): void {
    const commit = this.#hasWritten ? this.#commitsBegun + 1 : this.#commitsBegun;
    if (commit <= this.#commitsDone) depart();
    else this.#answers.push({ commit, depart });
  }

  #commit(): void {
    if (!this.#hasWritten) return;
    const { clock, random } = this.#object.world;
    const { slow, nextCommitFails, brokenUntilMs } = this.#object;
    this.#hasWritten = false;
    this.#object.nextCommitFails = false;
    this.#commitsBegun += 1;
    const isSlow = clock.monotonicMs < slow.untilMs;
    const latencyMs = isSlow ? random.integer(0, slow.latencyMs) : random.integer(0, 2);
    const commit: Commit = {
      state: this.view,
      setsAlarm: this.#setsAlarm,
      fails: nextCommitFails || clock.monotonicMs < brokenUntilMs,
      hasLanded: false,
    };
    this.#setsAlarm = false;
    this.#commits.push(commit);
    const doneAtMs = Math.max(this.#lastCommitDoneAtMs, clock.monotonicMs + latencyMs);
    this.#lastCommitDoneAtMs = doneAtMs;
    clock.after(doneAtMs - clock.monotonicMs, () => this.#commitEnds(commit));
  }

  #commitEnds(commit: Commit): void {
    if (!this.isAlive) return;
    if (commit.fails || (!commit.hasLanded && !this.isCurrent)) {
      this.die("could not commit", commit.fails);
      return;
    }
    this.#commits.shift();
    this.#object.land(commit);
    this.#commitsDone += 1;
    const leaving = this.#answers.filter(({ commit: number }) => number <= this.#commitsDone);
    this.#answers = this.#answers.filter(({ commit: number }) => number > this.#commitsDone);
    for (const { depart } of leaving) depart();
    if (!this.isCurrent && this.isIdle) this.die("is evicted after its move");
  }

  #setTimer(callback: () => void, delayMs: number): () => void {
    const { clock, random } = this.#object.world;
    let isCleared = false;
    const fire = (): void => {
      if (isCleared || !this.isAlive) return;
      const lateMs = this.#object.stalledUntilMs - clock.monotonicMs;
      if (lateMs > 0) {
        this.#object.disturbances += 1;
        clock.after(lateMs, fire);
        return;
      }
      this.turn(callback, "tick");
    };
    const lateMs = random.chance(0.2) ? random.integer(1, 3) : 0;
    // The runtime's timers only support whole milliseconds.
    const dueInMs = Math.max(1, Math.trunc(delayMs));
    clock.after(dueInMs + lateMs, fire);
    if (lateMs > 0) {
      clock.after(dueInMs, () => {
        if (!isCleared) this.comesLate();
      });
    }
    return () => {
      isCleared = true;
    };
  }

  #setAlarm(atMs: number | undefined): void {
    const { laws, trace } = this.#object.world;
    laws.alarmSet(this, atMs, this.#runningAlarmAtMs);
    trace(() => `${this.name} sets the alarm to ${atMs}`);
    this.#hasWritten = true;
    this.#setsAlarm = true;
    this.view = { ...this.view, alarmAtMs: atMs };
    laws.rowWritten("alarm");
  }

  #write(change: Partial<DiskState>): void {
    if (this.#object.nextWriteThrows) {
      this.#object.nextWriteThrows = false;
      this.#isWriteBroken = true;
      throw new InjectedFailure("The disk is full");
    }
    this.#hasWritten = true;
    this.view = { ...this.view, ...change };
  }

  #makeDisk(): BucketDisk {
    const { laws, trace } = this.#object.world;
    return {
      read: () => this.view.record,
      write: (record) => {
        const span = laws.spanOf(this, record);
        this.#write({ record, span });
        trace(() => `${this.name} writes ${JSON.stringify(record.limiter)}`);
        laws.rowWritten("record");
      },
      keyedGrants: {
        list: () => this.view.keyedRows,
        put: (slot, row) => {
          this.#write(withKeyedRow(this.view, slot, row));
          laws.rowWritten("grant");
        },
        earlier: { list: () => [], delete: () => undefined },
      },
      ticketSecret: {
        read: () => this.view.ticketSecret,
        write: (ticketSecret) => this.#write({ ticketSecret }),
      },
      removedCallers: {
        read: () => this.view.removedCallers,
        write: (removedCallers) => this.#write({ removedCallers }),
      },
      grantRows: {
        list: () => this.view.rows,
        put: (slot, row) => {
          this.#write({ rows: new Map(this.view.rows).set(slot, row) });
          laws.rowWritten("grant");
        },
      },
      erase: async () => {
        this.#hasWritten = true;
        this.#setsAlarm = true;
        trace(() => `${this.name} erases the disk`);
        // Nobody has called for it.
        const isForgotten = this.turnKind === "tick";
        if (isForgotten) this.absences.forgetAll();
        this.view = emptyState(isForgotten ? laws.forgottenBy(this) : laws.newLife());
      },
    };
  }

  abort(): void {
    this.#isAborted = true;
    if (this.#object.world.random.chance(0.5)) throw new InjectedFailure("Aborted");
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** The written policy, as a Worker would configure it. */
  get writtenPolicy(): NamedPolicyFields | undefined {
    const { record } = this.view;
    if (!record) return undefined;
    const { policyName: name, policy, forgetAfterMs } = record;
    return { name, ...policy, ...(forgetAfterMs !== undefined && { forgetAfterMs }) };
  }
}

/** An answer in one line. */
function describe(answer: AcquireAnswer): string {
  if (answer.kind === "outcome") return JSON.stringify(answer.outcome);
  if (answer.kind === "replay") return `replay ${JSON.stringify(answer.grant)}`;
  return answer.kind;
}
