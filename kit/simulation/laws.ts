/**
 * What must hold in every schedule, whatever goes wrong, and for each limit of a bucket: a token bucket counts by
 * its ticks, a calendar by its boundaries. Failures refer to these numbers.
 *
 * 1. *Never too much*: contract rule 8, in a stronger form that takes one pass. One bucket on the same
 *    grid could have given all grants that left, from whichever instances, and everything that isolates
 *    granted out of leases. What one bucket gives obeys rule 8 in every window. This is exact even with
 *    clocks set back and instances that live on, because a grant's instant is never before the tick
 *    that its instance stands at, and between two ticks the order of grants doesn't matter. A grant out
 *    of a lease counts when it is given, or at the lease's end by the bucket's clock if that has jumped
 *    ahead. A policy change begins a new span, with everything that may still be granted: the change
 *    itself must not add a token, nor take one from a limit that stays, and a limit that it adds begins with
 *    its initial tokens. What is granted in the same turn belongs to no span. A boundary brings tokens once,
 *    whatever tables of time zones machines have. A reset begins a new life.
 * 2. *A crash at any point*: after each turn, and as each grant leaves, what a restart would find has
 *    no more tokens of any limit than memory, and at most that limit's batch less, and a calendar isn't below 0.
 *    The gate ensures that no answer leaves before its commit, so this is judged by what the instance has
 *    written, on the disk or not.
 * 3. *Settled once*, and everybody in the end. A waiter is refused for a legal cause only, and is sent the
 *    names of the limits that it is refused by. Nobody waits for a limit of which it wants nothing.
 * 4. *Order*: nobody is granted past a waiter in front, nor past a caller on its way back from an
 *    instance that died before this one began to recover, however many instances died. No lease is
 *    given then, nor while anybody waits, and while a request waits at the object, its isolate doesn't
 *    grant out of a lease that it held when that request left.
 * 5. *Keys*: a grant with a key is on the disk before it leaves, and is the only one of its key.
 * 6. *No needless write*: more was granted than the batch of one of the limits, the rest of the batch is due, or a lease or
 *    the policy has changed.
 * 7. *No surprise*: nothing is thrown that the schedule didn't throw, no alarm is set that could never
 *    fire, and an alarm is armed while somebody waits, and none once nobody does.
 * 8. *Leases*: what is there and what is on lease fit into the bucket. A report is true and changes
 *    exactly what it says. An isolate grants what it was lent, once. When all leases have ended, the
 *    bucket fills.
 * 9. *Pauses*: a pause begins a span, too, in which the ticks of the limits that it names add nothing, and
 *    nothing else changes for the others. Nothing is lent meanwhile,
 *    and what is returned is lost. A calendar gives what the pause leaves, and at its end has all that it would
 *    have without it. Once answered, a pause is in force until its end, whatever dies.
 * 10. *Places*: a request that follows its place is sent a real one, while it waits and not after, and
 *     unless something intervenes it is granted by the instant that it was last sent.
 * 11. *Statistics* count what the bucket does, in memory and on the disk: each wait is a grant, each
 *     reason a refusal.
 * 12. *Shutdown*: nobody waits any more, nobody is let in, nothing is lent.
 * 13. *Coming back*: a caller that comes back in time with its key is placed in the order of its first
 *     arrival, and not behind anybody who came later unless one of those might have been late. Its
 *     deadline stays, and nobody is refused because of it (law 3). *Cancelling*: all requests with a
 *     cancelled key receive that outcome, including those that arrive in the next 10 s, and no others.
 * 14. *Forgetting*: what is forgotten is full, in nobody's use and not overridden, and was not used for as long as
 *     its policy says. For keys and pauses it goes on, and contract rule 8 holds in every window across it. An alarm
 *     that is set for it is not set again before it fires.
 */
import type { Lease, LeaseAsk } from "../../src/core/lease/lease.ts";
import type { Grant } from "../../src/core/outcome.ts";
import type { LimiterView, LimitView } from "../../src/core/limiter-state.ts";
import type { Pause } from "../../src/core/pause.ts";
import type { AcquireAnswer } from "../../src/answers/acquire-answer.ts";
import type { BucketRecord } from "../../src/bucket/platform.ts";
import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";
import type { LeaseAnswer } from "../../src/wire/bucket-answers.ts";
import type { HeldPlace } from "../../src/wire/held-place.ts";
import type { DiskState } from "./durable-state.ts";
import type { ObservedInstance } from "./observed-instance.ts";
import type { Attempt, Standing } from "./standing.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { ZoneTables } from "./zone-tables.ts";

import { ForgottenLives, faultOfForgetting, isIdleAlarm } from "./forgotten-lives.ts";
import { PauseBook, namesIn, type AroundPause } from "./pause-book.ts";
import { PlayedQueue, askedOf, lastTickBefore } from "./played-queue.ts";
import {
  FIRST,
  holdingAt,
  isStarted,
  leasedIn,
  limitView,
  limitsOf,
  maxBatch,
  reachedAtMs,
  recordedLimits,
  type RecordedLimit,
} from "./recorded-limit.ts";
import { Span, excessAcross } from "./span.ts";
import { Ticks } from "./ticks.ts";

type RecordedPolicy = BucketRecord["policy"];

/** What a lease was taken from, and when by the bucket's clock. */
interface GivenLease {
  readonly life: number;
  readonly span: number;
  readonly lentAtMs: number;
}

/** Where an answer came from when it was given. */
interface DepartedFrom {
  readonly life: number;
  readonly span: number;
  readonly isInSpan: boolean;
  readonly isByOldInstance: boolean;
}

/** What is known of a key before it is cancelled; `undefined` if it can't be sent. */
interface BeforeCancel {
  readonly isGranted: boolean;
  readonly isStanding: boolean;
  readonly isAway: boolean | undefined;
}

/** The bucket before a call, if nothing else has changed it since, and after it. */
export interface BeforeAndAfter {
  readonly before: LimiterView | undefined;
  readonly after: BucketSnapshot;
}

/** A caller that lost its place and is on its way back. */
export interface Displaced {
  readonly arrivedAtMs: number;
  /** When its instance died, monotonic. */
  readonly displacedAtMs: number;
}

export interface BrokenLaw {
  readonly law: string;
  readonly detail: string;
}

export interface Stats {
  grants: number;
  refusals: number;
  replays: number;
  unavailable: number;
  /** Grants reported without a write in their turn. */
  unwritten: number;
  /** Grants by instances that had been replaced. */
  byOldInstances: number;
  requeued: number;
  /** Leases given, grants out of them, and tokens returned. */
  leases: number;
  onLease: number;
  returned: number;
  pauses: number;
  /** Places sent to their followers. */
  places: number;
  /** Turned away by an instance whose process was about to end. */
  turnedAway: number;
  /** Back in the queue after a broken connection, and how many of those could make nobody late. */
  returns: number;
  returnsInOrder: number;
  /** Waiters cancelled by their key. */
  cancels: number;
  /** Grants of several limits, and those that took nothing of one of them. */
  several: number;
  ofSome: number;
  /** Boundaries of calendars that an instance has seen pass. */
  boundaries: number;
  /** How often the bucket was forgotten. */
  forgotten: number;
  turns: number;
  rows: { record: number; grant: number; alarm: number };
}

/** How long keyed grants are kept. */
const KEPT_MS = 600_000;
const RECOVERY_MS = 250;
/** How long each requeued caller extends the recovery window. */
const HOLDS_OPEN_MS = 300;
const ALARM_SPACING_MS = 1_000;
const QUIET_MS = 1_250;
/** How long the rest of a lease can be returned after it has ended. */
const REPORT_MS = 2_000;
/**
 * The longest life of a lease by the bucket's clock: the longest `ttlMs`, `REPORT_MS`, and a 16th of
 * both.
 */
const MAX_LEASE_MS = 23_375;
/**
 * How long a batch is on lease, and how long before its end the instance stops granting from it.
 */
const BATCH_LEASED_MS = 20_000;
const BATCH_MARGIN_MS = 1_000;
/** Timers and the network are late by less than this. */
const SLACK_MS = 25;

