/** Tables of the pages that list what the code lists, too: nothing is missing, and nothing is too much. */
import { globSync, readFileSync } from "node:fs";
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
import { compilePolicy } from "../../src/core/human-units.ts";
import { tokenBucketFields } from "../../src/core/limits/token-bucket-fields.ts";
import { FIRST_LIMIT } from "../../src/core/limits/limit-name.ts";
import { keepingFields, MAX_FURTHER_LIMITS, Policy, queueFields } from "../../src/core/policy.ts";
import { policyTables } from "../../src/core/policy-tables.ts";
import { windowLimitWords } from "../../src/core/window-limit.ts";
import { busyMetrics } from "../../src/worker/metrics/busy-metrics.ts";
import { metricsOf } from "../../src/worker/metrics/metrics.ts";

/** The compiler must not follow this name: calls have the types of workerd. */
const callsPath: string = "../../src/worker/calls/index.ts";
const { calls } = (await import(callsPath)) as {
  readonly calls: readonly {
    readonly method: string;
    readonly path: string;
    readonly parameters?: readonly { readonly name: string }[];
  }[];
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

it("the page of HTTP has every call, by method and path", () => {
  const cells = rowsOf("reference/http.md", "## Calls").map(([cell = ""]) => cell);
  const listed = cells.flatMap((cell) => all(cell, /`([A-Z]+ \/[^`]*)`/g));
  const shown = ({ method, path }: (typeof calls)[number]): string =>
    `${method} ${path.replace("{name}", "NAME").replace("{id}", "ID")}`;
  expect(listed.sort()).toEqual(calls.map(shown).sort());
});

it.each([
  ["## Acquire", "GET /acquire"],
  ["### Busy buckets", "GET /buckets"],
])("the page of HTTP has every parameter: %s", (heading, call) => {
  const { parameters = [] } = calls.find(({ method, path }) => `${method} ${path}` === call) ?? {};
  // A named limit has a parameter of its own, which the description calls `limits`.
  const known = parameters.map(({ name }) => (name === "limits" ? "tokens.NAME" : name));
  expect(known).not.toEqual([]);
  const listed = rowsOf("reference/http.md", heading).map(([cell = ""]) =>
    cell.replaceAll("`", ""),
  );
  expect(listed).toEqual(expect.arrayContaining(known));
});

const number = (value: number): string => value.toLocaleString("en-US");

const configuration = "reference/configuration.md";

/** The rows of the table in a section, by their cells. */
function rowsOf(name: string, heading: string): string[][] {
  const lines = sectionOf(name, heading).matchAll(/^\| (.*) \|$/gm);
  const rows = [...lines].map(([, row = ""]) => row.split(" | ").map((cell) => cell.trim()));
  // The first is the table's head.
  return rows.slice(1);
}

/** What a field may be and its default, as the page writes them; one row for each choice that it depends on. */
function rulesOf(field: Field<string>): [values: string, standard: string][] {
  if ("by" in field) return Object.values(field.when).flatMap(rulesOf);
  const words = (standard: typeof field.default): string => {
    if (standard === undefined) return "required";
    if (typeof standard !== "object") return standard.toLocaleString("en-US");
    const [first = "", ...others] = standard.minOf;
    return others.length > 0 ? `min(${standard.minOf.join(", ")})` : first;
  };
  const standard = words(field.default);
  if ("min" in field) {
    const { min, max, atMost } = field;
    return [[`${number(min)}…${atMost ?? number(max)}`, standard]];
  }
  return [["oneOf" in field ? field.oneOf.join(", ") : "", standard]];
}

it.each<[string, FieldTable<string>, string]>([
  ["### Token bucket", tokenBucketFields, ""],
  ["### Queue", { ...queueFields, ...keepingFields }, ""],
  ["### Calendars", calendarFields, ""],
  ["### Leases", policyTables.lease, "lease."],
  ["### Holds and permits", policyTables.hold, "hold."],
  ["### Holds and permits", policyTables.concurrency, "concurrency."],
])("the page of the configuration has every field: %s %s", (heading, table, prefix) => {
  const rows = rowsOf(configuration, heading).filter(([name = ""]) =>
    name.startsWith(`\`${prefix}`),
  );
  const known = Object.entries(table).flatMap(([name, field]) => {
    return rulesOf(field).map(([values, standard]) => ({ name: prefix + name, values, standard }));
  });
  expect(rows).toHaveLength(known.length);
  for (const [index, { name, values, standard }] of known.entries()) {
    const [shownName, shownValues, shownStandard] = rows[index] ?? [];
    expect(shownName).toMatch(new RegExp(`^\`${name}\``));
    // A text has a form, which the page says in its own words.
    if (values !== "") expect(shownValues).toBe(values);
    // Buckets are kept unless the policy says otherwise.
    const isOff = name in keepingFields;
    expect(shownStandard).toBe(isOff ? "off" : standard);
  }
});

it("the page of the configuration has the numbers that limits stand for", () => {
  const rows = rowsOf(configuration, "### Limit and burst");
  expect(rows.length).toBeGreaterThan(5);
  for (const [written = "", ...numbers] of rows) {
    const [, limit, burst] = /^`"(\S+)"`, (?:default burst|burst ([\d,]+))/.exec(written) ?? [];
    const { fields } = compilePolicy({
      limit,
      ...(burst !== undefined && { burst: Number(burst.replaceAll(",", "")) }),
    });
    const known = ["capacity", "refillTokens", "refillIntervalMs"].map((name) => fields[name]);
    expect(numbers, written).toEqual(known.map((value) => Number(value).toLocaleString("en-US")));
    const [, standard] = /default burst \((\d+)\)/.exec(written) ?? [];
    if (standard !== undefined) expect(fields["capacity"]).toBe(Number(standard));
  }
});

