import { expect, test } from "vitest";

import {
  chartImage,
  sectionNames,
  shownDuration,
  table,
  verdict,
  withSections,
} from "../../bench/support/markdown.ts";

const page = `# Page

<!-- bench:core -->
old
<!-- /bench:core -->
between
<!-- bench:core:growth -->
<!-- /bench:core:growth -->
<!-- bench:service -->
theirs
<!-- /bench:service -->
`;

test("withSections replaces the sections that it is given and leaves all else", () => {
  const replaced = withSections(page, "README.md", {
    core: "$& new\n",
    "core:growth": "lines\n\nof it",
  });
  expect(replaced).toBe(`# Page

<!-- bench:core -->
$& new
<!-- /bench:core -->
between
<!-- bench:core:growth -->
lines

of it
<!-- /bench:core:growth -->
<!-- bench:service -->
theirs
<!-- /bench:service -->
`);
});

test("withSections twice changes no more than once", () => {
  const once = withSections(page, "README.md", { core: "new" });
  expect(withSections(once, "README.md", { core: "new" })).toBe(once);
});

test("withSections links charts from where the page is", () => {
  const sections = { core: chartImage("core", "How fast") };
  expect(withSections(page, "README.md", sections)).toContain(
    "![How fast](bench/results/core.svg)",
  );
  expect(withSections(page, "docs/a.md", sections)).toContain("](../bench/results/core.svg)");
});

test.each([
  ["<!-- bench:core -->\n"],
  ["<!-- /bench:core -->\n"],
  ["<!-- bench:core -->\n<!-- /bench:cores -->\n"],
])("withSections refuses a page with half a section: %j", (broken) => {
  expect(() => withSections(broken, "docs/a.md", {})).toThrow("docs/a.md");
});

test("sectionNames finds every section once", () => {
  expect(sectionNames(page)).toEqual(["core", "core:growth", "service"]);
});

test("table has one line a row", () => {
  expect(table(["a", "b"], [["1", "2"]])).toBe("| a | b |\n|---|---|\n| 1 | 2 |");
});

test.each([
  [400, { atMost: 400 }, "met"],
  [401, { atMost: 400 }, "**missed by 0.25 %**"],
  [0.85, { atLeast: 0.85 }, "met"],
  [0.68, { atLeast: 0.85 }, "**missed by 20 %**"],
  [3, { atMost: 0 }, "**missed by 3**"],
])("verdict of %d, target %j: %s", (value, target, expected) => {
  expect(verdict(value, target)).toBe(expected);
});

test.each([
  [0.5, "0.5 ns"],
  [1, "1 ns"],
  [123.4, "123 ns"],
  [999.6, "1 µs"],
  [1_234, "1.23 µs"],
  [20_000_000, "20 ms"],
  [90_000_000_000, "90 s"],
])("shownDuration of %d ns is %s", (ns, expected) => {
  expect(shownDuration(ns)).toBe(expected);
});
