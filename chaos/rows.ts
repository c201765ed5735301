/**
 * What grants cost on the disk: rows written for 1,000 of them, in virtual time and with no fault. Every
 * key that is put or deleted and every alarm that is set or deleted is a row, as it is billed.
 */
import type { PolicyFields } from "../src/core/policy.ts";
import type { Figure, Scenario } from "./scenario.ts";

import { Random } from "../test/support/random.ts";
import { Simulation } from "../test/support/simulation/simulate.ts";
import { shown } from "../test/support/statistics.ts";

const GRANTS = 1_000;

export const rows: Scenario = { name: "rows", run };

interface Load {
  readonly policy: PolicyFields;
  /** Between two arrivals; 0 for all at once. */
  readonly spacingMs: number;
  readonly isKeyed?: boolean;
}

const full = { capacity: 10_000, refillTokens: 10_000, refillIntervalMs: 1_000 };
const fine = { ...full, refillTokens: 100, refillIntervalMs: 10, initialTokens: 10_000 };
const empty = { capacity: 10_000, refillTokens: 1, refillIntervalMs: 20, initialTokens: 0 };
const original = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000, maxWaitMs: 3_600_000 };

async function run({ seed }: { readonly seed: number }): Promise<Figure[]> {
  const uncontended = rowsOf(seed, { policy: full, spacingMs: 1 });
  return [
    {
      what: "rows for 1,000 grants, one a millisecond, of a full bucket of 10,000 and 10,000 a second",
      measured: describeRows(uncontended),
      limit: "at most 10",
      holds: uncontended.all <= 10,
    },
    informing("the same, one in 10 ms", rowsOf(seed, { policy: full, spacingMs: 10 })),
    informing("the same, all at once", rowsOf(seed, { policy: full, spacingMs: 0 })),
    informing(
      "the same with a key each",
      rowsOf(seed, { policy: full, spacingMs: 1, isKeyed: true }),
    ),
    informing(
      "rows for 1,000 grants, one a millisecond, of a full bucket of 10,000 in ticks of 10 ms (100 each)",
      rowsOf(seed, { policy: fine, spacingMs: 1 }),
    ),
    informing(
      "rows for 1,000 grants to waiters, of an empty bucket of 10,000 and 50 a second",
      rowsOf(seed, { policy: empty, spacingMs: 0 }),
    ),
    informing(
      "rows for 1,000 grants to waiters, of a bucket of 1 and 1 a second",
      rowsOf(seed, { policy: original, spacingMs: 0 }),
    ),
  ];
}

interface Rows {
  readonly record: number;
  readonly alarm: number;
  readonly grant: number;
  readonly all: number;
}

function rowsOf(seed: number, { policy, spacingMs, isKeyed = false }: Load): Rows {
  const clients = Array.from({ length: GRANTS }, (_, index) => ({
    name: `client ${index}`,
    arrivesAtMs: index * spacingMs,
    tokens: 1,
    timeoutMs: undefined,
    key: isKeyed ? `key ${index}` : undefined,
    leavesAfterMs: undefined,
    retries: 0,
    isolate: 0,
  }));
  const schedule = { policy, isolates: 1, clients, faults: [] };
  const simulation = new Simulation(schedule, new Random(seed));
  simulation.run();
  const { laws } = simulation;
  const { grants, rows } = laws.tally;
  if (laws.broken) throw new Error(`Law ${laws.broken.law} broken: ${laws.broken.detail}`);
  if (grants !== GRANTS) throw new Error(`Granted ${grants} of ${GRANTS}`);
  return { ...rows, all: rows.record + rows.alarm + rows.grant };
}

function informing(what: string, found: Rows): Figure {
  return { what, measured: describeRows(found), holds: true };
}

function describeRows({ record, alarm, grant, all }: Rows): string {
  return `${shown(all)} (bucket ${shown(record)}, alarm ${shown(alarm)}, keys ${shown(grant)})`;
}