it("the page of the configuration shows every name in human units", () => {
  const text = page(configuration);
  for (const name of Object.keys(windowLimitWords)) expect(text).toContain(`"${name}": `);
  const tables = { ...tokenBucketFields, ...queueFields, ...keepingFields };
  for (const fields of [tables, ...Object.values(policyTables)]) {
    for (const name of durationNames(fields)) expect(text).toContain(`"${name}": "`);
  }
});

it("the page of the configuration has the window of every calendar, and what names of limits may be", () => {
  const windows = calendarPeriods.map((every) => {
    const [spec] = Policy.of({ capacity: 1, every }).limits;
    return Number(spec?.kind.windowMs(spec.fields)) / 1_000;
  });
  expect(sectionOf(configuration, "### Calendars")).toContain(
    `is ${windows.slice(0, -1).join(", ")} or ${windows.at(-1)}`,
  );
  const section = sectionOf(configuration, "### Several limits");
  expect(section).toContain(`called \`${FIRST_LIMIT}\``);
  expect(section).toContain(`up to ${MAX_FURTHER_LIMITS} more`);
});

it("the page of the configuration says what calendars are written in batches, and how large these are", () => {
  const maxBatch = (capacity: number): number | undefined => {
    const [spec] = Policy.of({ capacity, every: "day" }).limits;
    return spec?.kind.maxBatch(spec.fields);
  };
  const rows = sectionOf(configuration, "### What a crash may lose");
  expect(rows).toContain(
    "calendar of less than 40,000, such as 1,000 a day | each grant | nothing",
  );
  expect(maxBatch(39_999)).toBe(0);
  expect(rows).toContain("calendar of 40,000 or more | batches of a 40th of the capacity");
  expect(maxBatch(40_000)).toBe(1_000);
});

it("the page of the configuration has every variable", () => {
  const read = (path: string): string => readFileSync(join(projectDir, path), "utf8");
  const settings = ["src/worker/config/env.ts", "src/bucket/bucket-env.ts"].map(read).join("\n");
  const known = new Set(all(settings, /^ {2}readonly ([A-Z_]+)\??:/gm));
  // `npm run serve` binds it by itself.
  known.delete("FILES");
  const listed = rowsOf(configuration, "## Variables").flatMap(([cell = ""]) =>
    all(cell, /`(\w+)`/g),
  );
  expect(listed.sort()).toEqual([...known].sort());

  const [, secrets = ""] = /^const SECRETS = \[(.*)\];$/m.exec(read("serve/options.ts")) ?? [];
  const commandLine = globSync("src/cli/**/*.ts", { cwd: projectDir }).map(read).join("\n");
  const named = new Set([...all(secrets, /"(\w+)"/g), ...all(commandLine, /\b(SLUICE_\w+)/g)]);
  const rows = rowsOf(configuration, "## Environment variables");
  const variables = rows.flatMap(([cell = ""]) => all(cell, /`(\w+)`/g));
  expect(variables.sort()).toEqual([...named].sort());
});

it("the page of the configuration has every right of a key", () => {
  const source = readFileSync(join(projectDir, "src/worker/auth/access-tokens.ts"), "utf8");
  const [, rights = ""] = /API_TOKEN: \{ all: \[(.*?)\]/.exec(source) ?? [];
  const row = rowsOf(configuration, "### Keys").find(([name = ""]) => name.startsWith("`may`"));
  expect(all(rights, /"(\w+)"/g)).not.toEqual([]);
  for (const right of all(rights, /"(\w+)"/g)) expect(row?.[1]).toContain(`\`${right}\``);
});

it("the page of the command line has every code that it ends with", () => {
  const codes = rowsOf("reference/command-line.md", "## Exit codes").map(([cell = ""]) => cell);
  const listed = codes.flatMap((cell) => all(cell, /\b(\d+)\b/g));
  expect(new Set(listed.map(Number))).toEqual(new Set(Object.values(exitCodes)));
});

it("the page of the command line has every option", () => {
  const known = new Set(all(usage, /(--[a-z-]+)/g));
  for (const option of ["--version", "--help"]) known.delete(option);
  const listed = new Set(all(page("reference/command-line.md"), /`(--[a-z-]+)[^`]*`/g));
  expect([...listed].sort()).toEqual([...known].sort());
});

it("docs/operate/self-hosting.md has every option of npm run serve", () => {
  const section = sectionOf("operate/self-hosting.md", "## Options");
  const listed = all(section, /^\| `(--[a-z-]+)/gm);
  expect(listed.sort()).toEqual([...new Set(all(USAGE, /^ {2}(--[a-z-]+)/gm))].sort());
});

it("docs/operate/metrics-and-alerts.md has every alert, and for how long it waits", () => {
  const rules = readFileSync(join(projectDir, "ops/prometheus/alerts.yml"), "utf8");
  const known = [...rules.matchAll(/- alert: (\w+)\n[^]*?\n +for: (\d+)m/g)];
  const section = sectionOf("operate/metrics-and-alerts.md", "## Alerts and a dashboard");
  const rows = [...section.matchAll(/^\| `(\w+)` \|.* for (\d+) minutes/gm)];
  const pairs = (found: readonly RegExpMatchArray[]) => found.map(([, name, min]) => [name, min]);
  expect(pairs(rows)).toEqual(pairs(known));
});

it("docs/operate/metrics-and-alerts.md has every metric", () => {
  const rows =
    sectionOf("operate/metrics-and-alerts.md", "## Metrics").split("\n| metric |")[1] ?? "";
  const listed = all(rows, /`(sluice_[a-z0-9_]+)`/g);
  expect(listed.sort()).toEqual(
    [...metricsOf([], 0), ...busyMetrics([])].map(({ name }) => name).sort(),
  );
});
