import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Ajv } from "ajv";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { experimental_readRawConfig as readRawConfig } from "wrangler";

import { faultyPatterns, faultyPolicies, faultyTable } from "../../kit/model/faulty-policies.ts";
import { runs } from "../../kit/runs.ts";
import { policySchema, policySchemaText, SCHEMA_FILE } from "../../scripts/policy-schema.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { membersOf } from "../../src/core/is-record.ts";
import { checkWrittenPolicy } from "../../src/core/written-policy.ts";
import { timeZones } from "../../src/time-zones.ts";
import { readPage } from "../docs/page.ts";

const wranglerFile = join(projectDir, "node_modules/wrangler/config-schema.json");

const ajv = new Ajv({ allErrors: true, strict: false }).addSchema(
  JSON.parse(readFileSync(wranglerFile, "utf8")),
  "https://unpkg.com/wrangler@4/config-schema.json",
);
const isLegal = ajv.compile(policySchema());

/** What the schema says against a configuration; empty if nothing. */
function errorsOf(configuration: unknown): string {
  return isLegal(configuration) ? "" : ajv.errorsText(isLegal.errors);
}

function errorsOfPolicy(fields: unknown, pattern = "x"): string {
  return errorsOf({ name: "x", vars: { POLICIES: { [pattern]: fields } } });
}

const legal = { limit: "5/1s" };

test("the schema in docs/ is the one that the tables make: node scripts/policy-schema.ts writes it", () => {
  expect(readFileSync(join(projectDir, SCHEMA_FILE), "utf8")).toBe(policySchemaText());
});

describe("the schema", () => {
  test.each(faultyPolicies.filter(({ needsArithmetic }) => !needsArithmetic))(
    "refuses $fields: $message",
    ({ fields }) => {
      expect(errorsOfPolicy(fields)).not.toBe("");
    },
  );

  test("takes what needs arithmetic to be refused", () => {
    const rest = faultyPolicies.filter(({ needsArithmetic }) => needsArithmetic);
    expect(rest.map(({ fields }) => errorsOfPolicy(fields)).join("")).toBe("");
  });

  test.each(faultyPatterns)("refuses the pattern %j", (pattern) => {
    expect(errorsOfPolicy(legal, pattern)).not.toBe("");
  });

  test.each(["*", "x", "api:*", "api:ann", `${"x".repeat(100)}*`])(
    "takes the pattern %j",
    (pattern) => {
      expect(errorsOfPolicy(legal, pattern)).toBe("");
    },
  );

  test("looks at every environment, and leaves the rest of the file to wrangler's schema", () => {
    const env = { live: { vars: { POLICIES: faultyTable } } };
    expect(errorsOf({ env })).toContain("/env/live/vars/POLICIES");
    expect(errorsOf({ env: { live: { vars: { POLICIES: { legal }, PUBLIC: "true" } } } })).toBe("");
    expect(errorsOf({ nmae: "x", vars: { POLICIES: { legal } } })).toContain("additional");
    expect(errorsOf({ vars: { POLICIES: JSON.stringify({ legal }) } })).toBe("");
  });

  test("knows every field, with words about it", () => {
    const { definitions } = policySchema() as {
      definitions: Record<string, { properties: Record<string, { description?: string }> }>;
    };
    const described = ["policy", "limit", "lease", "hold", "concurrency"].flatMap((name) => {
      return Object.entries(definitions[name]!.properties);
    });
    const silent = described.filter(([, { description }]) => description === undefined);
    // Those three are described where they are defined.
    expect(silent.map(([name]) => name)).toEqual(["lease", "hold", "concurrency"]);
    expect(described.map(([name]) => name)).toContain("forgetAfter");
  });
});

/** A configuration in TOML, as wrangler reads it. */
function parsed(text: string): object {
  const dir = mkdtempSync(join(tmpdir(), "sluice-schema-"));
  try {
    const config = join(dir, "wrangler.toml");
    writeFileSync(config, text);
    return readRawConfig({ config }).rawConfig;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The configurations in the pages. */
function configurationsOfPages(): [place: string, configuration: object][] {
  const folders = [projectDir, join(projectDir, "docs"), join(projectDir, "docs/design")];
  const pages = folders.flatMap((folder) => {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".md"))
      .map((name) => readPage(join(folder, name)));
  });
  const blocks = pages.flatMap((page) => page.blocks);
  return blocks
    .filter(({ language, text }) => language === "toml" && text.includes("POLICIES"))
    .map(({ place, text }) => [place, parsed(text)]);
}

describe("the schema takes", () => {
  const found = configurationsOfPages();

  test("policies of the pages, of which there are many", () => {
    expect(found.length).toBeGreaterThan(15);
  });

  test.each([
    ...found,
    ["wrangler.toml", readRawConfig({ config: join(projectDir, "wrangler.toml") }).rawConfig],
  ])("%s", (_, configuration) => {
    expect(errorsOf(configuration)).toBe("");
  });
});

/** Each field by itself is legal; many of the combinations aren't. */
const anyOf = (...values: unknown[]) => fc.constantFrom(...values);

const anyLimit = fc.oneof(
  fc.record(
    { limit: anyOf("100/1m", "5/1s", "1000/2.5h"), burst: anyOf(1, 4) },
    { requiredKeys: ["limit"] },
  ),
  fc.record(
    {
      capacity: anyOf(1, 1_000_000_000),
      refillTokens: anyOf(1, 10),
      refillIntervalMs: anyOf(10, 86_400_000),
      refillInterval: anyOf("1s", "1d"),
      initialTokens: anyOf(0, 1),
    },
    { requiredKeys: ["capacity", "refillTokens"] },
  ),
  fc.record(
    {
      capacity: anyOf(1, 10),
      every: anyOf("hour", "day", "week", "month"),
      on: anyOf("monday", 1, 28),
      at: anyOf("06:00", "23:59"),
      timeZone: anyOf("UTC", "Europe/Berlin", "Etc/GMT+5"),
      initialTokens: anyOf(0, 1),
    },
    { requiredKeys: ["capacity", "every"] },
  ),
);

const options = {
  queueLimit: anyOf(0, 10_000),
  maxWaitMs: anyOf(0, 3_600_000),
  maxWait: anyOf("0ms", "1h", "1.5s"),
  forgetAfterMs: anyOf(60_000, 2_592_000_000),
  forgetAfter: anyOf("1m", "30d"),
  lease: anyOf(null, { maxTokens: 1, ttl: "1s" }, { maxTokens: 1, ttlMs: 100 }),
  hold: anyOf(null, { max: "1m" }, { maxMs: 1_000, debt: "front" }),
  concurrency: anyOf(null, { max: 1, ttl: "1s" }, { max: 1, ttlMs: 1_000, grace: "2s" }),
  limits: fc.oneof(
    fc.constant(null),
    fc.constant({}),
    fc.dictionary(fc.constantFrom("day", "tpm"), anyLimit, { maxKeys: 2 }),
  ),
};

const anyOptions = fc
  .subarray(Object.entries(options), { maxLength: 3 })
  .chain((some) => fc.record(Object.fromEntries(some)));

test("the schema refuses nothing that Sluice takes", () => {
  let legalOnes = 0;
  fc.assert(
    fc.property(anyLimit, anyOptions, (limit, options) => {
      const fields = { ...limit, ...options };
      const check = checkWrittenPolicy(membersOf(fields), timeZones);
      if (!check.ok) return;
      legalOnes += 1;
      expect(errorsOfPolicy(fields)).toBe("");
    }),
    { numRuns: runs(20_000) },
  );
  expect(legalOnes).toBeGreaterThan(runs(20_000) / 5);
});
