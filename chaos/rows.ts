/** How many rows grants write to disk, under several loads. */
import type { Figure, Scenario } from "./scenario.ts";

import { fullBucket, rowsWritten, type RowsWritten } from "../kit/simulation/rows-written.ts";
import { shown } from "../kit/statistics.ts";

export const rows: Scenario = { name: "rows", run };

const fine = { ...fullBucket, refillTokens: 100, refillIntervalMs: 10, initialTokens: 10_000 };
const empty = { capacity: 10_000, refillTokens: 1, refillIntervalMs: 20, initialTokens: 0 };
const original = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000, maxWaitMs: 3_600_000 };

async function run({ seed }: { readonly seed: number }): Promise<Figure[]> {
  const uncontended = rowsWritten(seed, { policy: fullBucket, spacingMs: 1 });
  return [
    {
      what: "rows for 1,000 grants, one a millisecond, of a full bucket of 10,000 and 10,000 a second",
      measured: describeRows(uncontended),
      limit: "at most 10",
      holds: uncontended.all <= 10,
    },
    informing("the same, one in 10 ms", rowsWritten(seed, { policy: fullBucket, spacingMs: 10 })),
    informing("the same, all at once", rowsWritten(seed, { policy: fullBucket, spacingMs: 0 })),
    informing(
      "the same with a key each",
      rowsWritten(seed, { policy: fullBucket, spacingMs: 1, isKeyed: true }),
    ),
    informing(
      "rows for 1,000 grants, one a millisecond, of a full bucket of 10,000 in ticks of 10 ms (100 each)",
      rowsWritten(seed, { policy: fine, spacingMs: 1 }),
    ),
    informing(
      "rows for 1,000 grants to waiters, of an empty bucket of 10,000 and 50 a second",
      rowsWritten(seed, { policy: empty, spacingMs: 0 }),
    ),
    informing(
      "rows for 1,000 grants to waiters, of a bucket of 1 and 1 a second",
      rowsWritten(seed, { policy: original, spacingMs: 0 }),
    ),
  ];
}

function informing(what: string, found: RowsWritten): Figure {
  return { what, measured: describeRows(found), holds: true };
}

function describeRows({ record, alarm, grant, all }: RowsWritten): string {
  return `${shown(all)} (bucket ${shown(record)}, alarm ${shown(alarm)}, keys ${shown(grant)})`;
}
