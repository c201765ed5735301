import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { deployedRows } from "../../../src/cli/policy/deployed-rows.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-deployed-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function rowsIn(configuration: object, env?: string) {
  const file = join(dir, "wrangler.json");
  writeFileSync(file, JSON.stringify(configuration));
  const notes: string[] = [];
  const rows = deployedRows(file, env, { note: (line) => notes.push(line) });
  return { names: rows?.map(({ name }) => name), notes };
}

const withPolicies = (POLICIES: object) => ({ vars: { POLICIES } });
const legal = { limit: "5/1s" };

it("deployedRows has the policies of the top level, or of the environment that is named", () => {
  const env = { live: withPolicies({ "x:*": legal, x: legal }) };
  const both = { ...withPolicies({ "*": legal }), env };
  expect(rowsIn(both)).toEqual({ names: ["*"], notes: [] });
  expect(rowsIn(both, "live")).toEqual({ names: ["x", "x:*"], notes: [] });
  const message = "has policies in environments only: add --env with one of live";
  expect(() => rowsIn({ env })).toThrow(message);
});

it("deployedRows has none if a policy is illegal, and shows why", () => {
  expect(rowsIn(withPolicies({ "*": legal, x: { limit: "5" } }))).toEqual({
    names: undefined,
    notes: [expect.stringMatching(/^POLICIES\."x": limit must be/)],
  });
});
