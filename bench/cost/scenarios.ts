/**
 * What a bucket is used for, and what each design is charged for it. Measured by running it in virtual
 * time; where a month is too long for that, a part of it that is like every other.
 */
import type { PolicyFields } from "../../src/core/policy.ts";
import type { Ask, Design } from "./designs.ts";
import type { Usage } from "./meter.ts";

import { shown } from "../../kit/statistics.ts";
import { Policy } from "../../src/core/policy.ts";
import { epochMs } from "../../kit/model/limiters.ts";
import { VirtualClock } from "../../kit/simulation/virtual-clock.ts";
import { directory, docs, holding, leased, naive, permitted, sluice } from "./designs.ts";
import { waitedOnKeyedSession, waitedOnSession, waitedOverHttp } from "./waited-for.ts";
import { Meter, usageBetween } from "./meter.ts";

export interface Scenario {
  readonly name: string;
  /** The usage is told for so much of it. */
  readonly per: string;
  readonly designs: readonly { readonly name: string; readonly usage: Usage }[];
}

/** A month of 30 days. */
const MONTH_MS = 30 * 86_400_000;
/** After the first request: until nothing goes on any more, or until all is as it stays. */
const SETTLE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Callers that want a token at any time, as seconds of what the bucket gives. */
const CROWD_S = 10;
/** After which a caller that was refused asks again. */
const ASK_AGAIN_MS = 1_000;
/** Uncontended grants a second, and the isolates that they come to. */
const GRANTS_PER_S = 100;
const ISOLATES = 10;
const MILLION = 1_000_000;
const GRANTS = MILLION;
/** The scenario of buckets that nobody comes back to. */
export const ABANDONED = "buckets that are asked once and never again";
/** Buckets that are busy and listed. So many of them are run; the rest is like them. */
const LISTED = 1_000;
const REPORTING = 10;
const LISTED_TIMES = (LISTED * MONTH_MS) / HOUR_MS;
const LEASE = { maxTokens: 10_000, ttlMs: 10_000 };

const waiting = { sluice, docs, naive };
const waitedFor = {
  "over HTTP": waitedOverHttp,
  "on a session": waitedOnSession,
  "on a session, with keys": waitedOnKeyedSession,
};
const uncontended = { maxWaitMs: 0, capacity: 10_000, refillTokens: 20, refillIntervalMs: 100 };

/** Runs all of them. */
export function runScenarios(): Scenario[] {
  const paced = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
  const slow = { ...paced, refillIntervalMs: 60_000, maxWaitMs: 3_600_000 };
  const fast = { capacity: 50, refillTokens: 1, refillIntervalMs: 20 };
  return [
    {
      name: "an idle bucket",
      per: "a month, from a minute after its last request on",
      designs: measure(waiting, { ...paced, capacity: 10 }, askOnce, MONTH_MS, 1),
    },
    {
      name: "a bucket contended at 1 grant a second",
      per: `a month; ${CROWD_S} callers at any time`,
      designs: measure(waiting, paced, crowd(CROWD_S), HOUR_MS, MONTH_MS / HOUR_MS),
    },
    {
      name: "a bucket contended at 50 grants a second",
      per: `a month; ${50 * CROWD_S} callers at any time`,
      designs: measure(waiting, fast, crowd(50 * CROWD_S), HOUR_MS, MONTH_MS / HOUR_MS),
    },
    {
      name: "a bucket of 1 grant a minute that is always waited for",
      per: `a month; ${CROWD_S} callers at any time`,
      designs: measure(waitedFor, slow, crowd(CROWD_S), HOUR_MS, MONTH_MS / HOUR_MS),
    },
    {
      name: "one of 1 grant a second",
      per: `a month; ${CROWD_S} callers at any time`,
      designs: measure(waitedFor, paced, crowd(CROWD_S), HOUR_MS, MONTH_MS / HOUR_MS),
    },
    {
      name: "many buckets contended at 1 grant a second, and the list of them",
      per: `a month; ${shown(LISTED)} buckets, ${CROWD_S} callers each at any time`,
      designs: measureListed(paced),
    },
    {
      name: "uncontended grants",
      per: `a million, ${GRANTS_PER_S} a second of ${ISOLATES} isolates`,
      designs: [
        ...measure(waiting, { ...uncontended, initialTokens: 10_000 }, stream, GRANTS * 10, 1),
        ...measure(
          { "sluice leased": leased },
          { ...uncontended, initialTokens: 10_000, lease: LEASE },
          stream,
          GRANTS * 10,
          1,
        ),
      ],
    },
    {
      name: "grants whose callers come back when their work is done",
      per: `a million, ${GRANTS_PER_S} a second`,
      designs: [
        ...measureStream("no hold, no permit", sluice, {}),
        ...measureStream("a hold each", holding, { hold: { maxMs: 60_000 } }),
        ...measureStream("a permit each", permitted, {
          concurrency: { max: 1_000, ttlMs: 60_000 },
        }),
      ],
    },
    {
      name: ABANDONED,
      per: "a million of them, from their request on",
      designs: [
        ...measure({ kept: sluice }, paced, askOnce, HOUR_MS, MILLION, 0),
        ...measure(
          { "forgotten after a minute": sluice },
          { ...paced, forgetAfterMs: 60_000 },
          askOnce,
          HOUR_MS,
          MILLION,
          0,
        ),
      ],
    },
  ];
}

