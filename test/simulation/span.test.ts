import { expect, test } from "vitest";

import type { ZoneTable } from "../../kit/simulation/boundaries.ts";

import { Span } from "../../kit/simulation/span.ts";
import { ZoneTables } from "../../kit/simulation/zone-tables.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** What a limit of 10 an hour, with nothing in it at its start, gave at each of `minutes` beyond what it had. */
function excessOf(tables: readonly ZoneTable[], startedAtMs: number, minutes: readonly number[]) {
  const fields = {
    capacity: 10,
    every: "hour",
    timeZone: "Zone",
    at: "00:00",
    initialTokens: 0,
  } as const;
  const zones = tables.map((Zone) => new ZoneTables({ Zone }));
  const [first] = zones;
  const tick = Number(first?.boundariesOf(fields).numberAt(startedAtMs));
  const span = new Span([{ name: "plan", fields, state: { startedAtMs, tick, tokens: 0 } }], true);
  for (const minute of minutes) {
    span.granted({ taken: { plan: 10 }, grantedAtMs: minute * MINUTE_MS });
  }
  return span.excess(zones);
}

test("Span counts each boundary by itself if another table has all of them earlier", () => {
  // The clock goes forward at 00:30, so 01:00 comes at once: that has happened by the second table at 00:00.
  const tables: ZoneTable[] = [
    [
      { fromMs: -Infinity, aheadMs: 0 },
      { fromMs: 30 * MINUTE_MS, aheadMs: HOUR_MS },
    ],
    [{ fromMs: -Infinity, aheadMs: HOUR_MS }],
    [{ fromMs: -Infinity, aheadMs: -8 * MINUTE_MS }],
  ];
  expect(excessOf(tables, -MINUTE_MS, [1, 31])).toBeUndefined();
  expect(excessOf(tables, -MINUTE_MS, [1, 31, 32])).toBe(
    `10 tokens of plan too many by ${32 * MINUTE_MS}`,
  );
});

test("Span counts boundaries once that coincide by every table", () => {
  const tables: ZoneTable[] = [0, -8 * MINUTE_MS].map((aheadMs) => [
    { fromMs: -Infinity, aheadMs },
    { fromMs: 30 * MINUTE_MS - aheadMs, aheadMs: aheadMs + 2 * HOUR_MS },
  ]);
  expect(excessOf(tables, 10 * MINUTE_MS, [31])).toBeUndefined();
  expect(excessOf(tables, 10 * MINUTE_MS, [31, 32])).toBe(
    `10 tokens of plan too many by ${32 * MINUTE_MS}`,
  );
});
