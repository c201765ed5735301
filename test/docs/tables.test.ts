/** Tables of the pages that list what the code lists, too: nothing is missing, and nothing is too much. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { Field, FieldTable } from "../../src/core/fields.ts";

import { keptResult } from "../../bench/support/report.ts";
import { chaosReport } from "../../chaos/report.ts";
import { scenarios } from "../../chaos/scenarios.ts";
import { USAGE } from "../../serve/options.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { usage } from "../../src/cli/usage.ts";
import { calendarFields, calendarPeriods } from "../../src/core/limits/calendar-fields.ts";
import { durationNames } from "../../src/core/fields.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { FIRST_LIMIT } from "../../src/core/limits/limit-name.ts";
import { keepingFields, MAX_FURTHER_LIMITS, Policy, queueFields } from "../../src/core/policy.ts";
import { policyTables } from "../../src/core/policy-tables.ts";
import { windowLimitWords } from "../../src/core/window-limit.ts";
import { busyMetrics } from "../../src/worker/metrics/busy-metrics.ts";
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

it("docs/internals/guarantees.md names every scenario of npm run chaos, and has figures of each", () => {
  const section = sectionOf("internals/guarantees.md", "## Shown under faults and load");
  const [, names = ""] = /runs one scenario \((.*?)\)/.exec(section) ?? [];
  const known = scenarios.map(({ name }) => name);
  expect(all(names, /`([a-z-]+)`/g)).toEqual(known);
  expect(keptResult(chaosReport)?.scenarios.map(({ name }) => name)).toEqual(known);
});

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
      return methods.map(
        (each) => `${each} ${path.replace("NAME", "{name}").replace("/ID", "/{id}")}`,
      );
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
    linesOf({ ...tokenBucketFields, ...queueFields, ...keepingFields }),
  );
});

/** The rules of a field as the page writes them: one, or one for each choice that it depends on. */
function rulesOf(field: Field<string>): string[] {
  if ("by" in field) return Object.values(field.when).flatMap(rulesOf);
  if ("min" in field) {
    const { min, max, atMost, default: standard } = field;
    const range = `${number(min)}…${atMost ?? number(max)}`;
    const words = typeof standard === "object" ? standard.minOf.join(", ") : standard;
    return [words === undefined ? range : `${range}; default ${words}`];
  }
  const values = "oneOf" in field ? field.oneOf.join(", ") : "";
  const standard = field.default === undefined ? "" : `default ${field.default}`;
  return [[values, standard].filter((part) => part !== "").join("; ")];
}

it("docs/http.md has every field of a calendar, with what it may be and its default", () => {
  const lines = [...sectionOf("http.md", "### Calendars").matchAll(/^(?:# )?(\w+) = .*# (.*)$/gm)];
  const rows = lines.map(([, name = "", words = ""]) => ({ name, words }));
  expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(Object.keys(calendarFields)));
  const rules = Object.entries(calendarFields).flatMap(([name, field]) => {
    return rulesOf(field).map((rule) => ({ name, rule }));
  });
  expect(rows).toHaveLength(rules.length);
  for (const [index, { name, rule }] of rules.entries()) {
    expect(rows[index]?.name).toBe(name);
    expect(rows[index]?.words.endsWith(rule), `${name}: ${rule}`).toBe(true);
  }
});

it("docs/http.md has the window of every calendar, and what names of limits may be", () => {
  const windows = calendarPeriods.map((every) => {
    const [spec] = Policy.of({ capacity: 1, every }).limits;
    return Number(spec?.kind.windowMs(spec.fields)) / 1_000;
  });
  expect(sectionOf("http.md", "### Calendars")).toContain(
    `is ${windows.slice(0, -1).join(", ")} or ${windows.at(-1)}`,
  );
  const section = sectionOf("http.md", "### Several limits");
  expect(section).toContain(`called \`${FIRST_LIMIT}\``);
  expect(section).toContain(`up to ${MAX_FURTHER_LIMITS} more`);
});

it("docs/http.md says what calendars are written in batches, and how large these are", () => {
  const maxBatch = (capacity: number): number | undefined => {
    const [spec] = Policy.of({ capacity, every: "day" }).limits;
    return spec?.kind.maxBatch(spec.fields);
  };
  const rows = sectionOf("http.md", "### What a crash may lose");
  expect(rows).toContain(
    "calendar of less than 40,000, such as 1,000 a day | each grant | nothing",
  );
  expect(maxBatch(39_999)).toBe(0);
  expect(rows).toContain("calendar of 40,000 or more | batches of a 40th of the capacity");
  expect(maxBatch(40_000)).toBe(1_000);
});

it("docs/http.md has every name in human units", () => {
  const section = sectionOf("http.md", "## Policies");
  const [written = ""] = section.split("The numbers:");
  for (const name of Object.keys(windowLimitWords)) expect(written).toContain(`\n${name} = `);
  for (const name of durationNames({ ...tokenBucketFields, ...queueFields, ...keepingFields })) {
    expect(written).toContain(`\`${name} = "`);
  }
  for (const name of durationNames(policyTables.lease)) {
    expect(written).toContain(`\`lease.${name} = "`);
  }
  for (const table of ["hold", "concurrency"] as const) {
    const [, line] = new RegExp(`^${table} = (.*)$`, "m").exec(page("http.md")) ?? [];
    for (const name of durationNames(policyTables[table])) expect(line).toContain(` ${name} = "`);
  }
});

it.each([
  ["lease", "## Leases"],
  ["hold", "### Holds and permits"],
  ["concurrency", "### Holds and permits"],
] as const)(
  "docs/http.md has every field of %s, with what it may be and its default",
  (table, heading) => {
    const [, rules] =
      new RegExp(`^${table} = .*# (.*)$`, "m").exec(sectionOf("http.md", heading)) ?? [];
    const known = Object.entries(policyTables[table]).map(([name, field]) => {
      return [name, ...rulesOf(field)].join(" ");
    });
    expect(rules).toBe(known.join("; "));
  },
);

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

it("docs/running.md has every alert, and for how long it waits", () => {
  const rules = readFileSync(join(projectDir, "ops/prometheus/alerts.yml"), "utf8");
  const known = [...rules.matchAll(/- alert: (\w+)\n[^]*?\n +for: (\d+)m/g)];
  const section = sectionOf("running.md", "### Alerts and a dashboard");
  const rows = [...section.matchAll(/^\| `(\w+)` \|.* for (\d+) minutes/gm)];
  const pairs = (found: readonly RegExpMatchArray[]) => found.map(([, name, min]) => [name, min]);
  expect(pairs(rows)).toEqual(pairs(known));
});

it("docs/running.md has every metric", () => {
  const rows = sectionOf("running.md", "## Metrics").split("\n| metric |")[1] ?? "";
  const listed = all(rows, /`(sluice_[a-z0-9_]+)`/g);
  expect(listed.sort()).toEqual(
    [...metricsOf([], 0), ...busyMetrics([])].map(({ name }) => name).sort(),
  );
});
