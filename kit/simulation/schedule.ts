/**
 * What a schedule is: a bucket, its clients, and what goes wrong. All of it is drawn before anything
 * happens. What is drawn on the way, such as how long a commit takes or how late an alarm is, comes
 * from a stream of the same seed.
 */
import type { TokenBucketInput } from "../../src/core/limits/kinds.ts";
import type { PolicyChanges, PolicyFields } from "../../src/core/policy.ts";
import type { LeaseTerms } from "../../src/core/policy-tables.ts";
import type { BucketPolicyFields } from "../model/bucket-policy.ts";
import type { Random } from "../random.ts";
import type { DrawnCalendars, DrawnZones } from "./several-limits.ts";

import { epochMs } from "../model/limiters.ts";
import {
  drawCalendar,
  drawCalendars,
  drawFurther,
  drawLimitChanges,
  drawNamed,
  drawPaused,
  drawUpdate,
} from "./several-limits.ts";

/** One client, and what it will do. */
export interface Client {
  readonly name: string;
  readonly arrivesAtMs: number;
  readonly tokens: number;
  /** Of single limits, by name. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly timeoutMs: number | undefined;
  readonly key: string | undefined;
  /** Whether it is sent its position. */
  readonly isStreamed: boolean;
  /** How long after its arrival it hangs up; `undefined` if it stays. */
  readonly leavesAfterMs: number | undefined;
  /**
   * When its connection breaks, counted from its arrival, and how long until it comes back with its
   * key.
   */
  readonly breaks?: { readonly afterMs: number; readonly awayMs: number } | undefined;
  /** How long after its arrival it is cancelled by its key. */
  readonly cancelledAfterMs?: number | undefined;
  /** How often it retries, with its key, if its connection breaks. */
  readonly retries: number;
  /** Which isolate of the Worker it comes to; wraps around the number of isolates. */
  readonly isolate: number;
}

/** What goes wrong, or what an administrator does. */
export type Fault =
  /** The object's process dies. The Worker's may die with it: then every connection breaks. */
  | { readonly kind: "crash"; readonly isOfMachine: boolean }
  | { readonly kind: "evict" }
  /** What is idle is closed, and a file is removed whose bucket may be forgotten. */
  | { readonly kind: "sweep" }
  | { readonly kind: "reset" }
  /** The object moves elsewhere, and the old instance doesn't know. */
  | { readonly kind: "move" }
  /** May bring other tables of time zones. */
  | { readonly kind: "deploy"; readonly policy: PolicyFields; readonly zones?: DrawnZones }
  | { readonly kind: "change policy"; readonly changes: PolicyChanges }
  | {
      readonly kind: "pause";
      readonly forMs: number;
      readonly tokens: number;
      readonly limits?: readonly string[];
    }
  | { readonly kind: "lift"; readonly limits?: readonly string[] }
  | { readonly kind: "delete" }
  /** Waiters are turned away because the process is about to end. Then it ends. */
  | { readonly kind: "close"; readonly endsAfterMs: number }
  | { readonly kind: "look" }
  /** The next commit to begin fails when it ends. */
  | { readonly kind: "commit fails" }
  /** Every commit that begins within this time fails. */
  | { readonly kind: "storage broken"; readonly forMs: number }
  /** The next write throws. */
  | { readonly kind: "write throws" }
  | { readonly kind: "storage slow"; readonly forMs: number; readonly latencyMs: number }
  /** Everything that the next alarm to be set does wrong. */
  | {
      readonly kind: "alarm";
      readonly lateMs: number;
      readonly isLost: boolean;
      readonly isTwice: boolean;
      readonly throws: "no" | "before" | "after";
      readonly times: number;
    }
  /** The machine is busy: no timer fires. */
  | { readonly kind: "stall"; readonly forMs: number }
  | { readonly kind: "clock jumps"; readonly byMs: number }
  /** An isolate of the Worker dies with its connections and its leases. */
  | { readonly kind: "isolate dies"; readonly isolate: number }
  | { readonly kind: "isolate's clock jumps"; readonly isolate: number; readonly byMs: number };

export type AlarmFault = Extract<Fault, { kind: "alarm" }>;