export class Laws {
  broken: BrokenLaw | undefined = undefined;
  readonly tally: Stats = {
    grants: 0,
    refusals: 0,
    replays: 0,
    unavailable: 0,
    unwritten: 0,
    byOldInstances: 0,
    requeued: 0,
    leases: 0,
    onLease: 0,
    returned: 0,
    pauses: 0,
    places: 0,
    turnedAway: 0,
    returns: 0,
    returnsInOrder: 0,
    cancels: 0,
    several: 0,
    ofSome: 0,
    boundaries: 0,
    forgotten: 0,
    turns: 0,
    rows: { record: 0, grant: 0, alarm: 0 },
  };
  /** All tables of time zones that any machine has known. */
  readonly #tables: ZoneTables[] = [];
  /** Callers that lost their places and are on their way back. */
  displaced: () => Iterable<Displaced> = () => [];
  readonly #clock: VirtualClock;
  readonly #spans: (Span | undefined)[] = [undefined];
  readonly #lent = new Map<Lease, GivenLease>();
  readonly #livesWithLeases = new Set<number>();
  #lives = 0;
  /** A granted place counts as one grant, however many requests shared it. */
  readonly #counted = new Set<Grant>();
  readonly #keyed = new Map<string, Grant>();
  readonly #pauses: PauseBook;
  readonly #forgotten = new ForgottenLives();
  /** Whether any policy so far has had several limits. */
  #hasHadSeveral = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#pauses = new PauseBook(clock, (law, detail) => this.breaks(law, detail));
  }

  /** Keeps only the first: the others may follow from it. */
  breaks(law: string, detail: () => string): void {
    this.broken ??= { law, detail: detail() };
  }

  /** Machines that start from now on know these time zones. */
  deployed(zones: ZoneTables): void {
    this.#tables.push(zones);
  }

  newLife(): number {
    this.#lives += 1;
    return this.#lives;
  }

  /** An instance forgets the bucket; returns its next life. */
  forgottenBy(instance: ObservedInstance): number {
    const { standing, seen, view, zones, jumpsAtStart } = instance;
    const nowMs = this.#clock.wallMs;
    if (standing.size > 0) this.breaks("14", () => `${standing.size} wait in what is forgotten`);
    const sinceMs = nowMs - seen.lastGrantAtMs;
    const isKnown = this.#clock.jumps === jumpsAtStart;
    if (isKnown && sinceMs < Number(view.record?.forgetAfterMs)) {
      this.breaks("14", () => `forgotten ${sinceMs} ms after a grant`);
    }
    return this.forgotten(view, zones);
  }

  /** The bucket is forgotten; returns its next life. */
  forgotten(state: DiskState, zones: ZoneTables): number {
    this.tally.forgotten += 1;
    const nowMs = this.#clock.wallMs;
    // By a new table, what was full by an old one may not be.
    const known = this.#tables.length > 1 ? undefined : zones;
    const fault = state.record && faultOfForgetting(state.record, known, nowMs);
    if (fault !== undefined) this.breaks("14", () => `forgotten, though ${fault}`);
    for (const [key, { grant }] of state.grants) {
      if (nowMs >= grant.grantedAtMs + KEPT_MS) continue;
      this.breaks("14", () => `forgotten, though ${key} was granted at ${grant.grantedAtMs}`);
    }
    const life = this.newLife();
    this.#forgotten.ended(state, life, nowMs);
    return life;
  }

  /** The span of a record that is about to be written. */
  spanOf({ view, object, turnKind, zones }: ObservedInstance, record: BucketRecord): number {
    const before = view.record;
    const wasOverridden = before?.isOverridden ?? false;
    if (record.isOverridden !== wasOverridden && (wasOverridden || turnKind !== "administration")) {
      this.breaks("1", () => `the policy's override became ${record.isOverridden} by itself`);
    }
    const isSamePolicy = before && isSame(before.policy, record.policy);
    const limits = recordedLimits(record);
    const isStart = !before || !isStarted(before);
    const isPause = turnKind === "administration" && !isSame(pausesIn(before), pausesIn(record));
    if (isSamePolicy && !isPause && (limits.length === 0 || !isStart)) return view.span;
    if (!isSamePolicy && wasOverridden && turnKind !== "administration") {
      this.breaks("1", () => "an overridden policy was changed by configuration");
    }
    if (!isSamePolicy) {
      object.disturbances += 1;
      if (before) this.#pauses.policyChanged(before.policy, record.policy);
    }
    this.#hasHadSeveral ||= limitsOf(record.policy).length > 1;
    if (isPause) this.#checkReached(limits, zones);
    // A pause that starts the bucket grants nothing in that turn.
    const isStartByAcquire = isStart && !isPause;
    const began = limits.map((limit) => (isStartByAcquire ? atStart(limit) : withLeased(limit)));
    this.#spans.push(began.length > 0 ? new Span(began, isStart) : undefined);
    const span = this.#spans.length - 1;
    if (!before) this.#forgotten.started(view.life, span, record, this.#clock.wallMs);
    return span;
  }

  /** Ticks that have fallen before a pause count as added. */
  #checkReached(limits: readonly RecordedLimit[], zones: ZoneTables): void {
    for (const { name, fields, state } of limits) {
      const reached = new Ticks(fields, state.startedAtMs, zones).at(this.#clock.wallMs);
      if (state.tick >= reached) continue;
      this.breaks(
        "9",
        () => `the next tick of ${name} is ${state.tick + 1}, but ${reached} is reached`,
      );
    }
  }

  /** Whether a grant reported now belongs to a span: not in the turn that changes the policy. */
  isInSpan({ view, viewBefore }: ObservedInstance): boolean {
    return view.span === viewBefore.span || this.#spans[view.span]?.isStart === true;
  }

  rowWritten(kind: "record" | "grant" | "alarm"): void {
    this.tally.rows[kind] += 1;
  }

  alarmSet(
    instance: ObservedInstance,
    atMs: number | undefined,
    runningAtMs: number | undefined,
  ): void {
    if (atMs === undefined) return;
    const nowMs = instance.clock.now();
    const { view } = instance;
    const { forgetsByAlarm } = instance.object;
    const isIdle = isIdleAlarm(forgetsByAlarm, { ...view, alarmAtMs: atMs });
    const isEarly = Number(view.alarmAtMs) > nowMs && Number(view.alarmAtMs) < atMs;
    // One that fires twice tells its instance that it is gone.
    const isKnown = !instance.object.hasFiredTwice;
    if (isKnown && isIdle && isEarly && isIdleAlarm(forgetsByAlarm, view)) {
      this.breaks("14", () => `alarm set to ${atMs}, though it fires at ${view.alarmAtMs}`);
    }
    if (atMs <= nowMs) this.breaks("7", () => `alarm set to ${atMs} at ${nowMs}`);
    if (atMs === runningAtMs) this.breaks("7", () => `running alarm set to its own time ${atMs}`);
    const earliestMs = instance.firedAlarmAtMs + ALARM_SPACING_MS;
    if (atMs < earliestMs && this.#clock.jumps === instance.jumpsAtStart) {
      this.breaks("7", () => `alarm set to ${atMs}, less than a second after the last`);
    }
  }

  /** An attempt has been answered or is held; its turn isn't over. */
  admitted(instance: ObservedInstance, standing: Standing): void {
    const { attempt, isJoined } = standing;
    if (attempt.call.requeued) {
      this.tally.requeued += 1;
      const { view, viewBefore } = instance;
      if (viewBefore.record && isStarted(viewBefore.record) && view.span !== viewBefore.span) {
        this.breaks("1", () => `${attempt.name} was requeued and brought an old policy along`);
      }
    }
    standing.isIn = true;
    const { idempotencyKey: key } = attempt.call;
    if (key !== undefined && !instance.isRecovering) instance.absences.arrived(attempt.call);
    if (!standing.isAnswered) this.#noteArrival(instance, standing);
    // A request that shares another's place was let in with it, some time ago.
    if (!standing.isAnswered && !isJoined && this.#isRecoveryOver(instance)) {
      standing.letInAt = instance.object.disturbances;
    }
  }

  answered(instance: ObservedInstance, standing: Standing, answer: AcquireAnswer): void {
    const { name } = standing.attempt;
    if (!instance.standing.has(standing)) {
      this.breaks("3", () => `${name} was answered after it had been answered or had left`);
    }
    if (instance.isAborted) this.breaks("2", () => `${name} was answered after a write had failed`);
    if (answer.kind === "reset") this.#checkReset(instance, name);
    if (answer.kind === "unavailable") {
      this.tally.turnedAway += 1;
      if (!instance.isClosed) this.breaks("12", () => `${name} was turned away without a shutdown`);
    } else if (instance.isClosed) {
      this.breaks("12", () => `${name} was answered ${answer.kind} after the shutdown`);
    }
    this.#checkCancelled(instance, standing, answer);
    if (
      standing.hasComeBack &&
      answer.kind === "invalid" &&
      this.#hasItsLimits(instance, standing)
    ) {
      this.breaks("13", () => `${name} came back, and its timeout was checked again`);
    }
    if (answer.kind !== "outcome") return;
    if (answer.outcome.ok) {
      if (!instance.hasWritten) this.#checkUnwritten(instance, answer.bucket.view, name);
      if (!instance.seen.grants.includes(answer.outcome)) instance.seen.grants.push(answer.outcome);
      instance.seen.lastGrantAtMs = instance.clock.now();
      instance.seen.grantedAtMonotonicMs = this.#clock.monotonicMs;
      this.#checkLimits(instance, standing, answer);
      this.#checkDeadline(instance, standing, answer.timeoutMs);
      this.#checkOrder(instance, standing);
      this.#checkPlace(instance, standing, answer.outcome);
    } else {
      this.#checkRefusal(instance, standing, answer);
    }
  }

  /** Whether there are all limits that a request names. */
  #hasItsLimits({ view }: ObservedInstance, { attempt }: Standing): boolean {
    const names = view.record ? limitsOf(view.record.policy).map(({ name }) => name) : [];
    return Object.keys(attempt.call.limits ?? {}).every((name) => names.includes(name));
  }

  /** A grant says what it took of each limit. */
  #checkLimits(
    { view, viewBefore }: ObservedInstance,
    { attempt }: Standing,
    { outcome, bucket }: Extract<AcquireAnswer, { kind: "outcome" }>,
  ): void {
    if (!outcome.ok) return;
    const further = Object.entries(outcome.limits ?? {});
    if (further.length > 0) this.tally.several += 1;
    if ([outcome, ...further.map(([, grant]) => grant)].some(({ tokens }) => tokens === 0)) {
      this.tally.ofSome += 1;
    }
    // A turn that changes the policy may grant before it does.
    if (view.span !== viewBefore.span) return;
    const names = limitsOf(bucket.policy.toJSON()).map(({ name }) => name);
    const sent = [FIRST, ...further.map(([name]) => name)];
    if (isSame(names, sent)) return;
    this.breaks("5", () => `${attempt.name} was sent ${sent.join(", ")}, not ${names.join(", ")}`);
  }

  /** A follower has been sent its place. */
  placed(
    instance: ObservedInstance,
    standing: Standing,
    { position, grantAtMs, etaMs }: HeldPlace,
  ): void {
    this.tally.places += 1;
    instance.hasSentPlaces = true;
    const { name } = standing.attempt;
    const { waiters } = instance.host;
    if (standing.isAnswered || !instance.standing.has(standing)) {
      this.breaks("10", () => `${name} was sent a place, but doesn't wait`);
    }
    if (position < 1 || position > waiters) {
      this.breaks("10", () => `${name} was sent place ${position} of ${waiters}`);
    }
    const restMs = Math.max(0, grantAtMs - instance.clock.now());
    if (etaMs !== restMs) this.breaks("10", () => `${name} was sent ${etaMs} ms, not ${restMs}`);
    standing.place = { grantAtMs, sentAt: instance.object.disturbances + instance.returns };
  }

  #checkPlace(
    instance: ObservedInstance,
    { attempt, place }: Standing,
    { grantedAtMs }: Grant,
  ): void {
    const { object, returns } = instance;
    const isUndisturbed = this.#clock.jumps === 0 && object.stalledUntilMs === 0;
    // A caller that comes back may move those behind it, within their deadlines.
    if (!place || !isUndisturbed || object.disturbances + returns > place.sentAt) return;
    if (grantedAtMs <= place.grantAtMs + SLACK_MS) return;
    const { name } = attempt;
    this.breaks(
      "10",
      () => `${name} was granted at ${grantedAtMs}, but was sent ${place.grantAtMs}`,
    );
  }

  #checkTally(instance: ObservedInstance, { limiter }: BucketRecord, view: LimiterView): void {
    const policy = instance.writtenPolicy;
    if (!policy) return;
    const { tally } = instance.host.stats(instance.view.record?.name ?? "", policy);
    const { tally: written, granted } = limiter;
    const waits = sumOf(tally.waits);
    if (waits !== view.granted) {
      this.breaks("11", () => `${view.granted} granted, but ${waits} waits counted`);
    }
    if (written && sumOf(written.waits) !== granted) {
      this.breaks(
        "11",
        () => `${granted} granted on the disk, but ${sumOf(written.waits)} waits counted`,
      );
    }
    const refused = sumOf(Object.values(tally.refused));
    if (refused !== view.refused) {
      this.breaks("11", () => `${view.refused} refused, but ${refused} reasons counted`);
    }
    // A report that includes leases from before a reset counts those callers but not their tokens.
    if (this.#lives === 0 && !this.#hasHadSeveral && tally.grantedTokens < view.granted) {
      this.breaks("11", () => `${view.granted} granted ${tally.grantedTokens} tokens`);
    }
  }

  /** What is known of a key that is about to be cancelled. From here on it is. */
  lookBeforeCancel(instance: ObservedInstance, key: string): BeforeCancel {
    const nowMs = this.#clock.wallMs;
    const kept = instance.view.grants.get(key)?.grant;
    const isGranted = kept !== undefined && nowMs < kept.grantedAtMs + KEPT_MS;
    // A request with the key of a grant is held during recovery, too, and then gets that grant.
    const isStanding = !isGranted && this.#hasStanding(instance, key);
    const away = instance.absences.away(key, nowMs);
    if (!isGranted) instance.absences.cancel(key, nowMs);
    if (this.#clock.jumps > 0) return { isGranted, isStanding, isAway: undefined };
    if (!away) return { isGranted, isStanding, isAway: false };
    const isInTime = nowMs <= away.arrival.deadlineAtMs;
    return { isGranted, isStanding, isAway: away.isSure ? isInTime : undefined };
  }

  /** A key has been cancelled; the turn isn't over. */
  cancelled(
    instance: ObservedInstance,
    key: string,
    { wasWaiting, isGranted, isStanding, isAway }: BeforeCancel & { readonly wasWaiting: boolean },
  ): void {
    if (wasWaiting) this.tally.cancels += 1;
    if (!isGranted && this.#hasStanding(instance, key)) {
      this.breaks("13", () => `${key} was cancelled, and a request still waits with it`);
    }
    const expected = isStanding || isAway;
    if (expected === undefined || expected === wasWaiting) return;
    this.breaks(
      "13",
      () => `${key} was cancelled; it waited: ${expected}, answered: ${wasWaiting}`,
    );
  }

  #hasStanding({ standing }: ObservedInstance, key: string): boolean {
    return [...standing].some(({ attempt }) => attempt.call.idempotencyKey === key);
  }

  #isCancelled({ absences }: ObservedInstance, { attempt }: Standing): boolean {
    return absences.isCancelled(attempt.call.idempotencyKey, this.#clock.wallMs);
  }

  #checkCancelled(instance: ObservedInstance, standing: Standing, { kind }: AcquireAnswer): void {
    const { attempt } = standing;
    const isCancelled = this.#isCancelled(instance, standing);
    const isOver = kind === "reset" || kind === "unavailable";
    // A clock that jumps makes that time longer or shorter.
    const isUnsure =
      this.#clock.jumps > 0 && instance.absences.wasEverCancelled(attempt.call.idempotencyKey);
    if (isOver || isUnsure || isCancelled === (kind === "cancelled")) return;
    this.breaks(
      "13",
      () => `${attempt.name} was answered ${kind}; it is cancelled: ${isCancelled}`,
    );
  }

  /** A request waits or is held during recovery; the turn isn't over. */
  #noteArrival(instance: ObservedInstance, standing: Standing): void {
    const { attempt, arrival, hasComeBack, isJoined } = standing;
    const { timeoutMs, requeued } = attempt.call;
    if (hasComeBack) {
      instance.returns += 1;
      this.tally.returns += 1;
      standing.isGuarded = this.#mayBeGuarded(instance, standing);
      if (!standing.isGuarded) this.tally.returnsInOrder += 1;
      return;
    }
    if (requeued && !this.#isWithinRecovery(instance)) {
      // Callers may wait by now that came later and were promised a time.
      instance.returns += 1;
      standing.isGuarded = true;
    }
    if (instance.isRecovering) return;
    const { maxWaitMs } = instance.writtenPolicy ?? { maxWaitMs: Number.NaN };
    const elapsedMs = requeued?.elapsedMs ?? 0;
    if (!isJoined) arrival.deadlineAtMs = this.#clock.wallMs + (timeoutMs ?? maxWaitMs) - elapsedMs;
  }

  /** Whether somebody who came later than a returner could be late, or that can't be sent. */
  #mayBeGuarded(instance: ObservedInstance, returner: Standing): boolean {
    const { record } = instance.view;
    if (!record) return true;
    const view = viewAt(instance, this.#clock.wallMs);
    return this.#foresee(instance, returner, { policy: record.policy, view })?.isGuarded ?? true;
  }

  /** What becomes of a returner in the place of its arrival, if everybody in the queue is known. */
  #foresee(
    instance: ObservedInstance,
    returner: Standing,
    { policy, view }: { readonly policy: RecordedPolicy; readonly view: LimiterView },
  ): { readonly isGuarded: boolean; readonly grantAtMs: number } | undefined {
    const { zones } = instance;
    const others = [...instance.standing].filter((other) => other !== returner);
    const isUnsure = ({ isJoined, isGuarded }: Standing): boolean => isJoined || isGuarded;
    const isDisturbed = instance.isRecovering || instance.hasRequeued || this.#clock.jumps > 0;
    if (isDisturbed || others.some(isUnsure) || this.#isHeldUp(instance, view)) return undefined;
    if (this.#mayHideDebt(instance, view)) return undefined;
    const queue = [...others, returner].toSorted(
      (one, other) => one.arrival.order - other.arrival.order,
    );
    const index = queue.indexOf(returner);
    const { record } = instance.view;
    const played = new PlayedQueue(policy, view, { zones, nowMs: this.#clock.wallMs, record });
    const grantsAtMs = queue.map(({ attempt }) => played.serve(attempt.call).atMs);
    const isGuarded = queue.some(({ arrival }, place) => {
      return place > index && !(Number(grantsAtMs[place]) <= arrival.deadlineAtMs);
    });
    return { isGuarded, grantAtMs: Number(grantsAtMs[index]) };
  }

  /** The instance was told to shut down; the turn isn't over. */
  turnedAway(instance: ObservedInstance): void {
    instance.absences.forgetAll();
    for (const { attempt } of instance.standing) {
      this.breaks("12", () => `${attempt.name} was not turned away`);
    }
  }

  /** An administrator has changed the policy, which must last. */
  overridden(instance: ObservedInstance): void {
    if (!instance.view.record?.isOverridden) {
      this.breaks("1", () => "the policy was overridden, but not written as such");
    }
  }

  /** The bucket has been paused; the turn isn't over. */
  paused(instance: ObservedInstance, pause: Pause, around: BeforeAndAfter): void {
    this.#pauses.performed(pause, this.#aroundIn(instance, around));
  }

  /** A pause was refused, because it names a limit that there isn't. */
  pauseRefused({ view }: ObservedInstance, pause: Partial<Pause>): void {
    this.#pauses.refused(pause);
    const known = view.record ? limitsOf(view.record.policy).map(({ name }) => name) : [];
    if (view.record && namesIn(pause).every((name) => known.includes(name))) {
      this.breaks("9", () => `a pause of ${namesIn(pause).join(", ")} was refused`);
    }
  }

  /** The caller that paused it has its answer. */
  pauseAnswered(pause: Pause): void {
    this.tally.pauses += 1;
    this.#pauses.answered(pause);
  }

  /** A pause has been ended; the turn isn't over. */
  resumed(instance: ObservedInstance, pause: Partial<Pause>, around: BeforeAndAfter): void {
    this.#pauses.resumed(namesIn(pause), this.#aroundIn(instance, around));
  }

  #aroundIn({ view, seen }: ObservedInstance, around: BeforeAndAfter): AroundPause {
    const life = this.#forgotten.rootOf(view.life);
    return { ...around, life, hasGranted: seen.grants.length > seen.grantsBefore };
  }

  /** A reset has been performed: nobody is left. */
  wasReset(instance: ObservedInstance): void {
    instance.absences.forgetAll();
    for (const { attempt } of instance.standing) {
      this.breaks("3", () => `${attempt.name} wasn't told of the reset`);
    }
  }

  /** An answer has left the object. */
  departed(
    attempt: Attempt,
    answer: AcquireAnswer,
    answered: DepartedFrom,
    durable: DiskState,
  ): void {
    const grant = grantOf(answer);
    if (!grant) return;
    const { idempotencyKey: key } = attempt.call;
    if (answer.kind === "outcome" && !this.#counted.has(grant)) {
      this.#counted.add(grant);
      if (answered.isByOldInstance) this.tally.byOldInstances += 1;
      if (answered.isInSpan) {
        const { grantedAtMs } = grant;
        this.#spans[answered.span]?.granted({ taken: takenBy(grant), grantedAtMs });
      }
    }
    for (const [name, tokens] of Object.entries(takenBy(grant))) {
      const asked = askedOf(attempt.call, name);
      if (tokens === asked) continue;
      this.breaks("5", () => `${attempt.name} asked for ${asked} of ${name} and got ${tokens}`);
    }
    if (key === undefined) return;
    const isExpired = this.#clock.latestWallMs >= grant.grantedAtMs + KEPT_MS;
    const kept = durable.grants.get(key)?.grant;
    if (durable.life === answered.life && !isExpired && !isSame(kept, grant)) {
      this.breaks("5", () => `the grant of ${key} left, but isn't on the disk`);
    }
    const id = `${this.#forgotten.rootOf(answered.life)} ${key}`;
    const earlier = this.#keyed.get(id);
    // If the clock jumps, the grant that leaves later isn't necessarily the later one.
    const firstAtMs = Math.min(grant.grantedAtMs, earlier?.grantedAtMs ?? Infinity);
    const isKept = earlier && this.#clock.latestWallMs < firstAtMs + KEPT_MS;
    if (isKept && !isSame(earlier, grant)) {
      this.breaks("5", () => `${key} got ${JSON.stringify(earlier)} and ${JSON.stringify(grant)}`);
    }
    this.#keyed.set(id, grant);
  }

  /** The bucket as it is before a call; `undefined` if nothing is written yet. */
  viewOf(instance: ObservedInstance): LimiterView | undefined {
    return instance.view.record && viewAt(instance, this.#clock.wallMs);
  }

  /** An isolate has been answered; the turn isn't over. */
  lent(instance: ObservedInstance, ask: LeaseAsk, answer: LeaseAnswer, before?: LimiterView): void {
    const { seen, view, viewBefore, standing } = instance;
    const { lease, bucket } = answer;
    const [first] = view.record ? recordedLimits(view.record) : [];
    const started = first?.state;
    const nowMs = this.#clock.wallMs;
    const uses = ask.uses.filter(({ startedAtMs }) => startedAtMs === started?.startedAtMs);
    seen.isLeaseWritten = lease !== undefined || uses.length > 0;
    if (lease && view.record && first) {
      const { policy } = view.record;
      this.tally.leases += 1;
      const lentAtMs = Math.max(nowMs, lastTickBefore(first, instance.zones, bucket.nextTickAtMs));
      this.#livesWithLeases.add(view.life);
      this.#lent.set(lease, { life: view.life, span: view.span, lentAtMs });
      const most = Math.min(
        ask.wanted,
        policy.lease?.maxTokens ?? 0,
        Math.floor((bucket.tokens + lease.tokens) / 2),
      );
      if (lease.tokens > most || lease.tokens < 1) {
        this.breaks("8", () => `${lease.tokens} tokens were lent, of at most ${most}`);
      }
      if (standing.size > 0 || bucket.waiters > 0) {
        this.breaks("4", () => `a lease was given while ${standing.size} wait`);
      }
      if (instance.isClosed) this.breaks("12", () => "a lease was given after the shutdown");
      if (bucket.pausedUntilMs !== undefined) {
        this.breaks("9", () => `a lease was given in a pause until ${bucket.pausedUntilMs}`);
      }
      if (this.#isWithinRecovery(instance))
        this.breaks("4", () => "a lease was given during recovery");
      if (lease.untilMs < lentAtMs + Number(policy.lease?.ttlMs) + REPORT_MS) {
        this.breaks("8", () => `a lease ends at ${lease.untilMs}: too soon`);
      }
    }
    if (
      ask.wanted === 0 &&
      viewBefore.record &&
      isStarted(viewBefore.record) &&
      view.span !== viewBefore.span
    ) {
      this.breaks("1", () => "a report brought an old policy along");
    }
    if (!before || !started || view.span !== viewBefore.span) return;
    this.#checkSettled(instance, { ask: { ...ask, uses }, answer, before });
  }

  /** A report changes what it reports, and mints nothing. */
  #checkSettled(
    instance: ObservedInstance,
    { ask, answer, before }: { ask: LeaseAsk; answer: LeaseAnswer; before: LimiterView },
  ): void {
    const { lease, bucket } = answer;
    const { grants, grantsBefore } = instance.seen;
    const answered = grants.slice(grantsBefore);
    const gone = (lease?.tokens ?? 0) + answered.reduce((all, { tokens }) => all + tokens, 0);
    const returned = ask.uses.reduce((all, use) => all + use.returned, 0);
    const there = before.tokens + (bucket.pausedUntilMs === undefined ? returned : 0);
    this.tally.returned += returned;
    if (bucket.tokens + gone > there) {
      this.breaks(
        "8",
        () => `${before.tokens} and ${returned} became ${bucket.tokens} and ${gone}`,
      );
    }
    const callers = answered.length + (ask.uses.length > 0 ? ask.granted : 0);
    if (bucket.granted !== before.granted + callers) {
      this.breaks("8", () => `${before.granted} and ${callers} granted became ${bucket.granted}`);
    }
    const { leasedTokens: leased } = bucket;
    const { leasedTokens: leasedBefore } = before;
    if (leased === undefined || leasedBefore === undefined) return;
    const nowMs = this.#clock.wallMs;
    const used = ask.uses.reduce((all, use) => all + use.used, 0);
    const isOut = ask.uses.every(({ untilMs }) => untilMs > nowMs) && this.#clock.jumps === 0;
    const hasRoom = before.tokens > 0 && before.tokens + leasedBefore <= bucket.policy.capacity;
    if (!instance.isCurrent || !isOut || !hasRoom) return;
    const lentTokens = lease?.tokens ?? 0;
    if (bucket.tokens + gone !== there) {
      this.breaks(
        "8",
        () => `${before.tokens} and ${returned} became ${bucket.tokens} and ${gone}`,
      );
    }
    if (leased !== leasedBefore - used - returned + lentTokens) {
      this.breaks("8", () => `${leasedBefore} on lease became ${leased}`);
    }
  }

  /** An isolate has granted tokens of a lease. */
  grantedOnLease(
    isolate: string,
    { lease, tokens }: { readonly lease: Lease; readonly tokens: number },
    durable: DiskState,
  ): void {
    const given = this.#lent.get(lease);
    if (!given) return;
    this.tally.onLease += 1;
    const { wallMs, latestWallMs, jumps } = this.#clock;
    // For a bucket whose clock was ahead, the lease may have ended even if that clock has been set back
    // since.
    const isOver = latestWallMs >= lease.untilMs;
    if (isOver && jumps === 0) {
      this.breaks("1", () => `${isolate} granted ${tokens} after their lease had ended`);
    }
    // By the bucket's clock it is granted while the lease lasts, whatever that clock shows. A policy
    // set since then counts what was on lease.
    const grantedAtMs = Math.max(given.lentAtMs, Math.min(wallMs, lease.untilMs - 1));
    const span = !isOver && durable.life === given.life ? durable.span : given.span;
    this.#spans[span]?.granted({ taken: { [FIRST]: tokens }, grantedAtMs });
  }

  turnEnded(instance: ObservedInstance): void {
    this.tally.turns += 1;
    const { record } = instance.view;
    const policy = instance.writtenPolicy;
    const waitersBefore = instance.seen.view?.waiters ?? 0;
    if (!record || !policy) {
      instance.seen.view = undefined;
      return;
    }
    const view = viewAt(instance, this.#clock.wallMs);
    this.#noteHeld(instance);
    this.#checkDurable(instance, record, view);
    this.#checkChange(instance, record);
    this.#checkNeed(instance, record, view);
    this.#checkQueue(instance, view, waitersBefore);
    this.#checkAlarm(instance, view, waitersBefore);
    this.#checkRoom(record, view);
    if (instance.isCurrent) this.#pauses.check(this.#forgotten.rootOf(instance.view.life), view);
    this.#checkTally(instance, record, view);
    this.#noteBoundaries(record, instance.seen.view, view);
    instance.seen.view = view;
    instance.seen.isLeaseWritten = false;
    instance.seen.isPauseTurn = false;
    instance.seen.grantsBefore = instance.seen.grants.length;
    instance.seen.grantedBeforeAtMs = instance.seen.lastGrantAtMs;
  }

  #noteBoundaries(
    { policy }: BucketRecord,
    before: LimiterView | undefined,
    view: LimiterView,
  ): void {
    for (const { name, fields } of limitsOf(policy)) {
      const was = before && limitView(before, name)?.nextTickAtMs;
      const hasPassed = was !== undefined && was !== limitView(view, name)?.nextTickAtMs;
      if (fields.every !== undefined && hasPassed) this.tally.boundaries += 1;
    }
  }

  /** A client has its answer. */
  settled(how: AcquireAnswer["kind"] | "unavailable", isGrant: boolean): void {
    if (how === "unavailable") this.tally.unavailable += 1;
    else if (how === "replay") this.tally.replays += 1;
    else if (isGrant) this.tally.grants += 1;
    else this.tally.refusals += 1;
  }

  /** Nothing happens any more. */
  finish(instance: ObservedInstance | undefined, unsettled: readonly string[]): void {
    if (unsettled.length > 0) this.breaks("3", () => `never settled: ${unsettled.join(", ")}`);
    for (const span of this.#spans) {
      const excess = span?.excess(this.#tables);
      if (excess !== undefined) this.breaks("1", () => excess);
    }
    for (const chain of this.#forgotten.chains) {
      const spans = chain.flatMap((number) => this.#spans[number] ?? []);
      const excess = excessAcross(spans, this.#tables);
      if (excess !== undefined) this.breaks("14", () => excess);
    }
    const record = instance?.view.record;
    if (!instance || !record) return;
    const nowMs = this.#clock.wallMs;
    const view = viewAt(instance, nowMs);
    for (const limit of recordedLimits(record)) {
      const seen = limitView(view, limit.name);
      const durable = durableTokens(instance, limit, { nowMs, seen });
      if (Math.max(0, durable) !== seen?.tokens) {
        this.breaks(
          "2",
          () => `quiet, ${seen?.tokens} of ${limit.name} in memory and ${durable} on the disk`,
        );
      }
      this.#checkRefill(instance, limit);
    }
  }

  /** Nothing is lost for good: when all leases have ended, ticks fill each limit. */
  #checkRefill(instance: ObservedInstance, { name, fields, state }: RecordedLimit): void {
    const { capacity } = fields;
    const fromMs =
      Math.max(this.#clock.latestWallMs, this.#clock.wallMs, state.pausedUntilMs ?? 0) +
      MAX_LEASE_MS;
    let fullAtMs: number;
    if (fields.every === undefined) {
      const ticks = Math.ceil((capacity - state.tokens) / fields.refillTokens);
      fullAtMs = fromMs + (ticks + 1) * fields.refillIntervalMs;
    } else {
      const boundaries = instance.zones.boundariesOf(fields);
      // By a new table, the last one may be yet to come; it has brought tokens already.
      const last = Math.max(state.tick, boundaries.numberAt(fromMs));
      // What is owed is paid first: after a cut of the capacity, by several of them.
      const paying = Math.ceil(Math.max(0, -state.tokens) / capacity);
      fullAtMs = boundaries.timeOf(last + paying + 1);
    }
    const view = viewAt(instance, fullAtMs);
    const tokens = limitView(view, name)?.tokens;
    const { leasedTokens = 0 } = view;
    if (tokens === capacity && leasedTokens === 0) return;
    this.breaks(
      "8",
      () => `in the end ${tokens} of ${name} there and ${leasedTokens} on lease, of ${capacity}`,
    );
  }

  /** Whether nobody is held any more for certain: that depends on one timer. */
  #isRecoveryOver({
    isRecovering,
    firstCallAtMs,
    lastRequeuedAtMs,
    object,
  }: ObservedInstance): boolean {
    if (!isRecovering) return true;
    const endsAtMs = Math.max(firstCallAtMs + RECOVERY_MS, lastRequeuedAtMs + HOLDS_OPEN_MS);
    const stalledUntilMs = object.stalledUntilMs + RECOVERY_MS;
    return this.#clock.monotonicMs > Math.max(endsAtMs, stalledUntilMs) + SLACK_MS;
  }

  /** Callers held during recovery are in the queue by now. */
  #noteHeld(instance: ObservedInstance): void {
    if (!instance.isRecovering || !this.#isRecoveryOver(instance)) return;
    for (const standing of instance.standing) {
      if (!standing.isJoined) standing.letInAt ??= instance.object.disturbances;
    }
  }

  #checkReset(instance: ObservedInstance, name: string): void {
    if (instance.view.life === instance.viewBefore.life) {
      this.breaks("3", () => `${name} was refused with bucket-reset without a reset`);
    }
  }

  #checkRefusal(
    instance: ObservedInstance,
    standing: Standing,
    answer: Extract<AcquireAnswer, { kind: "outcome" }>,
  ): void {
    const { outcome, timeoutMs } = answer;
    if (outcome.ok) return;
    const { attempt, letInAt } = standing;
    const { reason, retryAfterMs = 0 } = outcome;
    if (reason === "queue-full" && (attempt.call.requeued || standing.hasComeBack)) {
      this.breaks("3", () => `${attempt.name} was let in before, and refused with ${reason}`);
    }
    if (reason === "exceeds-capacity") this.#checkTooMuch(standing, answer);
    if (reason === "bucket-reset") this.#checkReset(instance, attempt.name);
    else if (letInAt !== undefined) {
      // A timer set before a jump may be late long after it.
      const isDisturbed = instance.object.disturbances > letInAt || this.#clock.jumps > 0;
      if (reason === "queue-full" || !isDisturbed) {
        this.breaks("3", () => `${attempt.name} stood in the queue and was refused with ${reason}`);
      }
    } else if (reason === "timeout" && standing.hasComeBack) {
      this.#checkReturn(instance, standing, answer);
    } else if (reason === "timeout" && !attempt.call.requeued && !standing.isIn) {
      if (standing.isJoined) return;
      if (retryAfterMs <= timeoutMs) {
        this.breaks("3", () => `${attempt.name} was refused, though ${retryAfterMs} is in time`);
      }
      this.#checkForecast(instance, standing, answer);
    }
  }

  /** Nobody is refused for wanting too much who doesn't, and the refusal says of which limits. */
  #checkTooMuch(
    { attempt }: Standing,
    { outcome, bucket }: Extract<AcquireAnswer, { kind: "outcome" }>,
  ): void {
    if (outcome.ok) return;
    const limits = limitsOf(bucket.policy.toJSON());
    const over = limits.flatMap(({ name, fields }) => {
      return askedOf(attempt.call, name) > fields.capacity ? [name] : [];
    });
    const sent = outcome.violatedLimits;
    if (over.length > 0 && (limits.length === 1 || isSame(over, sent))) return;
    this.breaks("3", () => `${attempt.name} asks too much of ${over.join()}, not ${sent?.join()}`);
  }

  /** A caller that comes back is refused only if it would be late, or would make somebody late. */
  #checkReturn(
    instance: ObservedInstance,
    { attempt, arrival }: Standing,
    { bucket }: Extract<AcquireAnswer, { kind: "outcome" }>,
  ): void {
    const { view, nowMs } = bucket;
    const policy = bucket.policy.toJSON();
    const returner = [...instance.standing].find((standing) => standing.attempt === attempt);
    const foreseen = returner && this.#foresee(instance, returner, { policy, view });
    if (!foreseen || foreseen.isGuarded) return;
    if (Math.max(nowMs, foreseen.grantAtMs) > arrival.deadlineAtMs) return;
    this.breaks("13", () => `${attempt.name} came back in time, and was refused`);
  }

  /** Retry-after is exact if everybody in front is known: contract rule 7. */
  #checkForecast(
    instance: ObservedInstance,
    arriving: Standing,
    { outcome, bucket, timeoutMs }: Extract<AcquireAnswer, { kind: "outcome" }>,
  ): void {
    const { policy, view, nowMs } = bucket;
    const isInOrder = instance.returns === 0 && !instance.hasRequeued;
    const isKnown = !instance.isRecovering && isInOrder && !arriving.isJoined;
    // A clock set back hides how far the bucket is.
    if (!isKnown || this.#clock.jumps > 0 || outcome.ok) return;
    if (this.#mayHideDebt(instance, view)) return;
    const fields = policy.toJSON();
    const { record } = instance.view;
    const queue = new PlayedQueue(fields, view, { zones: instance.zones, nowMs, record });
    for (const { attempt, isJoined } of instance.standing) {
      if (isJoined) return;
      if (attempt !== arriving.attempt) queue.serve(attempt.call);
    }
    const { name, call } = arriving.attempt;
    const { atMs, missing } = queue.timesOf(call);
    const retryAfterMs = Math.max(0, atMs - nowMs);
    // Leases leave less room, so it may be later then.
    const isHeldUp = this.#isHeldUp(instance, view);
    if (isHeldUp && Number(outcome.retryAfterMs) > retryAfterMs) return;
    if (outcome.retryAfterMs !== retryAfterMs) {
      this.breaks(
        "3",
        () => `${name} should retry after ${retryAfterMs}, not ${outcome.retryAfterMs}`,
      );
    }
    if (isHeldUp || fields.limits === undefined) return;
    const late = [...missing].flatMap(([limit, partAtMs]) => {
      return partAtMs > nowMs + timeoutMs ? [limit] : [];
    });
    const sent = outcome.violatedLimits ?? [];
    // If it is late only because of those in front, the limit that holds them up is named.
    if (late.length > 0 ? isSame(late, sent) : sent.length === 1) return;
    this.breaks("3", () => `${name} is late by ${late.join()}, and was sent ${sent.join()}`);
  }

  #checkOrder(instance: ObservedInstance, granted: Standing): void {
    if (granted.isJoined) return;
    const hasJumped = this.#clock.jumps > 0;
    for (const other of instance.standing) {
      if (other === granted || other.isJoined || other.isGuarded || !other.isIn) continue;
      // A waiter that is being cancelled is answered after those behind it have moved up.
      if (this.#isCancelled(instance, other)) continue;
      if (isBefore(other, granted, { hasJumped, wasRecovering: instance.isRecovering })) {
        this.breaks("4", () => `${granted.attempt.name} overtook ${other.attempt.name}`);
      }
    }
    // A caller at an instance that the object moved away from may lose its place at any time.
    if (!instance.isRecovering || this.#clock.jumps !== instance.jumpsAtStart) return;
    const arrivedAtMs = granted.arrival.firstArrivalMs ?? granted.arrival.deliveredAtMs;
    for (const displaced of this.displaced()) {
      const isAwaited = displaced.displacedAtMs <= instance.recoveringFromMs;
      if (isAwaited && displaced.arrivedAtMs < arrivedAtMs) {
        this.breaks("4", () => `${granted.attempt.name} didn't wait for requeued callers`);
      }
    }
  }

  /** A grant leaves in a turn that hasn't written, so what is on the disk must cover it. */
  #checkUnwritten(instance: ObservedInstance, view: LimiterView, name: string): void {
    this.tally.unwritten += 1;
    const { record } = instance.view;
    const limits = record ? recordedLimits(record) : [];
    const isKnown = limits.every((limit) => {
      const seen = limitView(view, limit.name);
      return seen && durableTokens(instance, limit, { nowMs: -Infinity, seen }) <= seen.tokens;
    });
    if (limits.length === 0 || !isKnown) {
      this.breaks("2", () => `${name} was granted before the disk knew`);
    }
  }

  /** Whether callers are held for certain. */
  #isWithinRecovery(instance: ObservedInstance): boolean {
    const ageMs = this.#clock.monotonicMs - instance.recoveringFromMs;
    const hasJumped = this.#clock.jumps !== instance.jumpsAtStart;
    return instance.isRecovering && ageMs < RECOVERY_MS && !hasJumped;
  }

  #checkDurable(instance: ObservedInstance, record: BucketRecord, view: LimiterView): void {
    for (const limit of recordedLimits(record)) {
      this.#checkDebt(limit, limitIn(instance.viewBefore.record, limit.name));
      const seen = limitView(view, limit.name);
      // An empty view may hide tokens below 0; a second later they show.
      const aheads = Number(seen?.tokens) > 0 ? [0] : [0, 1_000, 3_000];
      for (const aheadMs of aheads) this.#checkDurableLimit(instance, limit, { view, aheadMs });
    }
  }

  /** A calendar owes nothing, but for what it owed as a token bucket before the policy changed. */
  #checkDebt({ name, fields, state }: RecordedLimit, before: RecordedLimit | undefined): void {
    const least = Math.min(0, before?.state.tokens ?? 0);
    if (fields.every === undefined || state.tokens >= least) return;
    this.breaks("2", () => `${state.tokens} of the calendar ${name} on the disk`);
  }

  #checkDurableLimit(
    instance: ObservedInstance,
    limit: RecordedLimit,
    { view, aheadMs }: { readonly view: LimiterView; readonly aheadMs: number },
  ): void {
    const nowMs = this.#clock.wallMs + aheadMs;
    const seen = limitView(aheadMs === 0 ? view : viewAt(instance, nowMs), limit.name);
    if (!seen) return;
    const batch = maxBatch(limit.fields);
    const durable = Math.max(0, durableTokens(instance, limit, { nowMs, seen }));
    const lost = seen.tokens - durable;
    if (lost >= 0 && lost <= batch && (lost === 0 || !this.#hasBeenQuiet(instance))) return;
    this.breaks("2", () => {
      return `${seen.tokens} of ${limit.name} in memory, ${durable} on the disk, a batch is ${batch}`;
    });
  }

  /** Whether the rest of a batch must have been returned, with some time for late timers. */
  #hasBeenQuiet({
    seen,
    object,
    turnKind,
    isRecovering,
    hasSentPlaces,
  }: ObservedInstance): boolean {
    // A clock that was set back doesn't say since when the bucket has been quiet, so it counts as
    // quiet. But a timer that sends places lets no time pass.
    if (turnKind === "tick" && this.#clock.wallMs < seen.lastGrantAtMs) {
      return !isRecovering && !hasSentPlaces;
    }
    const sinceMs = Math.max(seen.grantedAtMonotonicMs, object.stalledUntilMs);
    const isKnown = this.#clock.jumps === 0;
    return isKnown && this.#clock.monotonicMs > sinceMs + QUIET_MS + SLACK_MS;
  }

  /** Nobody is granted after giving up. */
  #checkDeadline(instance: ObservedInstance, standing: Standing, timeoutMs: number): void {
    const { attempt, arrival, letInAt } = standing;
    const isUndisturbed = this.#clock.jumps === 0 && instance.object.stalledUntilMs === 0;
    const waitedMs = this.#clock.monotonicMs - arrival.calledAtMs;
    if (letInAt === undefined || !isUndisturbed || waitedMs <= timeoutMs + SLACK_MS) return;
    this.breaks(
      "3",
      () => `${attempt.name} was granted after ${waitedMs} ms, its timeout is ${timeoutMs}`,
    );
  }

  /** Everybody in the queue is held, and the head doesn't fit. */
  #checkQueue(instance: ObservedInstance, view: LimiterView, waitersBefore: number): void {
    const { standing } = instance;
    if (view.waiters > standing.size) {
      this.breaks("3", () => `${view.waiters} wait, and ${standing.size} are held`);
    }
    if (this.#isRecoveryOver(instance)) {
      const places = new Set(
        [...standing].map(({ attempt, arrival }) => attempt.call.idempotencyKey ?? arrival.order),
      );
      if (places.size !== view.waiters) {
        this.breaks("3", () => `${view.waiters} wait, and ${places.size} places are held`);
      }
    }
    // A waiter has just left, or a pause has ended, so the next one has moved up.
    const hasMoved = view.waiters < waitersBefore || instance.seen.isPauseTurn;
    if (view.waiters === 0 || !hasMoved) return;
    if (!instance.view.record) return;
    const asked = [...standing].map(({ attempt }) => attempt.call);
    const isThere = limitsOf(instance.view.record.policy).every(({ name }) => {
      const most = Math.max(...asked.map((call) => askedOf(call, name)));
      return most === 0 || Number(limitView(view, name)?.tokens) >= most;
    });
    if (isThere) {
      this.breaks("3", () => `${view.waiters} wait, but what any of them wants is there`);
    }
  }

  /**
   * What is there and what is on lease fit into the bucket. After a cut of the capacity, more may be
   * out.
   */
  #checkRoom({ policy }: BucketRecord, view: LimiterView): void {
    const { tokens, leasedTokens = 0 } = view;
    for (const { name, fields } of limitsOf(policy)) {
      const there = limitView(view, name)?.tokens;
      if (there !== undefined && there <= fields.capacity) continue;
      this.breaks("8", () => `${there} of ${name} there, of ${fields.capacity}`);
    }
    if (tokens === 0 || tokens + leasedTokens <= policy.capacity) return;
    this.breaks("8", () => `${tokens} there and ${leasedTokens} on lease, of ${policy.capacity}`);
  }

  /** A policy change adds nothing, and takes nothing but what finds no room. */
  #checkChange(instance: ObservedInstance, record: BucketRecord): void {
    const { view, viewBefore, seen } = instance;
    const before = viewBefore.record;
    if (view.span === viewBefore.span || !before || !isStarted(before)) return;
    // After a deployment, callers may bring two policies by turns, and a limit that only one has begins again.
    if (view.span > viewBefore.span + 1) return;
    const limitsBefore = recordedLimits(before);
    const hasGranted = seen.grants.length > seen.grantsBefore;
    const { wallMs } = this.#clock;
    // By a new table, a boundary may be over by then that wasn't over when that was written; a change that
    // leaves all as it is brings the limits there, too.
    const isUntouched =
      isSame(before.policy, record.policy) && instance.turnKind !== "administration";
    const nowMs = isUntouched
      ? wallMs
      : Math.max(wallMs, reachedAtMs(limitsBefore, instance.zones));
    for (const limit of recordedLimits(record)) {
      const earlier = limitsBefore.find(({ name }) => name === limit.name);
      if (earlier) this.#checkChanged(instance, { before: earlier, after: limit, nowMs });
      else this.#checkAdded(limit, hasGranted || seen.isPauseTurn);
    }
  }

  #checkAdded({ name, fields, state }: RecordedLimit, mayHaveLess: boolean): void {
    const there = tokensIn(state) + leasedIn(state);
    const { initialTokens } = fields;
    if (there === initialTokens || (mayHaveLess && there < initialTokens)) return;
    this.breaks("1", () => `${name} began with ${there}, not with ${initialTokens}`);
  }

  /** @param nowMs The instant of the change: not before one that the bucket has reached. */
  #checkChanged(
    instance: ObservedInstance,
    {
      before,
      after,
      nowMs,
    }: { readonly before: RecordedLimit; readonly after: RecordedLimit; readonly nowMs: number },
  ): void {
    const { seen, zones } = instance;
    const { name, state } = after;
    // What is on lease ends by the clock, or at the instant that the bucket has reached. A calendar may have
    // reached a boundary by a clock that has been set back since.
    const reachedAtMs = Math.min(this.#clock.latestWallMs, state.reachedAtMs ?? nowMs);
    const instants = [this.#clock.wallMs, nowMs, reachedAtMs];
    const holdings = instants.map((atMs) => holdingAt(before, zones, atMs));
    let most = Math.max(
      ...holdings.map(({ tokens, pausedTokens, leasedTokens }) => {
        return tokens + pausedTokens + leasedTokens;
      }),
    );
    let least = -Infinity;
    const seenLimit = seen.view && limitView(seen.view, name);
    // Of a calendar that is paused, what is shown doesn't say when its last boundary was.
    const isShown = before.fields.every === undefined || seenLimit?.pausedUntilMs === undefined;
    if (seen.view && seenLimit && isShown) {
      const { capacity } = before.fields;
      const ticks = new Ticks(before.fields, before.state.startedAtMs, zones);
      const lastAtMs = lastTickBefore(before, zones, seenLimit.nextTickAtMs);
      const lastTick = Math.max(before.state.tick, ticks.at(lastAtMs));
      const brought = ticks.tokensBetween(lastTick, ticks.at(nowMs));
      // Including what is on lease, since some of it may come back in this turn.
      const isSameGrid = isSame(gridOf(before), gridOf(after));
      const isAnswered = isSameGrid && this.#clock.jumps === 0;
      const isKnown = this.#isLeasedKnown(instance, seen.view, name);
      const out =
        isAnswered && isKnown
          ? this.#leasedTokens(instance, seen.view, name)
          : leasedIn(before.state);
      most = Math.max(out, Math.min(capacity, seenLimit.tokens + out + brought));
      if (this.#isOnlyChange(instance, name)) {
        const filled = Math.min(capacity, seenLimit.tokens + brought);
        least = Math.min(filled, after.fields.capacity);
      }
    }
    const left = tokensIn(state) + leasedIn(state);
    if (left > most || tokensIn(state) > after.fields.capacity) {
      this.breaks("1", () => `${most} tokens of ${name} became ${left} by a policy change`);
    }
    if (left >= least) return;
    this.breaks("2", () => `${least} tokens of ${name} became ${left} by a policy change`);
  }

  /** Whether a policy change is all that has happened in this turn, in a bucket that nothing is out of. */
  #isOnlyChange(instance: ObservedInstance, name: string): boolean {
    const { seen, turnKind } = instance;
    if (!seen.view || this.#clock.jumps > 0 || this.#isHeldUp(instance, seen.view)) return false;
    const hasGranted = seen.grants.length > seen.grantsBefore;
    const isShown = Number(limitView(seen.view, name)?.tokens) > 0;
    return isShown && !hasGranted && turnKind === "administration" && !seen.isPauseTurn;
  }

  /**
   * A write is needed if more has been granted since the last one than the batch, if the rest of a
   * batch must be returned (the bucket is quiet, or the batch's lease is about to end), or if there is
   * more to write than grants.
   */
  #checkNeed(instance: ObservedInstance, record: BucketRecord, view: LimiterView): void {
    const { viewBefore, seen } = instance;
    const before = viewBefore.record;
    if (before === record) return;
    const batchBefore = seen.batch;
    const batch = this.#batchIn(instance, view);
    seen.batch = { tokens: batch, writtenAtMs: this.#clock.wallMs };
    if (!before || !isStarted(before) || instance.turnKind === "administration") return;
    if (before.isOverridden !== record.isOverridden || instance.view.span !== viewBefore.span)
      return;
    if (before.forgetAfterMs !== record.forgetAfterMs) return;
    if (seen.isLeaseWritten) return;
    const isNowQuiet = this.#isQuietSince(seen.grantedBeforeAtMs);
    const turnGrants = seen.grants.length - seen.grantsBefore;
    if (isNowQuiet && turnGrants === 1 && batch && sumOf([...batch.values()]) > 0) {
      this.breaks(
        "6",
        () => `a batch of ${[...batch.values()].join()} was taken for a first grant`,
      );
    }
    const { tokens, writtenAtMs } = batchBefore;
    if (tokens === undefined) return;
    const unseen = seen.grants.slice(seen.grants.length - (view.granted - before.limiter.granted));
    const taken = unseen.map(takenBy);
    const names = limitsOf(record.policy).map(({ name }) => name);
    // Where the limit that it named is gone, one may get nothing of any; that it did is written.
    const isOfNothing = taken.some((grant) => names.every((name) => !grant[name]));
    const isUsedUp = names.some((name) => {
      return sumOf(taken.map((grant) => grant[name] ?? 0)) > (tokens.get(name) ?? 0);
    });
    const endsAtMs = writtenAtMs + BATCH_LEASED_MS - BATCH_MARGIN_MS;
    const isOver = this.#clock.wallMs >= endsAtMs || isNowQuiet;
    if (isUsedUp || isOfNothing || (sumOf([...tokens.values()]) > 0 && isOver)) return;
    this.breaks("6", () => {
      return `needless write: ${JSON.stringify(taken)} granted since, of ${[...tokens.values()].join()}`;
    });
  }

  #isQuietSince(grantedAtMs: number): boolean {
    const nowMs = this.#clock.wallMs;
    return nowMs >= grantedAtMs + QUIET_MS || nowMs < grantedAtMs;
  }

  /**
   * What the disk counts as on lease beyond what memory does, by limit; `undefined` if that can't be sent.
   */
  #batchIn(instance: ObservedInstance, seen: LimiterView): ReadonlyMap<string, number> | undefined {
    const batch = new Map<string, number>();
    const { record } = instance.view;
    for (const { name, state } of record ? recordedLimits(record) : []) {
      if (!this.#isLeasedKnown(instance, seen, name)) return undefined;
      batch.set(name, leasedIn(state) - this.#leasedTokens(instance, seen, name));
    }
    return batch.size > 0 ? batch : undefined;
  }

  /** Whether `#leasedTokens` is right even if the bucket doesn't say. */
  #isLeasedKnown(
    { view, recordAtStart }: ObservedInstance,
    { leasedTokens }: LimiterView,
    name: string,
  ): boolean {
    if (name === FIRST) {
      if (leasedTokens !== undefined) return true;
      if (this.#livesWithLeases.has(view.life)) return false;
    }
    const found = limitIn(recordAtStart, name);
    if (!found?.state.leased) return true;
    // One that was removed and added again has nothing of it, and can't be told from one of another kind.
    if (limitIn(view.record, name)?.state.startedAtMs !== found.state.startedAtMs) return false;
    // If the clock jumps, what it found may have ended for one of the two and not for the other.
    return this.#clock.jumps === 0;
  }

  /** Whether leases may leave less room than there is in any limit. */
  #isHeldUp(instance: ObservedInstance, seen: LimiterView): boolean {
    const { record } = instance.view;
    return (record ? recordedLimits(record) : []).some(({ name }) => {
      return (
        !this.#isLeasedKnown(instance, seen, name) || this.#leasedTokens(instance, seen, name) > 0
      );
    });
  }

  /** What an instance counts as on lease of one limit. */
  #leasedTokens(
    { view, recordAtStart, lifeAtStart, zones }: ObservedInstance,
    seen: LimiterView,
    name: string,
  ): number {
    if (name === FIRST && seen.leasedTokens !== undefined) return seen.leasedTokens;
    const found = limitIn(recordAtStart, name);
    const limit = limitIn(view.record, name);
    const seenLimit = limitView(seen, name);
    if (!limit || !found || !seenLimit || view.life !== lifeAtStart) return 0;
    // What it found on lease, including its predecessor's batch, stays on lease until it ends.
    const isPaused = seenLimit.pausedUntilMs !== undefined;
    const lastAtMs = isPaused ? 0 : lastTickBefore(limit, zones, seenLimit.nextTickAtMs);
    return holdingAt(found, zones, Math.max(this.#clock.wallMs, lastAtMs)).leasedTokens;
  }

  /** Whether an empty limit may be below 0: if it was found so on the disk, or lends. */
  #mayHideDebt({ view, recordAtStart }: ObservedInstance, seen: LimiterView): boolean {
    if (!view.record) return true;
    return recordedLimits(view.record).some(({ name }) => {
      if (limitView(seen, name)?.tokens !== 0) return false;
      const found = limitIn(recordAtStart, name);
      return view.record?.policy.lease !== undefined || Number(found?.state.tokens) < 0;
    });
  }

  #checkAlarm(instance: ObservedInstance, seen: LimiterView, waitersBefore: number): void {
    const { waiters } = seen;
    const { view, object } = instance;
    if (object.isAlarmUnsure) return;
    const { alarmAtMs } = view;
    if (waiters > 0 && alarmAtMs === undefined) {
      this.breaks("7", () => `${waiters} wait, but no alarm is armed`);
    }
    if (waiters > 0) this.#checkAlarmTime(instance, seen);
    else this.#checkIdleAlarm(instance);
    if (waiters > 0 || waitersBefore === 0 || alarmAtMs === undefined) return;
    if (isIdleAlarm(object.forgetsByAlarm, view)) return;
    if (object.hasFiredTwice || instance.isRecovering || this.#clock.jumps > 0) return;
    const nowMs = this.#clock.wallMs;
    const isUnderWay = nowMs >= alarmAtMs && nowMs < alarmAtMs + ALARM_SPACING_MS;
    if (!isUnderWay) this.breaks("7", () => `nobody waits, but an alarm is armed for ${alarmAtMs}`);
  }

  /** A bucket that will be forgotten has an alarm for it. */
  #checkIdleAlarm({ view, object }: ObservedInstance): void {
    const { record, alarmAtMs } = view;
    if (!object.forgetsByAlarm || record?.limiter.forgetAtMs === undefined) return;
    if (alarmAtMs !== undefined) return;
    this.breaks("14", () => "the bucket will be forgotten, but no alarm is armed");
  }

  /** The alarm is armed for the tick that serves the head, if it is known who that is. */
  #checkAlarmTime(instance: ObservedInstance, seen: LimiterView): void {
    const { view, object, standing, zones } = instance;
    const policy = view.record?.policy;
    const [head, ...behind] = standing;
    const isInOrder = instance.returns === 0 && !instance.hasRequeued;
    const isKnown = !instance.isRecovering && isInOrder && !object.hasFiredTwice;
    if (!head || !policy || !isKnown || this.#clock.jumps > 0) return;
    if (this.#mayHideDebt(instance, seen)) return;
    if (head.isJoined || behind.some(({ isJoined }) => isJoined)) return;
    const { record } = view;
    const queue = new PlayedQueue(policy, seen, { zones, nowMs: this.#clock.wallMs, record });
    const dueAtMs = queue.timesOf(head.attempt.call).atMs;
    const nowMs = this.#clock.wallMs;
    const alarmAtMs = Number(view.alarmAtMs);
    // An alarm that is firing is left alone.
    if (dueAtMs <= nowMs || alarmAtMs <= nowMs) return;
    const [rightAtMs = 0, afterRetryAtMs] = [instance.firedAlarmAtMs, instance.alarmRanAtMs].map(
      (firedAtMs) => Math.max(dueAtMs, firedAtMs + ALARM_SPACING_MS),
    );
    const isHeldUp = this.#isHeldUp(instance, seen);
    if (isHeldUp && alarmAtMs > rightAtMs) return;
    if (alarmAtMs !== rightAtMs && alarmAtMs !== afterRetryAtMs) {
      this.breaks(
        "7",
        () => `the alarm is armed for ${alarmAtMs}, the head is due at ${rightAtMs}`,
      );
    }
  }
}

/** Whether one is in front of another, as far as callers can tell. */
function isBefore(
  one: Standing,
  other: Standing,
  { hasJumped, wasRecovering }: { readonly hasJumped: boolean; readonly wasRecovering: boolean },
): boolean {
  const { firstArrivalMs: oneFromMs, deliveredAtMs, order } = one.arrival;
  const { firstArrivalMs: otherFromMs } = other.arrival;
  if (oneFromMs !== undefined && otherFromMs !== undefined) return oneFromMs < otherFromMs;
  if (oneFromMs === undefined && otherFromMs === undefined) return order < other.arrival.order;
  // Instants of two kinds: the Worker's clock and the object's agree only while neither jumps.
  if (hasJumped) return false;
  if (oneFromMs !== undefined) return oneFromMs < other.arrival.deliveredAtMs;
  return !wasRecovering && deliveredAtMs < Number(otherFromMs);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function viewAt(instance: ObservedInstance, atMs: number): LimiterView {
  const { record } = instance.view;
  const policy = instance.writtenPolicy;
  if (!record || !policy) throw new Error("Nothing is written yet");
  return instance.peek(atMs, () => instance.host.inspect(record.name, policy));
}

function grantOf(answer: AcquireAnswer): Grant | undefined {
  if (answer.kind === "replay") return answer.grant;
  return answer.kind === "outcome" && answer.outcome.ok ? answer.outcome : undefined;
}

/** Only numbers, so comparing JSON suffices. */
function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The limit called `name` of a bucket as written. */
function limitIn(record: BucketRecord | undefined, name: string): RecordedLimit | undefined {
  return record && recordedLimits(record).find((limit) => limit.name === name);
}

/** What the disk comes to by `nowMs`, or by the last tick that memory shows, if its clock was ahead. */
function durableTokens(
  { zones }: ObservedInstance,
  limit: RecordedLimit,
  { nowMs, seen }: { readonly nowMs: number; readonly seen: LimitView | undefined },
): number {
  const lastAtMs = seen ? lastTickBefore(limit, zones, seen.nextTickAtMs) : nowMs;
  const atMs = Math.max(nowMs, lastAtMs);
  const { pausedUntilMs } = limit.state;
  if (limit.fields.every === undefined || pausedUntilMs === undefined) {
    return holdingAt(limit, zones, atMs).tokens;
  }
  // A calendar's pause is over if it is for memory, whose clock may have been ahead, and not before.
  const isPaused = seen?.pausedUntilMs !== undefined;
  const inPauseAtMs = Math.min(atMs, pausedUntilMs - 1);
  return holdingAt(limit, zones, isPaused ? inPauseAtMs : Math.max(atMs, pausedUntilMs)).tokens;
}

/** What is there, and what a pause has put aside. */
function tokensIn({ tokens, pausedTokens = 0 }: RecordedLimit["state"]): number {
  return tokens + pausedTokens;
}

/** A limit as it starts: nothing has come in yet. */
function atStart({ name, fields, state }: RecordedLimit): RecordedLimit {
  const tick = fields.every === undefined ? 0 : state.tick;
  return { name, fields, state: { ...state, tick, tokens: fields.initialTokens } };
}

/** Whatever is on lease may be granted yet, the batch among it. */
function withLeased({ name, fields, state }: RecordedLimit): RecordedLimit {
  return { name, fields, state: { ...state, tokens: state.tokens + leasedIn(state) } };
}

/** When the pauses of a bucket as written end, by limit. */
function pausesIn(record: BucketRecord | undefined): object {
  const limits = record ? recordedLimits(record) : [];
  return limits.flatMap(({ name, state: { pausedUntilMs } }) => {
    return pausedUntilMs === undefined ? [] : [[name, pausedUntilMs]];
  });
}

/** What decides when the ticks of a limit fall. */
function gridOf({ fields }: RecordedLimit): object {
  const { refillIntervalMs, every, timeZone, at, on } = fields;
  return { refillIntervalMs, every, timeZone, at, on };
}

/** What a grant took, by the name of the limit. */
function takenBy({ tokens, limits = {} }: Grant): Record<string, number> {
  const further = Object.entries(limits).map(([name, grant]) => [name, grant.tokens] as const);
  return { [FIRST]: tokens, ...Object.fromEntries(further) };
}
