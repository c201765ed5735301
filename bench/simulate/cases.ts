/** What `npm run simulate` looks at: four questions, a table each. */
import type { LeaseTerms } from "../../src/core/policy-tables.ts";
import type { Case, Split } from "./simulation.ts";

import { shown } from "../../kit/statistics.ts";

/** A case of a table, with the words for it. */
export interface NamedCase {
  readonly table: "loads" | "spread" | "contended" | "starts";
  readonly design: string;
  readonly simulated: Case;
}

/** How a bucket is served. */
interface Design {
  readonly name: string;
  readonly lease?: LeaseTerms;
  readonly parts?: number;
  readonly split?: Split;
}

interface Load {
  readonly demand: number;
  readonly isolates: number;
  readonly places: number;
}

type Times = Pick<Case, "growsForMs" | "warmUpMs" | "measuredMs" | "groupMs">;

/** So large that it never binds: an isolate's demand decides. */
const UNBOUND_TOKENS = 1_000_000_000;
const SEED = 1;
/** Tokens come in ten ticks a second. */
const TICKS_PER_S = 10;

const plain: Design = { name: "one object" };
const leased = (seconds: number): Design => ({
  name: `leases of ${seconds} s`,
  lease: { maxTokens: UNBOUND_TOKENS, ttlMs: seconds * 1_000 },
});
const split = (parts: number, how: Split, seconds?: number): Design => ({
  ...(seconds !== undefined && leased(seconds)),
  name: `${shown(parts)} parts ${how}${seconds === undefined ? "" : `, leases of ${seconds} s`}`,
  parts,
  split: how,
});

/** From the first request on. */
const starting: Times = { growsForMs: 0, warmUpMs: 0, measuredMs: 20_000, groupMs: 1 };
const steady: Times = { growsForMs: 20_000, warmUpMs: 60_000, measuredMs: 15_000, groupMs: 1 };
/** With many requests a second less time says as much. */
const busy: Times = { ...steady, warmUpMs: 40_000, measuredMs: 3_000 };
const busier: Times = { ...steady, growsForMs: 10_000, warmUpMs: 15_000, measuredMs: 1_000 };
const busiest: Times = { ...steady, growsForMs: 4_000, warmUpMs: 5_000, measuredMs: 250 };

const small: readonly Design[] = [
  plain,
  leased(1),
  leased(5),
  leased(20),
  split(10, "by chance"),
  split(10, "by isolate", 20),
];
/** From one isolate to all over the world, with more tokens than requests. */
const loads: readonly (readonly [Load, Times, readonly Design[]])[] = [
  [{ demand: 10, isolates: 1, places: 1 }, steady, [plain, leased(1), leased(5), leased(20)]],
  [{ demand: 100, isolates: 10, places: 5 }, steady, small],
  [{ demand: 1_000, isolates: 100, places: 50 }, steady, small],
  [{ demand: 10_000, isolates: 100, places: 50 }, steady, small],
  [{ demand: 100_000, isolates: 1_000, places: 300 }, busy, small],
  [
    { demand: 1_000_000, isolates: 10_000, places: 300 },
    busier,
    [plain, leased(20), split(100, "by isolate", 20)],
  ],
  [
    { demand: 10_000_000, isolates: 10_000, places: 300 },
    busiest,
    [plain, leased(20), split(1_000, "by isolate", 20)],
  ],
];

/** The same 1,000 requests a second, of ever more isolates. */
const spread = [1, 10, 100, 1_000, 10_000].map((isolates) => ({
  demand: 1_000,
  isolates,
  places: Math.min(isolates, 300),
}));

const crowd: Load = { demand: 800, isolates: 80, places: 30 };
/** Tokens a second, seconds of them that the bucket holds, and for how long callers wait. */
const contentions = [
  { supply: 880, holdsS: 10, timeoutMs: 0 },
  { supply: 880, holdsS: 1, timeoutMs: 0 },
  { supply: 400, holdsS: 10, timeoutMs: 0 },
  { supply: 400, holdsS: 10, timeoutMs: 2_000 },
];
const contenders: readonly Design[] = [
  plain,
  leased(1),
  leased(5),
  leased(20),
  split(8, "by chance"),
  split(8, "by place"),
  split(8, "by isolate", 5),
];

const starts: readonly Load[] = [
  { demand: 500, isolates: 100, places: 50 },
  { demand: 2_000, isolates: 100, places: 50 },
  { demand: 10_000, isolates: 100, places: 50 },
];

/** In the order of the tables. */
export const namedCases: readonly NamedCase[] = [
  ...loads.flatMap(([load, times, designs]) =>
    designs.map((design) => caseOf("loads", load, times, design)),
  ),
  ...spread.flatMap((load) =>
    [plain, leased(5), leased(20)].map((design) => caseOf("spread", load, steady, design)),
  ),
  ...contentions.flatMap((contention) =>
    contenders.map((design) => caseOf("contended", crowd, steady, design, contention)),
  ),
  ...starts.flatMap((load) =>
    [leased(5), split(10, "by isolate", 5)].flatMap((design) =>
      [0, 20_000].map((growsForMs) => caseOf("starts", load, { ...starting, growsForMs }, design)),
    ),
  ),
];

function caseOf(
  table: NamedCase["table"],
  load: Load,
  times: Times,
  { name, lease, parts = 1, split = "by chance" }: Design,
  { supply, holdsS, timeoutMs } = { supply: 2 * load.demand, holdsS: 10, timeoutMs: 0 },
): NamedCase {
  const policy = {
    capacity: supply * holdsS,
    refillTokens: supply / TICKS_PER_S,
    refillIntervalMs: 1_000 / TICKS_PER_S,
    ...(lease && { lease }),
  };
  const simulated = { ...load, ...times, policy, parts, split, timeoutMs, seed: SEED };
  return { table, design: name, simulated };
}
