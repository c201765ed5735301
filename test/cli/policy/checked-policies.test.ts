import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { faultyTable, unreported } from "../../../kit/model/faulty-policies.ts";
import { checkedPolicies } from "../../../src/cli/policy/checked-policies.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-checked-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function written(configuration: object): string {
  const file = join(dir, "wrangler.json");
  writeFileSync(file, JSON.stringify(configuration));
  return file;
}

describe("checkedPolicies", () => {
  it("finds everything that can be wrong with a policy, and what is right", () => {
    const [top, ...others] = checkedPolicies(written({ vars: { POLICIES: faultyTable } }));
    expect(others).toEqual([]);
    expect(unreported(top?.faults ?? [])).toEqual([]);
    expect(top?.policies.map(({ policy }) => policy.name)).toEqual(["legal"]);
  });

  it("names the environment of a fault, and one whose policies are missing", () => {
    const legal = { limit: "5/1s" };
    const file = written({
      vars: { POLICIES: { legal } },
      env: { staging: { vars: { POLICIES: { x: { limit: "5" }, legal } } }, bare: {} },
    });
    const workers = checkedPolicies(file);
    expect(workers.map(({ env, policies }) => [env, policies.length])).toEqual([
      [undefined, 1],
      ["staging", 1],
      ["bare", 0],
    ]);
    expect(workers.flatMap(({ faults }) => faults)).toEqual([
      expect.stringMatching(/^env\.staging: POLICIES\."x": limit must be .*: got "5"$/),
      "env.bare.vars.POLICIES is missing: an environment doesn't inherit the variables of the top level",
    ]);
    expect(checkedPolicies(file, "bare").map(({ env }) => env)).toEqual(["bare"]);
  });

  it("finds that there is no table, or that it is none", () => {
    const faultsOf = (vars: object) =>
      checkedPolicies(written({ vars })).flatMap((one) => one.faults);
    const message = "POLICIES must be a table of policies by pattern: got";
    expect(faultsOf({})).toEqual([`${message} undefined`]);
    expect(faultsOf({ POLICIES: [1] })).toEqual([`${message} [1]`]);
    expect(faultsOf({ POLICIES: "{" })).toEqual(['POLICIES is not JSON: got "{"']);
    expect(faultsOf({ POLICIES: '{"x":{"limit":"5/1s"}}' })).toEqual([]);
  });
});
