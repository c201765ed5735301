/**
 * Draws what only policies with several limits or calendars have: further limits, time zones whose boundaries
 * and changes fall within a schedule, and tokens by name.
 */
import type { CalendarInput, LimitInput, TokenBucketInput } from "../../src/core/limits/kinds.ts";
import type { PolicyChanges, PolicyFields } from "../../src/core/policy.ts";
import type { Random } from "../random.ts";
import type { Asked } from "./played-queue.ts";
import type { ZoneTable } from "./boundaries.ts";

import { weekdays } from "../../src/core/limits/calendar-fields.ts";
import { epochMs } from "../model/limiters.ts";
import { FIRST } from "./recorded-limit.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Clocks of a zone are set at most once in so long, as in all zones since 1970. */
const MIN_BETWEEN_CHANGES_MS = 31 * HOUR_MS;
/** No zone is further from UTC. */
const MAX_AHEAD_MS = 14 * HOUR_MS;

const ZONES = ["Sim/East", "Sim/West"] as const;
/** Names of further limits, and one that only a change of the policy may add. */
const NAMES = ["tpm", "daily", "plan"] as const;
const ADDED = "extra";

/** The tables of all zones, by name. */
export type DrawnZones = Readonly<Record<string, ZoneTable>>;

/** A local midnight, or another beginning, that falls within the first phases of a schedule. */
interface NearBoundary {
  readonly zone: string;
  readonly atMs: number;
  /** What the local clock shows then, as a UTC instant that is written alike. */
  readonly localMs: number;
}

/** Zones in each of which an hour begins soon after the start of the schedule: `atMs`. */
export interface DrawnCalendars {
  readonly zones: DrawnZones;
  readonly near: readonly NearBoundary[];
}

/** One limit of a policy, or more, and the zones of its calendars. */
export function drawCalendars(random: Random): DrawnCalendars {
  const near: NearBoundary[] = [];
  const zones: Record<string, ZoneTable> = {};
  for (const zone of ZONES) {
    const atMs = epochMs + random.integer(0, random.pick([500, 5_000, 30_000]));
    const hour = random.pick([0, 0, 0, 2, 23]);
    const minute = random.pick([0, 0, 30, 59]);
    const intoDayMs = hour * HOUR_MS + minute * MINUTE_MS;
    // Within 12 hours of the instant.
    const localMs = Math.round((atMs - intoDayMs) / DAY_MS) * DAY_MS + intoDayMs;
    near.push({ zone, atMs, localMs });
    zones[zone] = drawTable(random, localMs - atMs);
  }
  return { zones, near };
}

/** What another version of the tables says: the same offsets, other changes. */
export function drawUpdate(random: Random, zones: DrawnZones): DrawnZones {
  const updated = Object.entries(zones).map(([name, [{ aheadMs }]]) => {
    const byMs = random.pick([0, 0, 1_500, -1_500, -8_000, HOUR_MS, -HOUR_MS]);
    return [name, drawTable(random, aheadMs + byMs)] as const;
  });
  return Object.fromEntries(updated);
}

function drawTable(random: Random, aheadMs: number): ZoneTable {
  const table: [ZoneTable[0], ...ZoneTable[0][]] = [{ fromMs: -Infinity, aheadMs }];
  let fromMs = epochMs + random.integer(0, random.pick([1_000, 40_000, HOUR_MS, DAY_MS]));
  let ahead = aheadMs;
  for (let changes = random.pick([0, 1, 1, 2]); changes > 0; changes -= 1) {
    const byMs = random.pick([HOUR_MS, -HOUR_MS, HOUR_MS / 2, -HOUR_MS / 2, 4_000, 24 * HOUR_MS]);
    if (Math.abs(ahead + byMs) > MAX_AHEAD_MS) continue;
    ahead += byMs;
    table.push({ fromMs, aheadMs: ahead });
    fromMs += MIN_BETWEEN_CHANGES_MS + random.integer(0, random.pick([10_000, DAY_MS]));
  }
  return table;
}