/**
 * Faults that come together, and when: at an instant, or right at the end of one of the object's turns.
 */
export interface PlannedFaults {
  readonly when: { readonly atMs: number } | { readonly afterTurn: number };
  /** Each follows the one before after a while. */
  readonly faults: readonly { readonly fault: Fault; readonly afterMs: number }[];
}

export interface Schedule {
  readonly policy: PolicyFields;
  /** Whether the object's alarm forgets the bucket; otherwise sweeps do. */
  readonly forgetsByAlarm?: boolean;
  /** The time zones that machines know at first. */
  readonly zones?: DrawnZones;
  /** Isolates of the Worker. */
  readonly isolates: number;
  readonly clients: readonly Client[];
  readonly faults: readonly PlannedFaults[];
}

const INTERVALS_MS = [10, 13, 25, 40, 250, 1_000, 1_000, 3_000];
/** Between faults that come together: callers are on their way back, or held during recovery. */
const PAUSES_MS = [0, 1, 5, 30, 100, 240];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What everything in a schedule is about. */
interface Subject {
  readonly policy: PolicyFields;
  /** What the first limit is, or was before it became a calendar: so big, and so fast. */
  readonly first: BucketPolicyFields;
  /** `undefined` if there is one token bucket, for all of the schedule. */
  readonly calendars: DrawnCalendars | undefined;
}

export function drawSchedule(random: Random): Schedule {
  const first = drawPolicy(random);
  const subject = random.chance(0.5) ? drawSeveral(random, first) : drawSingle(random, first);
  const { policy, calendars } = subject;
  const clients = drawClients(random, subject);
  const arrivals = clients.map(({ arrivesAtMs }) => arrivesAtMs);
  const faults = drawFaults(random, { subject, arrivals, turns: clients.length * 3 });
  const isolates = random.pick([1, 1, 2, 4]);
  return { policy, isolates, clients, faults, ...(calendars && { zones: calendars.zones }) };
}

function drawSingle(random: Random, first: BucketPolicyFields): Subject {
  const policy = random.chance(0.5) ? { ...first, lease: drawLease(random, first) } : first;
  return { policy, first, calendars: undefined };
}

function drawSeveral(random: Random, first: BucketPolicyFields): Subject {
  const calendars = drawCalendars(random);
  const { queueLimit = 1_000 } = first;
  // Callers of a calendar may wait for an hour.
  const maxWaitMs = random.chance(0.2) ? HOUR_MS : (first.maxWaitMs ?? MINUTE_MS);
  const limits = random.chance(0.9) ? drawFurther(random, first, calendars) : undefined;
  const options = { queueLimit, maxWaitMs, ...(limits && { limits }) };
  const isCalendar = limits === undefined || random.chance(0.2);
  const policy: PolicyFields = isCalendar
    ? { ...drawCalendar(random, calendars.near), ...options }
    : { ...first, ...options };
  return { policy, first, calendars };
}

function drawLease(random: Random, { capacity }: BucketPolicyFields): LeaseTerms {
  return {
    maxTokens: random.pick([1, random.integer(1, 20), capacity, capacity]),
    ttlMs: random.pick([100, 300, 1_000, 1_000, 5_000, 20_000]),
  };
}

function drawPolicy(random: Random): BucketPolicyFields {
  const limits = {
    queueLimit: random.chance(0.15) ? random.integer(0, 3) : 1_000,
    maxWaitMs: random.pick([0, 60, 1_000, 5_000, 60_000, 60_000, 60_000, 600_000]),
  };
  const kind = random.fraction();
  if (kind < 0.3) {
    const capacity = random.integer(1, 12);
    const refillTokens = random.pick([1, 1, 1, random.integer(2, 5), capacity, capacity + 3]);
    const refillIntervalMs = random.pick(INTERVALS_MS);
    const initial = random.chance(0.5) ? { initialTokens: random.integer(0, capacity) } : {};
    return { capacity, refillTokens, refillIntervalMs, ...initial, ...limits };
  }
  if (kind < 0.35) {
    return {
      capacity: 100,
      refillTokens: 1,
      refillIntervalMs: 864_000,
      initialTokens: 20,
      ...limits,
    };
  }
  // Takes batches of 1 to 50 tokens.
  const capacity = random.pick([40, 100, random.integer(40, 500), random.integer(500, 2_000)]);
  const refillIntervalMs = random.pick(INTERVALS_MS);
  const perSecond = random.pick([1, 2, 10, 50, 200, capacity]);
  const refillTokens = Math.max(1, Math.ceil((perSecond * refillIntervalMs) / 1_000));
  const initialTokens = random.pick([0, random.integer(0, capacity), capacity, capacity]);
  return { capacity, refillTokens, refillIntervalMs, initialTokens, ...limits };
}

