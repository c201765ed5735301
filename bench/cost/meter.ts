/**
 * Counts what one design is charged for, in virtual time: requests, alarms, rows written, and for how
 * long its object is in memory.
 *
 * An object counts as in memory from a call until `LINGER_MS` after the last that happened in it. One
 * that is idle and could hibernate is not charged for that while, as it is told; so this is the most.
 * In all that is measured here something happens at least once in that time as long as a request is
 * held, and a held request keeps its object in memory.
 */
import type { VirtualClock } from "../../kit/simulation/virtual-clock.ts";

/** After which an idle object is evicted. */
const LINGER_MS = 10_000;

export interface Usage {
  /** Of callers to the Worker. */
  readonly requests: number;
  /** Of the Worker to the object. */
  readonly calls: number;
  readonly alarms: number;
  readonly rowsWritten: number;
  readonly memoryS: number;
  readonly grants: number;
}

export class Meter {
  readonly #clock: VirtualClock;
  readonly #counts = { requests: 0, calls: 0, alarms: 0, rowsWritten: 0, grants: 0 };
  #memoryMs = 0;
  #aliveUntilMs = -Infinity;
  #lingers = true;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** From now on an object isn't charged for being in memory, but for what `busy` says. */
  countsBusyTimeAlone(): void {
    this.#lingers = false;
  }

  /** The object has run, or could not sleep, for so long. */
  busy(ms: number): void {
    this.#memoryMs += ms;
  }

  count(what: "requests" | "calls" | "alarms" | "rowsWritten" | "grants", times = 1): void {
    this.#counts[what] += times;
    if (what === "requests" || !this.#lingers) return;
    const untilMs = this.#clock.monotonicMs + LINGER_MS;
    this.#memoryMs += Math.min(LINGER_MS, untilMs - this.#aliveUntilMs);
    this.#aliveUntilMs = untilMs;
  }

  /** All so far. */
  get usage(): Usage {
    return { ...this.#counts, memoryS: this.#memoryMs / 1_000 };
  }
}

/** What happened between two looks at a meter. */
export function usageBetween(before: Usage, after: Usage): Usage {
  return {
    requests: after.requests - before.requests,
    calls: after.calls - before.calls,
    alarms: after.alarms - before.alarms,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    memoryS: after.memoryS - before.memoryS,
    grants: after.grants - before.grants,
  };
}