/** A calendar, one of whose boundaries is near. */
export function drawCalendar(random: Random, near: readonly NearBoundary[]): CalendarInput {
  const { zone: timeZone, localMs } = random.pick(near);
  const capacity = random.pick([
    random.integer(1, 12),
    random.integer(20, 300),
    random.integer(1_000, 20_000),
    random.integer(40_000, 90_000),
  ]);
  const initial = random.pick([undefined, undefined, 0, random.integer(0, Math.min(50, capacity))]);
  const local = new Date(localMs);
  const at = local.toISOString().slice(11, 16);
  const every = random.pick(["hour", "hour", "day", "day", "week", "month"] as const);
  const fields = {
    capacity,
    every,
    timeZone,
    at,
    ...(initial !== undefined && { initialTokens: initial }),
  };
  if (every === "week") return { ...fields, on: weekdays[(local.getUTCDay() + 6) % 7] ?? "monday" };
  if (every === "month") return { ...fields, on: Math.min(28, local.getUTCDate()) };
  return fields;
}

/** A bucket of about the size of `first`, on another grid. */
function drawBucket(random: Random, first: TokenBucketInput): TokenBucketInput {
  const size = random.pick([0.5, 1, 1, 3]);
  const capacity = Math.max(1, Math.round(first.capacity * size));
  const refillTokens = Math.max(1, Math.round(first.refillTokens * random.pick([0.3, 1, 2])));
  const refillIntervalMs = random.pick([10, 40, 300, 1_000, 1_700]);
  const initialTokens = random.pick([0, capacity, random.integer(0, capacity)]);
  return { capacity, refillTokens, refillIntervalMs, initialTokens };
}

function drawLimit(random: Random, first: TokenBucketInput, { near }: DrawnCalendars): LimitInput {
  return random.chance(0.5) ? drawCalendar(random, near) : drawBucket(random, first);
}

/** One to three limits besides the first. */
export function drawFurther(
  random: Random,
  first: TokenBucketInput,
  calendars: DrawnCalendars,
): Readonly<Record<string, LimitInput>> {
  const names = NAMES.slice(0, random.pick([1, 1, 2, 3]));
  return Object.fromEntries(names.map((name) => [name, drawLimit(random, first, calendars)]));
}

/** Changes that only such policies know: limits that come, go and become others, of another kind too. */
export function drawLimitChanges(
  random: Random,
  first: TokenBucketInput,
  calendars: DrawnCalendars,
): PolicyChanges {
  const name = random.pick([...NAMES, ADDED]);
  const { capacity } = first;
  return random.pick<PolicyChanges>([
    { limits: { [name]: drawLimit(random, first, calendars) }, lease: null },
    { limits: { [name]: drawLimit(random, first, calendars) }, lease: null },
    { limits: { [name]: null } },
    { limits: { [NAMES[0]]: null, [ADDED]: drawLimit(random, first, calendars) }, lease: null },
    { limits: null },
    { ...drawCalendar(random, calendars.near), lease: null },
    { capacity, refillTokens: 1, refillIntervalMs: 100 },
  ]);
}

/** Tokens of single limits: nothing of some, and sometimes of one that there isn't. */
export function drawNamed(random: Random, policy: PolicyFields, most: number): Asked {
  const limits: Record<string, number> = {};
  const { limits: further = {}, ...first } = policy;
  for (const [name, { capacity }] of Object.entries<LimitInput>({ [FIRST]: first, ...further })) {
    if (random.chance(0.5)) continue;
    const share = Math.min(capacity, most);
    limits[name] = random.pick([0, 1, random.integer(0, share), random.integer(0, capacity)]);
  }
  if (random.chance(0.02)) limits[ADDED] = 1;
  const tokens = random.pick([0, 1, 1]);
  const isNothing = Object.values(limits).every((count) => count === 0);
  return { tokens: isNothing ? Math.max(1, tokens) : tokens, limits };
}

/** Whom a pause stops, or who goes on after it: the first by default. */
export function drawPaused(random: Random, policy: PolicyFields): { limits?: readonly string[] } {
  const names = [FIRST, ...Object.keys(policy.limits ?? {})];
  if (names.length === 1 || random.chance(0.3)) return {};
  if (random.chance(0.03)) return { limits: [ADDED] };
  const chosen = names.filter(() => random.chance(0.5));
  return { limits: chosen.length > 0 ? chosen : [random.pick(names)] };
}
