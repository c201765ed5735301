/**
 * How much of an LLM budget its callers use, by its burst: `node bench/holds/llm-burst.ts` prints the table that is in
 * docs/guides/llm-budgets.md, and test/bench/llm-burst.test.ts compares the two. In virtual time, with the real
 * limiter, so the figures are the same on each machine.
 *
 * There are more callers than the budget is enough for. Each reserves an estimate, works for some seconds, and has then
 * used a part of it.
 */
import { Random } from "../../kit/random.ts";
import type { Turn } from "../../src/core/turn.ts";

import { Limiter } from "../../src/core/limiter.ts";
import { checkWrittenPolicy } from "../../src/core/written-policy.ts";
import { timeZones } from "../../src/time-zones.ts";

/** LLM tokens a minute. */
const LIMIT = 10_000;
const MINUTE_MS = 60_000;
const END_MS = 20 * MINUTE_MS;
/** A caller each one and a half seconds, on average. */
const MAX_PAUSE_MS = 3_000;
const ESTIMATE = { min: 600, max: 1_200 };
const USED_PERCENT = { min: 10, max: 60 };
const WORK_MS = { min: 2_000, max: 10_000 };
/** The callers are the same for each burst. */
const SEED = 1;

/** In multiples of a typical estimate: 1.8, 2.2, 2.8, 3.3, 4.4, 6.7. */
const BURSTS = [1_600, 2_000, 2_500, 3_000, 4_000, 6_000];

interface Call {
  readonly atMs: number;
  readonly estimate: number;
  readonly used: number;
  readonly workMs: number;
}

function drawCalls(): Call[] {
  const random = new Random(SEED);
  const within = ({ min, max }: typeof ESTIMATE): number => random.integer(min, max);
  const calls: Call[] = [];
  for (let atMs = 0; atMs < END_MS; atMs += random.integer(0, MAX_PAUSE_MS)) {
    const estimate = within(ESTIMATE);
    const used = Math.round((estimate * within(USED_PERCENT)) / 100);
    calls.push({ atMs, estimate, used, workMs: within(WORK_MS) });
  }
  return calls;
}

/** LLM tokens that are used a minute with this burst, on average of twenty. */
function usedAMinute(burst: number): number {
  const written = { limit: `${LIMIT}/1m`, burst, hold: { max: "10m" }, maxWait: "1h" };
  const check = checkWrittenPolicy(written, timeZones);
  if (!check.ok) throw new RangeError(JSON.stringify(check.faults));
  let ids = 0;
  const newId = (): string => String((ids += 1));
  const limiter = new Limiter<Call>(check.policy, { isDurable: false, newId });
  const arrivals = drawCalls();
  const ends: { readonly atMs: number; readonly id: string; readonly used: number }[] = [];
  let total = 0;
  const finish = ({ settled }: Turn<Call>, nowMs: number): void => {
    for (const { caller, outcome } of settled) {
      const { used, workMs } = caller;
      if (outcome.ok && outcome.hold)
        ends.push({ atMs: nowMs + workMs, id: outcome.hold.id, used });
    }
  };
  for (let nowMs = 0; nowMs < END_MS; nowMs += STEP_MS) {
    finish(limiter.advance(nowMs), nowMs);
    for (const { id, used } of takeDue(ends, nowMs)) {
      total += used;
      finish(limiter.changeHold(id, { used }, nowMs).turn, nowMs);
    }
    for (const caller of takeDue(arrivals, nowMs)) {
      const ask = { caller, tokens: caller.estimate, holdMs: HOLD_MS };
      finish(limiter.acquire(ask, nowMs), nowMs);
    }
  }
  return Math.round((total * MINUTE_MS) / END_MS);
}

/** Time goes on in steps of this. */
const STEP_MS = 10;
/** Longer than any work. */
const HOLD_MS = MINUTE_MS;

function takeDue<Due extends { readonly atMs: number }>(due: Due[], nowMs: number): Due[] {
  const taken = due.filter(({ atMs }) => atMs <= nowMs);
  for (const each of taken) due.splice(due.indexOf(each), 1);
  return taken;
}

/** The table of the page. */
export function burstTable(): string {
  const rows = ["| `burst` | LLM tokens used a minute, of 10,000 |", "|---|---|"];
  for (const burst of BURSTS) {
    const used = usedAMinute(burst);
    rows.push(`| ${burst.toLocaleString("en")} | ${used.toLocaleString("en")} |`);
  }
  return rows.join("\n");
}

if (import.meta.main) console.log(burstTable());
