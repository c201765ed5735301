/**
 * Draws histories: first one that leaves a bucket in a certain state on the disk, then one that goes on from
 * there. Which calls come, and when, follows from the seed and from what this version answers; the recorded
 * case holds all of it as plain numbers.
 */
import type { Held } from "./driven-bucket.ts";
import type {
  Call,
  ConfiguredPolicy,
  RecordedCase,
  RecordedStep,
  ReportedUse,
  StoredState,
} from "./recorded-case.ts";

import { Random } from "../random.ts";
import { drawHoldMs, drawHolderCall } from "./drawn-holder.ts";
import { DrivenBucket } from "./driven-bucket.ts";

/** Histories that are drawn for one wish and one policy before another policy is tried. */
const MAX_TRIES = 300;
const STEPS_BEFORE = { min: 2, max: 30 };
const STEPS_AFTER = { min: 9, max: 13 };
const START_AT_MS = Date.UTC(2026, 10, 23, 8);
const DAY_MS = 86_400_000;
/** As long as a Worker takes at most before it requeues a caller. */
const REQUEUE_MS = 100;
const CALENDAR_STEP_MS = 900_000;

type PolicyShape = Partial<Omit<ConfiguredPolicy, "name">> & Pick<ConfiguredPolicy, "capacity">;

const daily = { every: "day", timeZone: "UTC", at: "00:00" };
const hourly = { every: "hour", timeZone: "UTC", at: "00:00" };

/** Policies of every kind that is written differently. */
const policies: Readonly<Record<string, PolicyShape>> = {
  "one a second": { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 },
  "five a second": { capacity: 10, refillTokens: 5, refillIntervalMs: 1_000 },
  "a short queue": {
    capacity: 5,
    refillTokens: 1,
    refillIntervalMs: 700,
    initialTokens: 0,
    queueLimit: 2,
    maxWaitMs: 3_000,
  },
  "every 10 ms": { capacity: 3, refillTokens: 1, refillIntervalMs: 10 },
  "more than fits": { capacity: 7, refillTokens: 20, refillIntervalMs: 333, maxWaitMs: 900_000 },
  "small batches": { capacity: 120, refillTokens: 10, refillIntervalMs: 250 },
  "large batches": { capacity: 10_000, refillTokens: 2_500, refillIntervalMs: 1_000 },
  "a hundred a day": { capacity: 100, refillTokens: 100, refillIntervalMs: DAY_MS },
  "a billion": { capacity: 1_000_000_000, refillTokens: 1_000_000_000, refillIntervalMs: 10 },
  "a slow billion": { capacity: 1_000_000_000, refillTokens: 1, refillIntervalMs: DAY_MS },
  "leases of a second": {
    capacity: 1_000,
    refillTokens: 50,
    refillIntervalMs: 250,
    lease: { maxTokens: 200, ttlMs: 1_000 },
  },
  "long leases": {
    capacity: 40,
    refillTokens: 1,
    refillIntervalMs: 500,
    lease: { maxTokens: 10, ttlMs: 20_000 },
  },
  "leases of a minute's tokens": {
    capacity: 400,
    refillTokens: 400,
    refillIntervalMs: 60_000,
    initialTokens: 399,
    lease: { maxTokens: 1_000_000_000, ttlMs: 100 },
  },
  "a calendar": { capacity: 60, ...hourly, at: "00:40" },
  "a large calendar": {
    capacity: 90_000,
    every: "month",
    timeZone: "Australia/Lord_Howe",
    at: "02:30",
    on: 28,
  },
  "a second and a day": {
    capacity: 10,
    refillTokens: 5,
    refillIntervalMs: 1_000,
    limits: { day: { capacity: 300, initialTokens: 300, ...daily, timeZone: "Europe/Berlin" } },
  },
  "batches of several": {
    capacity: 4_000,
    refillTokens: 400,
    refillIntervalMs: 500,
    limits: {
      tpm: { capacity: 8_000, initialTokens: 200, refillTokens: 200, refillIntervalMs: 250 },
      hour: { capacity: 50_000, initialTokens: 50_000, ...hourly },
    },
  },
  "holds, debts behind": {
    capacity: 20,
    refillTokens: 5,
    refillIntervalMs: 1_000,
    hold: { maxMs: 30_000, debt: "queue" },
  },
  "holds of several, debts in front": {
    capacity: 20,
    refillTokens: 10,
    refillIntervalMs: 2_000,
    limits: {
      tpm: { capacity: 900, initialTokens: 900, refillTokens: 90, refillIntervalMs: 700 },
      hour: { capacity: 5_000, initialTokens: 5_000, ...hourly },
    },
    hold: { maxMs: 600_000, debt: "front" },
  },
  "two at a time": {
    capacity: 30,
    refillTokens: 30,
    refillIntervalMs: 1_000,
    concurrency: { max: 2, ttlMs: 5_000, graceMs: 0 },
  },
  "holds and permits": {
    capacity: 50,
    refillTokens: 5,
    refillIntervalMs: 500,
    hold: { maxMs: 20_000, debt: "queue" },
    concurrency: { max: 5, ttlMs: 3_000, graceMs: 0 },
  },
};

