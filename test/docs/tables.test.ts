/** Tables of the pages that list what the code lists, too: nothing is missing, and nothing is too much. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { USAGE } from "../../serve/options.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { usage } from "../../src/cli/usage.ts";
import { metricsOf } from "../../src/worker/metrics/metrics.ts";
import { reasonFields } from "../../src/protocol/reasons.ts";

const page = (name: string): string => readFileSync(join(projectDir, "docs", name), "utf8");

/** The section under a heading, to the next one. */
function sectionOf(name: string, heading: string): string {
  const [, rest = ""] = page(name).split(`\n${heading}\n`);
  expect(rest).not.toBe("");
  return rest.split(/\n#{2,6} /)[0] ?? "";
}

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = ""]) => found);

it("docs/http.md has every reason, with its status", () => {
  const rows = [...sectionOf("http.md", "## Asking").matchAll(/^\| (\d{3}) \| ([^|]+) \|/gm)];
  const listed = rows.flatMap(([, status, reasons = ""]) =>
    all(reasons, /`([a-z-]+)`/g).map((reason) => `${status} ${reason}`),
  );
  const known = Object.entries(reasonFields).map(([reason, { status }]) => `${status} ${reason}`);
  expect(listed.sort()).toEqual(known.sort());
});

it("docs/code.md has every code that the command line ends with", () => {
  const section = sectionOf("code.md", "## The command line");
  const listed = all(section, /^\| (\d[^|]*)\|/gm).flatMap((cell) => all(cell, /\b(\d+)\b/g));
  expect(new Set(listed.map(Number))).toEqual(new Set(Object.values(exitCodes)));
});

it("docs/code.md has every option of the command line", () => {
  const section = sectionOf("code.md", "## The command line");
  const known = new Set(all(usage, /(--[a-z-]+)/g));
  for (const option of ["--version", "--help"]) known.delete(option);
  const listed = new Set(all(section, /(--[a-z-]{2,})/g));
  expect([...listed].sort()).toEqual([...known].sort());
});

it("docs/running.md has every option of npm run serve", () => {
  const section = sectionOf("running.md", "## On a server of your own");
  const listed = all(section, /^\| `(--[a-z-]+)/gm);
  expect(listed.sort()).toEqual([...new Set(all(USAGE, /^ {2}(--[a-z-]+)/gm))].sort());
});

it("docs/running.md has every metric", () => {
  const rows = sectionOf("running.md", "## Metrics").split("\n| metric |")[1] ?? "";
  const listed = all(rows, /`(sluice_[a-z_]+)`/g);
  expect(listed.sort()).toEqual(
    metricsOf([])
      .map(({ name }) => name)
      .sort(),
  );
});