function drawClients(random: Random, subject: Subject): Client[] {
  const { policy, first, calendars } = subject;
  const clients: Client[] = [];
  // Leases serve small requests.
  const mostTokens = policy.lease && random.chance(0.7) ? random.pick([1, 2, 5]) : Infinity;
  // Few keys for many clients, or nearly one each.
  const keys = Array.from({ length: random.pick([random.integer(1, 6), 40, 200]) }, (_, index) => ({
    key: `key ${index}`,
    ...drawAsked(random, policy),
  }));
  const share = {
    keyed: random.pick([0, 0, 0.2, 0.7, 0.9]),
    leaving: random.pick([0, 0.1, 0.3]),
    streamed: random.pick([0, 0.1, 0.5]),
    breaking: random.pick([0, 0.4, 1]),
    cancelled: random.pick([0, 0, 0.3]),
  };
  let atMs = 0;
  for (let phase = random.integer(1, 5); phase > 0; phase -= 1) {
    const spacingMs = random.pick([0, 0, 1, 5, 40, 400]);
    for (let count = random.pick([1, 3, 10, 20, 40, 60]); count > 0; count -= 1) {
      const keyed = random.chance(share.keyed) ? random.pick(keys) : undefined;
      const { key, ...asked } = keyed ?? {
        key: undefined,
        ...drawAsked(random, policy, mostTokens),
      };
      const isConfused = key !== undefined && random.chance(0.05);
      clients.push({
        name: `client ${clients.length}`,
        arrivesAtMs: atMs,
        ...asked,
        ...(isConfused && { tokens: asked.tokens + 1 }),
        key,
        isStreamed: random.chance(share.streamed),
        ...(key !== undefined && random.chance(share.breaking) && { breaks: drawBreak(random) }),
        ...(key !== undefined &&
          random.chance(share.cancelled) && {
            cancelledAfterMs: random.integer(0, random.pick([10, 100, 2_000])),
          }),
        leavesAfterMs: random.chance(share.leaving) ? drawLeave(random, first) : undefined,
        retries: key === undefined ? 0 : random.integer(0, 3),
        isolate: random.integer(0, 3),
      });
      atMs += random.integer(0, 2 * spacingMs);
    }
    atMs += random.pick([5, 200, 1_000, 1_500, 4_000, 12_000, 30_000]);
    if (calendars && random.chance(0.4)) atMs = drawBeforeBoundary(random, calendars, atMs);
  }
  return clients;
}

/** Just before a calendar may begin anew: an hour, a day or a month later. */
function drawBeforeBoundary(random: Random, { near }: DrawnCalendars, fromMs: number): number {
  const boundaryMs = random.pick(near).atMs - epochMs - random.integer(-100, 2_000);
  if (boundaryMs >= fromMs) return boundaryMs;
  const periodMs = random.pick([HOUR_MS, HOUR_MS, 24 * HOUR_MS, 31 * 24 * HOUR_MS]);
  return boundaryMs + Math.ceil((fromMs - boundaryMs) / periodMs) * periodMs;
}