/** What busy buckets cost, and what it costs to list them: a call for each report, and one object. */
function measureListed(policy: PolicyFields): { name: string; usage: Usage }[] {
  const buckets = measure({ "the buckets": sluice }, policy, crowd(CROWD_S), HOUR_MS, LISTED_TIMES);
  const reporting = measure(
    { "their reports, and the directory": directory },
    policy,
    crowds(REPORTING),
    HOUR_MS,
    MONTH_MS / HOUR_MS,
  );
  const scaled = reporting.map(({ name, usage }) => {
    const { calls, grants, ...once } = usage;
    const times = LISTED / REPORTING;
    return { name, usage: { ...once, calls: calls * times, grants: grants * times } };
  });
  return [...buckets, ...scaled];
}

/** Grants without contention, of a bucket that has something more. */
function measureStream(
  name: string,
  design: Design,
  more: Pick<PolicyFields, "hold" | "concurrency">,
): { name: string; usage: Usage }[] {
  const policy = { ...uncontended, initialTokens: 10_000, ...more };
  return measure({ [name]: design }, policy, stream, GRANTS * 10, 1);
}

type Demand = (ask: Ask, clock: VirtualClock) => void;

function measure(
  designs: Readonly<Record<string, Design>>,
  policy: PolicyFields,
  demand: Demand,
  measuredMs: number,
  times: number,
  fromMs = SETTLE_MS,
): { name: string; usage: Usage }[] {
  return Object.entries(designs).map(([name, design]) => {
    const clock = new VirtualClock(epochMs);
    const meter = new Meter(clock);
    const ask: Ask = design({ name: "*", ...Policy.of(policy).toJSON() }, clock, meter);
    const counted: Ask = (isolate, answered) => {
      ask(isolate, (isGranted) => {
        if (isGranted) meter.count("grants");
        answered(isGranted);
      });
    };
    const atFirst = meter.usage;
    demand(counted, clock);
    const before = fromMs === 0 ? atFirst : usageAt(fromMs, clock, meter);
    const after = usageAt(fromMs + measuredMs, clock, meter);
    const usage = usageBetween(before, after);
    const scaled = Object.entries(usage).map(([what, count]) => [what, count * times]);
    return { name, usage: Object.fromEntries(scaled) };
  });
}

/** Lets time pass until `atMs`. */
function usageAt(atMs: number, clock: VirtualClock, meter: Meter): Usage {
  clock.after(atMs - clock.monotonicMs, () => {});
  while (clock.monotonicMs < atMs) clock.step();
  return meter.usage;
}

function askOnce(ask: Ask): void {
  ask(0, () => {});
}

/** So many callers at any time: whoever is granted is followed by another. */
function crowd(callers: number): Demand {
  return (ask, clock) => {
    const join = (): void => {
      ask(0, (isGranted) => clock.after(isGranted ? 0 : ASK_AGAIN_MS, join));
    };
    for (let caller = 0; caller < callers; caller += 1) {
      clock.after((caller * ASK_AGAIN_MS) / callers, join);
    }
  };
}

/** The same in each of so many buckets, which are asked one after the other. */
function crowds(buckets: number): Demand {
  return (ask, clock) => {
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      clock.after((bucket * ASK_AGAIN_MS) / buckets, () => {
        crowd(CROWD_S)((_, answered) => ask(bucket, answered), clock);
      });
    }
  };
}

/** Requests that come evenly, one isolate after the other. */
function stream(ask: Ask, clock: VirtualClock): void {
  let number = 0;
  const next = (): void => {
    ask(number % ISOLATES, () => {});
    number += 1;
    clock.after(1_000 / GRANTS_PER_S, next);
  };
  next();
}
