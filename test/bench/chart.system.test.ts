/** In the system lane because `bench` has packages of its own. */
import { expect, test } from "vitest";

import { barChart, lineChart } from "../../bench/support/chart.ts";

const bars = () =>
  barChart({
    title: "Bars",
    valueName: "time",
    show: (value) => `${value} ns`,
    isLogarithmic: true,
    cases: ["acquire", "cancel"],
    series: [
      { name: "one", values: [100, 2_000] },
      { name: "other", values: [300, undefined] },
    ],
    targets: [400, undefined],
  });

const lines = () =>
  lineChart({
    title: "Lines",
    valueName: "time",
    show: String,
    overName: "waiters",
    series: [
      {
        name: "one",
        points: [
          [0, 1],
          [10, 2],
        ],
      },
    ],
  });

test("a chart is the same text each time, whatever was drawn in between", () => {
  const first = bars();
  const firstLines = lines();
  lines();
  expect(bars()).toBe(first);
  expect(lines()).toBe(firstLines);
});

test("a bar chart shows its values, and nothing for one that is missing", () => {
  const svg = bars();
  expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
  for (const value of [100, 300, 2_000]) expect(svg).toContain(`>${value} ns<`);
  expect(svg).not.toMatch(/undefined|NaN/);
});