function drawAsked(
  random: Random,
  policy: PolicyFields,
  mostTokens = Infinity,
): Pick<Client, "tokens" | "limits" | "timeoutMs"> {
  const { maxWaitMs = 0, limits = {} } = policy;
  const capacity = Math.min(...[policy, ...Object.values(limits)].map((limit) => limit.capacity));
  const share = random.pick([1, 1, Math.ceil(capacity / 16), Math.ceil(capacity / 4), capacity]);
  const most = Math.min(share, mostTokens);
  const tokens = random.chance(0.01) ? capacity + 1 : random.integer(1, most);
  const hasNamed = Object.keys(limits).length > 0 && random.chance(0.5);
  const asked = hasNamed ? drawNamed(random, policy, most) : { tokens };
  const timeoutMs = random.pick([
    undefined,
    undefined,
    0,
    random.integer(0, 300),
    random.integer(0, 5_000),
  ]);
  const isLegal = timeoutMs === undefined || timeoutMs <= maxWaitMs || random.chance(0.05);
  return { ...asked, timeoutMs: isLegal ? timeoutMs : maxWaitMs };
}

/**
 * Gone for a moment, until about the time of its grant, for about as long as it is remembered, or
 * longer.
 */
function drawBreak(random: Random): { readonly afterMs: number; readonly awayMs: number } {
  const awayMs = random.pick([0, 1, 5, 20, 300, random.integer(0, 3_000), 29_900, 30_100]);
  return { afterMs: random.integer(0, random.pick([10, 100, 2_000])), awayMs };
}

/** At any time, or at a tick, which is about when it is granted. */
function drawLeave(random: Random, { refillIntervalMs }: BucketPolicyFields): number {
  return random.chance(0.5)
    ? random.integer(0, 2_000)
    : random.integer(0, 5) * refillIntervalMs + random.integer(-3, 8) + 3;
}

interface Bounds {
  readonly subject: Subject;
  /** Of clients. */
  readonly arrivals: readonly number[];
  readonly turns: number;
}

function drawFaults(random: Random, { subject, arrivals, turns }: Bounds): PlannedFaults[] {
  const endMs = Math.max(...arrivals) + 3_000;
  // Most of the time nobody is there if there are calendars.
  const drawTime = (): number =>
    subject.calendars ? random.pick(arrivals) + random.integer(0, 3_000) : random.integer(0, endMs);
  const most = random.pick([0, 2, 4, 8, 16, 32]);
  return Array.from({ length: random.integer(0, most) }, () => {
    const when = random.chance(0.5)
      ? { atMs: drawTime() }
      : { afterTurn: random.integer(1, turns) };
    if (random.chance(0.1)) return { when, faults: drawBurst(random) };
    const faults = [{ fault: drawFault(random, subject), afterMs: 0 }];
    while (random.chance(0.3)) {
      faults.push({ fault: drawFault(random, subject), afterMs: random.pick(PAUSES_MS) });
    }
    return { when, faults };
  });
}

/**
 * Resets in a row: before the waiters have come back, while they are held during recovery, or just
 * after.
 */
function drawBurst(random: Random): PlannedFaults["faults"] {
  const spacingMs = random.pick([0, 20, 100, 250, 300, 450]);
  return Array.from({ length: random.integer(3, 10) }, () => ({
    fault: { kind: "reset" },
    afterMs: spacingMs === 0 ? random.integer(20, 450) : spacingMs,
  }));
}

function drawFault(random: Random, subject: Subject): Fault {
  const { policy, first } = subject;
  if (subject.calendars && random.chance(0.06)) return drawDeploy(random, subject);
  if (random.chance(0.08)) return drawPause(random, subject);
  if (random.chance(0.03)) return { kind: "close", endsAfterMs: random.pick([0, 5, 100, 2_000]) };
  const kind = random.integer(0, policy.lease ? 36 : 30);
  if (kind < 4) return { kind: "crash", isOfMachine: random.chance(0.4) };
  if (kind < 6) return { kind: "evict" };
  if (kind < 8) return { kind: "reset" };
  if (kind < 12) return { kind: "move" };
  if (kind < 13) return drawDeploy(random, subject);
  if (kind < 15) return { kind: "change policy", changes: drawChanges(random, subject) };
  if (kind < 16) return { kind: "delete" };
  if (kind < 17) return { kind: "look" };
  if (kind < 19) return { kind: "commit fails" };
  if (kind < 20) return { kind: "write throws" };
  if (kind < 22) {
    const latencyMs = random.pick([20, 300, 3_000]);
    return { kind: "storage slow", forMs: random.integer(100, 6_000), latencyMs };
  }
  if (kind < 25) return drawAlarmFault(random);
  if (kind < 26) return { kind: "stall", forMs: random.pick([5, 50, 1_000, 5_000]) };
  if (kind < 28) return { kind: "clock jumps", byMs: drawJump(random) };
  if (kind < 29) return { kind: "storage broken", forMs: random.pick([10, 300, 3_000, 30_000]) };
  if (kind < 32) return { kind: "isolate dies", isolate: random.integer(0, 3) };
  if (kind < 34) {
    const { capacity } = first;
    const changes = { capacity: Math.max(1, Math.floor(capacity / 4)), initialTokens: 0 };
    return { kind: "change policy", changes };
  }
  const byMs = random.pick([
    -HOUR_MS,
    -MINUTE_MS,
    random.integer(-25_000, -1),
    -300,
    500,
    MINUTE_MS,
  ]);
  return { kind: "isolate's clock jumps", isolate: random.integer(0, 3), byMs };
}