/** A state that a history is to leave on the disk. */
interface Cut {
  readonly text: string;
  readonly stored: StoredState;
  readonly atMs: number;
  readonly lost: readonly Held[];
}

const pausedUntilMs = ({ text }: Cut): number => Number(/"pausedUntilMs":(\d+)/.exec(text)?.[1]);
const isOnLease = ({ text }: Cut): boolean => text.includes('"leased":');
const isOfHolders = ({ text }: Cut): boolean => text.includes('"format":6');
const grantRowsOf = ({ stored }: Cut): unknown[] => Object.values(stored.openGrants ?? {});
const isConfiguredToLease = ({ text }: Cut): boolean => text.includes('"lease":');

/** What is to be on the disk, and how many such cases to draw. */
const wishes: Readonly<Record<string, readonly [count: number, isMet: (cut: Cut) => boolean]>> = {
  anything: [16, ({ text }) => text !== ""],
  "a pause": [8, (cut) => pausedUntilMs(cut) > cut.atMs],
  "a pause that is over": [3, (cut) => pausedUntilMs(cut) <= cut.atMs],
  "a pause and leases": [3, (cut) => pausedUntilMs(cut) > cut.atMs && isOnLease(cut)],
  "tokens below zero": [6, ({ text }) => text.includes('"tokens":-')],
  "a batch": [5, (cut) => isOnLease(cut) && !isConfiguredToLease(cut)],
  "leases of isolates": [5, (cut) => isOnLease(cut) && isConfiguredToLease(cut)],
  "not started": [3, ({ text }) => text !== "" && !text.includes('"startedAtMs"')],
  "an override": [4, ({ text }) => text.includes('"isOverridden":true')],
  "callers waiting": [6, ({ stored, lost }) => stored.alarmAtMs !== undefined && lost.length >= 2],
  "what format 4 can't hold": [8, ({ text }) => text.includes('"format":5')],
  "holds or permits": [6, isOfHolders],
  "open grants": [10, (cut) => isOfHolders(cut) && grantRowsOf(cut).length >= 2],
  "a settled hold": [4, (cut) => cut.text.includes('"settlement":')],
  "waiters for a permit": [3, (cut) => isOfHolders(cut) && cut.lost.length >= 2],
  "keyed grants": [4, ({ stored }) => Object.keys(stored.keyedRows ?? {}).length >= 2],
};

/** Cases of every wish, over all policies in turn. The same seed gives the same cases. */
export async function drawCases(seed: number): Promise<RecordedCase[]> {
  const cases: RecordedCase[] = [];
  const labels = Object.keys(policies);
  for (const [wish, [count]] of Object.entries(wishes)) {
    let found = 0;
    for (let turn = 0; found < count; turn += 1) {
      if (turn > 20 * labels.length) throw new Error(`No history leaves ${wish} on the disk`);
      const label = labels[(cases.length + turn) % labels.length] ?? "";
      const drawn = await drawCase(new Random(seed, cases.length, turn), label, wish);
      if (!drawn) continue;
      cases.push(drawn);
      found += 1;
    }
  }
  return cases;
}

