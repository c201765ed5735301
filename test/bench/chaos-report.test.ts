import { expect, test } from "vitest";

import type { ChaosResult, Found } from "../../chaos/report.ts";

import { chaosReport, merged } from "../../chaos/report.ts";

const machine = {
  date: "2026-11-24",
  processor: "Some",
  cores: 2,
  memoryGib: 8,
  kernel: "Linux",
  versions: { Node: "24.0.0" },
};

function found(name: string, measured: string): Found {
  return {
    name,
    figures: [{ what: name, measured, limit: "0", holds: measured === "0" }],
    tables: [],
  };
}

function resultOf(...scenarios: readonly Found[]): ChaosResult {
  return { machine, seed: 1, scenarios };
}

test("merged keeps the rows of scenarios that didn't run, in the order that they run in", () => {
  const kept = resultOf(found("one", "1"), found("two", "2"), found("gone", "3"));
  const run = resultOf(found("three", "0"), found("two", "0"));
  const { scenarios } = merged(kept, run, ["one", "two", "three"]);
  expect(scenarios).toEqual([found("one", "1"), found("two", "0"), found("three", "0")]);
  expect(merged(undefined, run, ["one", "two", "three"]).scenarios).toHaveLength(2);
});

test("chaosReport makes one table of all figures, and a section of each scenario's own tables", () => {
  const leaving = { ...found("leaving", "1"), tables: ["| who |", "| when |"] };
  expect(chaosReport.render(resultOf(found("rows", "0"), leaving)).sections).toEqual({
    "chaos:faults": `Seed 1, 2 cores, 8 GiB, Node 24.0.0:

| what | measured | promised | kept |
|---|---|---|---|
| rows | 0 | 0 | yes |
| leaving | 1 | 0 | **NO** |`,
    "chaos:leaving": "| who |\n\n| when |",
  });
});
