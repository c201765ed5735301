import { expect, it } from "vitest";

import type { Metric } from "../../../src/worker/metrics/prometheus-text.ts";

import { histogramSamples, prometheusText } from "../../../src/worker/metrics/prometheus-text.ts";
import { Scrape } from "../../../kit/http/scrape.ts";

function gauge(name: string, samples: Metric["samples"], help = "Something."): Metric {
  return { name, type: "gauge", help, samples };
}

it("prometheusText writes what it is, and a line for each sample", () => {
  const waits = histogramSamples({ bucket: "x" }, [0, 0.5], [3, 0, 2], 7.25);
  const text = prometheusText([
    gauge("sluice_waiters", [{ labels: {}, value: 2 }]),
    { name: "sluice_wait_seconds", type: "histogram", help: "Waits.", samples: waits },
  ]);
  expect(text).toBe(`# HELP sluice_waiters Something.
# TYPE sluice_waiters gauge
sluice_waiters 2
# HELP sluice_wait_seconds Waits.
# TYPE sluice_wait_seconds histogram
sluice_wait_seconds_bucket{bucket="x",le="0"} 3
sluice_wait_seconds_bucket{bucket="x",le="0.5"} 3
sluice_wait_seconds_bucket{bucket="x",le="+Inf"} 5
sluice_wait_seconds_sum{bucket="x"} 7.25
sluice_wait_seconds_count{bucket="x"} 5
`);
});

it.each([
  ['"quoted"', "a\\b", "line\nbreak", "\\n", '\\"', '",} 7\nforged{x="'],
  ["{}", "a=b,c", "# HELP", "ä 日本 🙂", " ", ""],
])("prometheusText keeps any text in a label: %j, …", (...values) => {
  const samples = values.map((value, index) => ({
    labels: { value, n: `${index}` },
    value: index,
  }));
  const scrape = new Scrape(prometheusText([gauge("sluice_test", samples)]));
  expect([...scrape.families.keys()]).toEqual(["sluice_test"]);
  expect(scrape.valuesOf("sluice_test", "value")).toEqual(values);
  for (const [index, value] of values.entries()) {
    expect(scrape.value("sluice_test", { value, n: `${index}` })).toBe(index);
  }
});

it("prometheusText keeps any text in a help line", () => {
  const help = 'one\\two\nsluice_forged 1 "quoted"';
  const { families } = new Scrape(
    prometheusText([gauge("sluice_test", [{ labels: {}, value: 1 }], help)]),
  );
  expect([...families.values()].map((family) => family.help)).toEqual([help]);
});

it.each([0, 1, -1, 0.001, 1e21, 1_000_000_000_000, 123_456.789])(
  "prometheusText keeps the number %d",
  (value) => {
    const text = prometheusText([gauge("sluice_test", [{ labels: {}, value }])]);
    expect(new Scrape(text).value("sluice_test", {})).toBe(value);
  },
);

it("prometheusText writes infinities as Prometheus reads them", () => {
  const samples = [Infinity, -Infinity, Number.NaN].map((value) => ({ labels: {}, value }));
  const lines = prometheusText([gauge("x", samples)]).split("\n");
  expect(lines.slice(2, 5)).toEqual(["x +Inf", "x -Inf", "x NaN"]);
});

it("prometheusText leaves out what has no samples", () => {
  expect(prometheusText([gauge("sluice_test", [])])).toBe("");
});
