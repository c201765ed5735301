/** Tables of the pages that list what the code lists, too: nothing is missing, and nothing is too much. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { FieldTable } from "../../src/core/fields.ts";

import { USAGE } from "../../serve/options.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { usage } from "../../src/cli/usage.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket.ts";
import { leaseFields, queueFields } from "../../src/core/policy.ts";
import { metricsOf } from "../../src/worker/metrics/metrics.ts";
import { reasonFields } from "../../src/protocol/reasons.ts";

/** The compiler must not follow this name: calls have the types of workerd. */
const callsPath: string = "../../src/worker/calls/index.ts";
const { calls } = (await import(callsPath)) as {
  readonly calls: readonly { readonly method: string; readonly path: string }[];
};

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

it("docs/http.md has every call, by method and path", () => {
  const rows = sectionOf("http.md", "## Buckets").matchAll(/^\| (`[A-Z]+ \/.*?) \| (.*?) \|/gm);
  // What only browsers get is a page.
  const cells = [...rows].filter(([, , who]) => who !== "browsers").map(([, cell = ""]) => cell);
  const [asking = ""] = sectionOf("http.md", "## Asking").trim().split("\n");
  const places = [asking, sectionOf("http.md", "## Cancelling"), ...cells].join("\n");
  const listed = [...places.matchAll(/(?:`([A-Z]+)` or )?`([A-Z]+) (\/[^`?]*)/g)].flatMap(
    ([, other, method, path = ""]) => {
      const methods = other === undefined ? [method] : [other, method];
      return methods.map((each) => `${each} ${path.replace("NAME", "{name}")}`);
    },
  );
  const known = calls.map(({ method, path }) => `${method} ${path}`);
  expect(listed.sort()).toEqual(known.sort());
});

const number = (value: number): string => value.toLocaleString("en-US");

/** Each field of a table as the pages write it: its name, its range and its default. */
function linesOf(fields: FieldTable<string>): [name: string, rule: string][] {
  return Object.entries(fields).map(([name, field]) => {
    if (!("min" in field)) throw new TypeError(`${name} is no number`);
    const { min, max, atMost, default: standard } = field;
    const range = `${number(min)}…${atMost ?? number(max)}`;
    if (standard === undefined) return [name, range];
    const words =
      typeof standard === "number" ? number(standard) : `min(${standard.minOf.join(", ")})`;
    return [name, `${range}; default ${words}`];
  });
}

it("docs/http.md has every field of a policy, with its range and its default", () => {
  const rows = sectionOf("http.md", "## Policies").matchAll(/^(\w+) = .*# .*?, (\d.*)$/gm);
  expect([...rows].map(([, name, rule]) => [name, rule])).toEqual(
    linesOf({ ...tokenBucketFields, ...queueFields }),
  );
});

it("docs/http.md has every field of a lease, with its range", () => {
  const [, rules] = /^lease = .*# (.*)$/m.exec(sectionOf("http.md", "## Leases")) ?? [];
  const known = linesOf(leaseFields).map((line) => line.join(" "));
  expect(rules).toBe(known.join("; "));
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