async function drawCase(
  random: Random,
  label: string,
  wish: string,
): Promise<RecordedCase | undefined> {
  const configured = configuredPolicy(label);
  const isMet = wishes[wish]?.[1];
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const startAtMs = START_AT_MS + random.integer(0, DAY_MS);
    const before = new DrawnHistory(random, startAtMs, configured, { keyedGrants: {} });
    await before.draw(random.integer(STEPS_BEFORE.min, STEPS_BEFORE.max));
    const cut = before.cut(random.pick([0, 3, 40, 900, 5_000]));
    if (!isMet?.(cut)) continue;
    const { atMs, stored, lost } = cut;
    const after = new DrawnHistory(random, atMs, before.configured, stored, before);
    after.lost.push(...lost);
    const steps = await after.draw(random.integer(STEPS_AFTER.min, STEPS_AFTER.max));
    // What the last of them has left on the disk counts as well.
    steps.push(await after.step({ call: "restart", downMs: 0 }, 0));
    steps.push(await after.step({ call: "stats" }, 300));
    const name = `${label}: ${wish}`;
    return { name, atMs, configured: before.configured, stored, steps };
  }
  return undefined;
}

function configuredPolicy(label: string): ConfiguredPolicy {
  const shape = policies[label];
  if (!shape) throw new Error(`There is no policy ${label}`);
  const initialTokens = Math.min(shape.capacity, shape.refillTokens ?? shape.capacity);
  return { name: "*", initialTokens, queueLimit: 1_000, maxWaitMs: 60_000, ...shape };
}

/** A lease that an isolate holds. */
interface HeldLease {
  readonly startedAtMs: number;
  readonly untilMs: number;
  remaining: number;
}

/** A key that was sent, and what it was sent with. */
interface KnownKey extends Pick<
  Extract<Call, { call: "acquire" }>,
  "tokens" | "limits" | "holdMs"
> {
  readonly key: string;
}

class DrawnHistory {
  /** Acquires that were held by an instance that has ended, and may be requeued. */
  readonly lost: Held[] = [];
  readonly #random: Random;
  readonly #bucket: DrivenBucket;
  /** Whether calls follow each other closely, so that grants are written in batches. */
  readonly #isBusy: boolean;
  readonly #leases: HeldLease[] = [];
  readonly #keys: KnownKey[] = [];
  #callers = 0;

  /** @param before The history that has left `stored`. */
  constructor(
    random: Random,
    atMs: number,
    configured: ConfiguredPolicy,
    stored: StoredState,
    before?: DrawnHistory,
  ) {
    this.#random = random;
    this.#isBusy = random.chance(0.4);
    this.#bucket = new DrivenBucket(atMs, configured, stored);
    if (!before) return;
    this.#leases.push(...before.#leases);
    this.#keys.push(...before.#keys);
    this.#bucket.openIds.push(...before.#bucket.openIds);
    this.#callers = before.#callers;
  }

  get configured(): ConfiguredPolicy {
    return this.#bucket.configured;
  }

