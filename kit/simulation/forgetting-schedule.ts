/**
 * Schedules in which the bucket is forgotten: those of schedule.ts, with a policy that says so, and with time in
 * between in which nobody comes. What is drawn here comes from a stream of its own, so that the schedules without it
 * stay as they are.
 */
import type { PolicyFields } from "../../src/core/policy.ts";
import type { Client, Fault, PlannedFaults, Schedule } from "./schedule.ts";

import { Random } from "../random.ts";

/** Between two clients that are at least so far apart there may be more time. */
const GAP_MS = 1_000;
/** Just less than what it takes, just more, long enough for tickets and keys, and longer. */
const QUIET_MS = [0, 0, 59_000, 60_500, 75_000, 130_000, 700_000, 4_000_000];
const FORGET_AFTER_MS = [60_000, 60_000, 60_000, 61_000, 90_000, 600_000];
/** Distinguishes its stream from those of all schedules. */
const STREAM = 0x666f72;

/** Time that is let in at an instant of a schedule. */
interface Gap {
  readonly fromMs: number;
  readonly quietMs: number;
}

/** The same schedule, of a bucket that is forgotten. */
export function withForgetting(schedule: Schedule, seed: number, number: number): Schedule {
  const random = new Random(seed + STREAM, number);
  const gaps = drawGaps(random, schedule.clients);
  const later = (atMs: number): number => atMs + quietBefore(gaps, atMs);
  const forgetAfterMs = random.pick(FORGET_AFTER_MS);
  const forgetsByAlarm = random.chance(0.6);
  const sweeps = forgetsByAlarm ? [] : drawSweeps(random, gaps, later);
  const faults = schedule.faults.map(({ when, faults: all }): PlannedFaults => {
    const moved = "atMs" in when ? { atMs: later(when.atMs) } : when;
    return { when: moved, faults: all.map((one) => forgettingFault(random, one, forgetAfterMs)) };
  });
  return {
    ...schedule,
    policy: { ...schedule.policy, forgetAfterMs },
    forgetsByAlarm,
    clients: schedule.clients.map((client) => {
      return { ...client, arrivesAtMs: later(client.arrivesAtMs) };
    }),
    faults: [...faults, ...sweeps],
  };
}

function drawGaps(random: Random, clients: readonly Client[]): readonly Gap[] {
  const arrivals = clients.map(({ arrivesAtMs }) => arrivesAtMs).toSorted((a, b) => a - b);
  const ends = arrivals.filter((atMs, index) => {
    return (arrivals[index + 1] ?? Infinity) >= atMs + GAP_MS;
  });
  return ends.map((atMs) => ({ fromMs: atMs + GAP_MS, quietMs: random.pick(QUIET_MS) }));
}

function quietBefore(gaps: readonly Gap[], atMs: number): number {
  const before = gaps.filter(({ fromMs }) => fromMs <= atMs);
  return before.reduce((sum, { quietMs }) => sum + quietMs, 0);
}

/** The launcher comes when it comes: somewhere in each of the gaps, and at its end. */
function drawSweeps(
  random: Random,
  gaps: readonly Gap[],
  later: (atMs: number) => number,
): readonly PlannedFaults[] {
  return gaps.flatMap(({ fromMs, quietMs }) => {
    const untilMs = later(fromMs);
    const instants = [random.integer(0, quietMs), random.integer(0, quietMs), 0];
    return instants.map((backMs) => ({
      when: { atMs: untilMs - backMs },
      faults: [{ fault: { kind: "sweep" }, afterMs: 0 }],
    }));
  });
}

function forgettingFault(
  random: Random,
  planned: PlannedFaults["faults"][number],
  forgetAfterMs: number,
): PlannedFaults["faults"][number] {
  const { fault } = planned;
  if (fault.kind !== "deploy" || random.chance(0.2)) return planned;
  const policy: PolicyFields = { ...fault.policy, forgetAfterMs };
  const deploy: Fault = { ...fault, policy };
  return { ...planned, fault: deploy };
}
