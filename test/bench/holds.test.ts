import { expect, test } from "vitest";

import type { Contender } from "../../bench/holds/contenders.ts";

import { modelCalls } from "../../bench/holds/calls.ts";
import { contenders } from "../../bench/holds/contenders.ts";
import { use } from "../../bench/holds/load.ts";
import { holdsReport } from "../../bench/holds/report.ts";

const calls = [
  { used: 30, upper: 50, usual: 20, durationMs: 1 },
  { used: 10, upper: 50, usual: 20, durationMs: 1 },
];
const load = {
  quota: { perSecond: 1_000 },
  workers: 1,
  durationMs: 10_000,
  calls: () => calls.values(),
};

/** What the contender with this name used, and what its quota gave. */
async function usedBy(name: string): Promise<{ used: number; given: number }> {
  const contender = contenders.find((one) => one.name === name);
  if (!contender) throw new Error(`There is no ${name}`);
  const { used, given } = await use(contender, load);
  return { used, given };
}

test("use counts calls and their tokens, and waits for what is booked afterwards", async () => {
  const booked: number[] = [];
  const contender: Contender = {
    name: "toy",
    how: "",
    open: () => ({
      take: async ({ used }) => {
        return async () => booked.push(used);
      },
      given: () => booked.length * 100,
    }),
  };
  expect(await use(contender, load)).toEqual({ calls: 2, used: 40, given: 200 });
});

test.each([
  ["Sluice, holds of the most", 40],
  ["Sluice, holds of the usual", 40],
  ["Sluice, the most", 100],
  ["Sluice, the usual", 40],
  ["Sluice, the rest afterwards", 50],
])("of two calls that use 40 tokens, %s gives %i", async (name, given) => {
  expect(await usedBy(name)).toEqual({ used: 40, given });
});

test("a model's calls use at most what is reserved as the most", () => {
  const calls = modelCalls(7);
  for (let count = 0; count < 1_000; count += 1) {
    const { used = 0, upper = 0 } = calls.next().value ?? {};
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThanOrEqual(upper);
  }
});

test("the report has what is wasted and what is overrun as shares of what was given", () => {
  const row = { how: "how", calls: 1 };
  const machine = {
    cpu: "A",
    cores: 2,
    memoryGiB: 4,
    os: "Linux",
    date: "2026-11-29",
    versions: {},
  };
  const { sections } = holdsReport.render({
    machine: machine as never,
    rows: [
      { ...row, name: "one", used: 80, given: 100 },
      { ...row, name: "two", used: 150, given: 100 },
    ],
  });
  expect(sections["holds"]).toContain("| one | 1 | 80 | 100 | 20.0 % | 0.0 % |");
  expect(sections["holds"]).toContain("| two | 1 | 150 | 100 | 0.0 % | 50.0 % |");
});