  /** Between two ticks; of a calendar a while after which a boundary may have passed. */
  get #intervalMs(): number {
    return this.configured.refillIntervalMs ?? CALENDAR_STEP_MS;
  }

  /** The names of all limits; none if there is one. */
  get #limitNames(): readonly string[] {
    const { limits } = this.configured;
    return limits ? ["rate", ...Object.keys(limits)] : [];
  }

  get #isPaused(): boolean {
    const { record } = this.#bucket.stored;
    return record !== undefined && JSON.stringify(record).includes('"pausedUntilMs"');
  }

  /** What is on the disk, for an instance that starts `downMs` later. */
  cut(downMs: number): Cut {
    const { stored, nowMs, held } = this.#bucket;
    const rows = stored.openGrants === undefined ? "" : JSON.stringify(stored.openGrants);
    const text = stored.record === undefined ? "" : JSON.stringify(stored.record) + rows;
    return { text, stored, atMs: nowMs + downMs, lost: [...this.lost, ...held] };
  }

  async draw(count: number): Promise<RecordedStep[]> {
    const steps: RecordedStep[] = [];
    while (steps.length < count) {
      const [call, afterMs] = this.#drawStep();
      steps.push(await this.step(call, afterMs));
    }
    return steps;
  }

  async step(call: Call, afterMs: number): Promise<RecordedStep> {
    if (call.call === "restart") this.lost.push(...this.#bucket.held);
    const lines = await this.#bucket.run(call, afterMs);
    if (call.call === "reset") this.lost.length = 0;
    this.#noteLease(call);
    return { afterMs, ...call, lines };
  }

  #noteLease(call: Call): void {
    const { lastLease } = this.#bucket;
    if (call.call !== "lend" || !lastLease) return;
    const { startedAtMs, untilMs, tokens } = lastLease;
    this.#leases.push({ startedAtMs, untilMs, remaining: tokens });
  }

  #drawStep(): [Call, number] {
    const lost = this.lost.shift();
    if (lost && this.#random.chance(0.8)) {
      const afterMs = this.#random.integer(0, REQUEUE_MS / 4);
      return [this.#requeue(lost, afterMs), afterMs];
    }
    return [this.#drawCall(), this.#drawPause()];
  }

  /** Time between two calls: often none, often about a tick, sometimes enough for a batch or a lease to end. */
  #drawPause(): number {
    const random = this.#random;
    const refillIntervalMs = this.#intervalMs;
    if (this.#isBusy && random.chance(0.8)) return random.integer(0, random.pick([20, 300]));
    return random.pick([
      () => 0,
      () => 0,
      () => random.integer(0, 30),
      () => random.integer(0, Math.min(refillIntervalMs, 1_200)),
      () => random.integer(0, Math.min(refillIntervalMs, 1_200)),
      () => random.integer(0, 4 * refillIntervalMs),
      () => refillIntervalMs,
      () => random.integer(1_200, 2_600),
      () => (random.chance(0.3) ? random.integer(19_000, 23_000) : random.integer(0, 400)),
    ])();
  }

  #requeue({ step, arrivedAtMs }: Held, afterMs: number): Call {
    const elapsedMs = Math.max(0, Math.round(this.#bucket.nowMs + afterMs - arrivedAtMs));
    // With a fraction: that is how the Worker orders the requests of one millisecond.
    const fraction = Number.isInteger(arrivedAtMs) ? this.#random.pick([0, 0.25, 0.5]) : 0;
    const requeued = { arrivedAtMs: arrivedAtMs + fraction, elapsedMs };
    const { returned: _, ...rest } = step;
    return { ...rest, requeued };
  }

  #drawCall(): Call {
    const random = this.#random;
    const { held } = this.#bucket;
    if (this.configured.lease && random.chance(0.3)) return this.#drawLend();
    if (held.length > 0 && random.chance(0.1)) {
      const { as, key } = random.pick(held).step;
      const isByWord = key !== undefined && random.chance(0.7);
      return isByWord ? { call: "cancel", key } : { call: "leave", as };
    }
    if (this.#isPaused && random.chance(0.2)) return this.#drawResume();
    if (this.#bucket.openIds.length > 0 && random.chance(0.3)) {
      return drawHolderCall(random, this.configured, this.#bucket.openIds);
    }
    const drawn = random.integer(0, 99);
    if (drawn < 65) return this.#drawAcquire();
    if (drawn < 72) return { call: random.chance(0.6) ? "inspect" : "stats" };
    if (drawn < 77) return this.#drawChange();
    if (drawn < 83) return this.#drawPausing();
    if (drawn < 84) return this.#drawResume();
    if (drawn < 86) return { call: "cancel", key: this.#drawKnownKey().key };
    if (drawn < 88) return this.#drawLend();
    if (drawn < 89) return random.chance(0.4) ? { call: "reset" } : { call: "inspect" };
    return this.#drawRestart();
  }

  #drawAcquire(): Call {
    const random = this.#random;
    const { maxWaitMs } = this.configured;
    const refillIntervalMs = this.#intervalMs;
    const { held } = this.#bucket;
    this.#callers += 1;
    const as = `c${this.#callers}`;
    const known = random.chance(0.12) ? this.#drawKnownKey() : undefined;
    const asked =
      known && random.chance(0.9)
        ? { tokens: known.tokens, ...(known.limits && { limits: known.limits }) }
        : { tokens: this.#drawTokens(), ...this.#drawNamedTokens() };
    const key = known?.key ?? (random.chance(0.3) ? `k${this.#callers}` : undefined);
    const timeoutMs = random.pick([
      undefined,
      undefined,
      0,
      Math.min(maxWaitMs, random.integer(0, 6 * refillIntervalMs)),
      Math.min(maxWaitMs, random.integer(0, 20_000)),
      random.chance(0.1) ? maxWaitMs + 1 : maxWaitMs,
    ]);
    const returned = random.chance(0.15) ? this.#drawUses() : undefined;
    const holdMs = known ? known.holdMs : drawHoldMs(random, this.configured);
    if (key !== undefined && !known) {
      this.#keys.push({ key, ...asked, ...(holdMs !== undefined && { holdMs }) });
    }
    return {
      call: "acquire",
      as,
      ...asked,
      ...(holdMs !== undefined && { holdMs }),
      // The parameters of a known key are the same but for a mistake.
      ...(timeoutMs !== undefined && key === undefined && { timeoutMs }),
      ...(key !== undefined && { key }),
      ...(held.length < 6 && random.chance(0.15) && { follows: true as const }),
      ...(returned && returned.uses.length > 0 && { returned }),
    };
  }

  /** Tokens of some of the limits, now and then of one that there isn't. */
  #drawNamedTokens(): Pick<KnownKey, "limits"> {
    const random = this.#random;
    const names = this.#limitNames.filter(() => random.chance(0.4));
    if (this.#limitNames.length > 0 && random.chance(0.03)) names.push("other");
    if (names.length === 0) return {};
    const limits = names.map((name) => [name, this.#drawTokens(name)] as const);
    return { limits: Object.fromEntries(limits) };
  }

  #drawTokens(limit?: string): number {
    const random = this.#random;
    const { limits, capacity: ofFirst } = this.configured;
    const { capacity } = limits?.[limit ?? ""] ?? { capacity: ofFirst };
    if (limit !== undefined && random.chance(0.2)) return 0;
    return random.pick([
      () => 1,
      () => 1,
      () => random.integer(1, Math.min(capacity, 3)),
      () => random.integer(1, Math.ceil(capacity / 40)),
      () => random.integer(1, Math.ceil(capacity / 10)),
      () => random.integer(1, Math.ceil(capacity / 2)),
      () => random.integer(1, capacity),
      () => (random.chance(0.2) ? capacity + 1 : capacity),
    ])();
  }

  #drawKnownKey(): KnownKey {
    if (this.#keys.length === 0) return { key: "unknown", tokens: 1 };
    return this.#random.pick(this.#keys.slice(-6));
  }

  #drawChange(): Call {
    const random = this.#random;
    const { capacity, refillTokens = capacity } = this.configured;
    const refillIntervalMs = this.#intervalMs;
    if (this.#limitNames.length > 0 && random.chance(0.6)) {
      return { call: "change", changes: this.#drawLimitsChange() };
    }
    const changes = random.pick<Readonly<Record<string, unknown>>>([
      { capacity: random.integer(1, 2 * capacity) },
      { capacity: Math.max(1, Math.floor(capacity / 3)) },
      { refillIntervalMs: random.integer(10, Math.min(DAY_MS, 3 * refillIntervalMs)) },
      { refillTokens: random.integer(1, 3 * refillTokens) },
      { queueLimit: random.integer(0, 3), maxWaitMs: random.integer(0, 60_000) },
      { lease: { maxTokens: random.integer(1, capacity), ttlMs: random.integer(100, 20_000) } },
      { lease: null },
      { capacity: 0, refillTokens: 1.5 },
      {},
    ]);
    const isLegal = ["capacity", "refillTokens"].every(
      (name) => Number(changes[name] ?? 1) <= 1_000_000_000,
    );
    return { call: "change", changes: isLegal ? changes : {} };
  }

  #drawLimitsChange(): Readonly<Record<string, unknown>> {
    const random = this.#random;
    const [, name = "day"] = this.#limitNames;
    return random.pick<Readonly<Record<string, unknown>>>([
      { limits: { [name]: { capacity: random.integer(1, 500), every: "hour" } } },
      { limits: { [name]: { capacity: 50, refillTokens: 5, refillIntervalMs: 400 } } },
      { limits: { another: { capacity: 100, every: "week", on: "sunday", initialTokens: 40 } } },
      { limits: { [name]: null } },
      { limits: null },
      { every: "day", timeZone: "Asia/Kathmandu" },
      { refillTokens: 3, refillIntervalMs: 700 },
    ]);
  }

  /** The limits to pause or resume: usually the first. */
  #drawPausedLimits(): { readonly limits?: readonly string[] } {
    const limits = this.#limitNames.filter(() => this.#random.chance(0.4));
    return limits.length > 0 ? { limits } : {};
  }

  #drawResume(): Call {
    return { call: "resume", ...this.#drawPausedLimits() };
  }

  #drawPausing(): Call {
    const random = this.#random;
    const { capacity } = this.configured;
    const refillIntervalMs = this.#intervalMs;
    const aheadMs = random.pick([
      random.integer(-5, 3 * refillIntervalMs),
      random.integer(0, 5_000),
      random.chance(0.4) ? random.integer(10_000, DAY_MS) : random.integer(1_000, 10_000),
    ]);
    const tokens = random.pick([0, 0, 1, random.integer(0, capacity), 1_000_000_000]);
    const untilMs = this.#bucket.nowMs + Math.min(aheadMs, DAY_MS);
    return { call: "pause", untilMs, tokens, ...this.#drawPausedLimits() };
  }

  #drawLend(): Call {
    const { capacity } = this.configured;
    const random = this.#random;
    const wanted = random.chance(0.8) ? random.integer(1, capacity) : 0;
    return { call: "lend", wanted, ...this.#drawUses() };
  }

  /** What isolates report of the leases that they hold. */
  #drawUses(): { readonly uses: ReportedUse[]; readonly granted: number } {
    const random = this.#random;
    const uses: ReportedUse[] = [];
    for (const lease of this.#leases) {
      if (lease.remaining === 0 || random.chance(0.5)) continue;
      const { startedAtMs, untilMs, remaining } = lease;
      const used = random.integer(0, remaining);
      const returned = random.chance(0.5) ? remaining - used : 0;
      lease.remaining -= used + returned;
      if (used + returned > 0) uses.push({ startedAtMs, untilMs, used, returned });
    }
    const used = uses.reduce((all, use) => all + use.used, 0);
    return { uses, granted: Math.min(used, random.integer(0, 9)) };
  }

  #drawRestart(): Call {
    const random = this.#random;
    const { capacity, refillTokens = 1, every } = this.configured;
    const configured = {
      ...this.configured,
      ...random.pick([
        { name: "*" },
        { capacity: Math.max(refillTokens, Math.ceil(capacity / 2)) },
        { maxWaitMs: 30_000 },
        every === undefined ? { queueLimit: 7 } : { timeZone: "America/New_York" },
      ]),
    };
    const isLegal = configured.initialTokens <= configured.capacity;
    return {
      call: "restart",
      downMs: random.pick([0, 20, random.integer(0, 3_000), random.integer(0, 60_000)]),
      ...(random.chance(0.2) && isLegal && { configured }),
      ...(random.chance(0.15) && { setBackMs: random.integer(1, 5_000) }),
    };
  }
}
