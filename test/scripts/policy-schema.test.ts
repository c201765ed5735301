import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Ajv } from "ajv";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { experimental_readRawConfig as readRawConfig } from "wrangler";

import { faultyPatterns, faultyPolicies, faultyTable } from "../../kit/model/faulty-policies.ts";
import { anyWrittenPolicy } from "../../kit/model/written-policies.ts";
import { runs } from "../../kit/runs.ts";
import { policySchema, policySchemaText, SCHEMA_FILE } from "../../scripts/policy-schema.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { checkWrittenPolicy } from "../../src/core/written-policy.ts";
import { timeZones } from "../../src/time-zones.ts";
import { blocksOfPage, pages } from "../docs/documentation.ts";

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

/** A configuration in TOML or JSON with comments, as wrangler reads it. */
function parsed(text: string, language: string): object {
  const dir = mkdtempSync(join(tmpdir(), "sluice-schema-"));
  try {
    const config = join(dir, `wrangler.${language}`);
    writeFileSync(config, text);
    return readRawConfig({ config }).rawConfig;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The configurations in the pages. */
function configurationsOfPages(): [place: string, configuration: object][] {
  return pages
    .flatMap(blocksOfPage)
    .filter(({ language }) => language === "toml" || language === "jsonc")
    .filter(({ text }) => text.includes("POLICIES"))
    .map(({ place, text, language }) => [place, parsed(text, language)]);
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

test("the schema refuses nothing that Sluice takes", () => {
  let legalOnes = 0;
  fc.assert(
    fc.property(anyWrittenPolicy, (fields) => {
      const check = checkWrittenPolicy(fields, timeZones);
      if (!check.ok) return;
      legalOnes += 1;
      expect(errorsOfPolicy(fields)).toBe("");
    }),
    { numRuns: runs(20_000) },
  );
  expect(legalOnes).toBeGreaterThan(runs(20_000) / 5);
});
