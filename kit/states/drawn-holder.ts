/** Draws what the holders of holds and permits do. */
import type { Random } from "../random.ts";
import type { Call, ConfiguredPolicy } from "./recorded-case.ts";

/** The shortest hold. */
const MIN_HOLD_MS = 1_000;

/** For how long an acquire asks for a hold: usually, if the policy has any, and now and then for too long. */
export function drawHoldMs(random: Random, { hold }: ConfiguredPolicy): number | undefined {
  if (!hold || random.chance(0.3)) return undefined;
  if (random.chance(0.05)) return hold.maxMs + 1;
  return random.integer(MIN_HOLD_MS, random.pick([2_000, 10_000, hold.maxMs]));
}

/** A call of the holder of one of `ids`, usually of a late one. */
export function drawHolderCall(
  random: Random,
  configured: ConfiguredPolicy,
  ids: readonly string[],
): Call {
  const { hold, concurrency } = configured;
  const id = random.chance(0.03) ? "unknown" : random.pick(ids.slice(-5));
  const isOfHold = hold !== undefined && (concurrency === undefined || random.chance(0.5));
  if (!isOfHold) return { call: random.chance(0.3) ? "extend" : "release", id };
  return random.pick<() => Call>([
    () => ({ call: "drop", id }),
    () => ({ call: "hold", id, used: drawUsed(random, configured) }),
    () => ({ call: "hold", id, used: drawUsed(random, configured) }),
    () => ({ call: "hold", id, atLeast: drawUsed(random, configured) }),
    () => ({ call: "hold", id, extendMs: random.integer(MIN_HOLD_MS, hold.maxMs) }),
  ])();
}

/** Tokens that somebody may have used: of some limits, or of all alike. */
function drawUsed(
  random: Random,
  { capacity, limits = {} }: ConfiguredPolicy,
): number | Readonly<Record<string, number>> {
  const drawn = (most: number): number =>
    random.integer(0, random.pick([1, 3, Math.ceil(most / 10), most]));
  if (random.chance(0.4)) return drawn(capacity);
  const capacities = Object.entries({ rate: { capacity }, ...limits });
  const named = capacities.filter(() => random.chance(0.6));
  return Object.fromEntries(named.map(([name, limit]) => [name, drawn(limit.capacity)] as const));
}