/** A new configuration, and with calendars sometimes new tables of time zones and nothing else. */
function drawDeploy(random: Random, { policy, first, calendars }: Subject): Fault {
  if (!calendars) {
    const lease = policy.lease && { lease: policy.lease };
    return { kind: "deploy", policy: { ...first, ...lease, ...drawOwnChanges(random, first) } };
  }
  const zones = random.chance(0.7) ? drawUpdate(random, calendars.zones) : calendars.zones;
  if (policy.every !== undefined || random.chance(0.5)) return { kind: "deploy", policy, zones };
  const { lease: _, ...changes } = drawOwnChanges(random, first);
  const limits = random.chance(0.8) && { limits: drawFurther(random, first, calendars) };
  return { kind: "deploy", policy: { ...first, ...changes, ...limits }, zones };
}

function drawPause(random: Random, { policy }: Subject): Fault {
  const { capacity } = policy;
  if (random.chance(0.2)) return { kind: "lift", ...drawPaused(random, policy) };
  return {
    kind: "pause",
    forMs: random.pick([1, 300, 1_000, random.integer(1, 5_000), 20_000, MINUTE_MS, HOUR_MS]),
    tokens: random.pick([0, 0, random.integer(0, capacity), capacity]),
    ...drawPaused(random, policy),
  };
}

function drawAlarmFault(random: Random): Fault {
  return {
    kind: "alarm",
    lateMs: random.pick([0, 50, 900, 5_000, MINUTE_MS]),
    isLost: random.chance(0.3),
    isTwice: random.chance(0.3),
    throws: random.pick(["no", "no", "before", "after"]),
    times: random.pick([1, 1, 3, 7, 8]),
  };
}

function drawJump(random: Random): number {
  const span = random.pick([20, 300, 2_000, 20_000, MINUTE_MS, HOUR_MS]);
  const byMs = random.chance(0.5) ? span : random.integer(1, span);
  return random.chance(0.6) ? -byMs : byMs;
}

function drawChanges(random: Random, { first, calendars }: Subject): PolicyChanges {
  const isOfLimits = calendars !== undefined && random.chance(0.6);
  return isOfLimits ? drawLimitChanges(random, first, calendars) : drawOwnChanges(random, first);
}

/** Changes of a policy's own fields. */
function drawOwnChanges(
  random: Random,
  { capacity, refillTokens }: TokenBucketInput,
): Partial<BucketPolicyFields> {
  const changes = [
    { capacity: Math.max(1, Math.floor(capacity / 2)), initialTokens: 0 },
    { capacity: capacity * 2 },
    { refillTokens: refillTokens * 3 },
    { refillIntervalMs: random.pick(INTERVALS_MS) },
    { queueLimit: 2 },
    { maxWaitMs: 100 },
    { lease: null },
    { lease: { maxTokens: 3, ttlMs: 100 } },
    { lease: { maxTokens: 1_000, ttlMs: 20_000 } },
    { capacity: 64, refillTokens: 64, refillIntervalMs: 1_000, initialTokens: 64 },
    {},
  ];
  return random.pick(changes);
}
