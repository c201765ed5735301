import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  ConfigurationError,
  configurationIn,
  readConfiguration,
} from "../../../src/cli/policy/configuration.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-configuration-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
}

const one = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const table = { "*": one };
const top = { env: undefined, policies: table };

describe("readConfiguration", () => {
  it.each([
    ["one.toml", '[vars.POLICIES."*"]\ncapacity = 1\nrefillTokens = 1\nrefillIntervalMs = 1_000'],
    ["one.json", JSON.stringify({ vars: { POLICIES: table } })],
    ["one.jsonc", `{ // Ours\n "vars": ${JSON.stringify({ POLICIES: table })}, }`],
  ])("reads %s", (name, text) => {
    expect(readConfiguration(write(name, text))).toEqual([top]);
  });

  it("has the top level and each environment, which inherits no variables; or the one that is named", () => {
    const staging = { vars: { POLICIES: { x: one } } };
    const text = JSON.stringify({ vars: { POLICIES: table }, env: { staging, bare: {} } });
    const file = write("environments.json", text);
    expect(readConfiguration(file)).toEqual([
      top,
      { env: "staging", policies: { x: one } },
      { env: "bare", policies: undefined },
    ]);
    expect(readConfiguration(file, "staging")).toEqual([{ env: "staging", policies: { x: one } }]);
    const message = `${file} has no environment "nope": it has staging, bare`;
    expect(() => readConfiguration(file, "nope")).toThrow(new ConfigurationError(message));
  });

  it("leaves out a top level without policies if an environment has some, and only then", () => {
    const env = { live: { vars: { POLICIES: table } } };
    expect(readConfiguration(write("live.json", JSON.stringify({ env })))).toEqual([
      { env: "live", policies: table },
    ]);
    expect(readConfiguration(write("none.json", JSON.stringify({ env: { live: {} } })))).toEqual([
      { env: undefined, policies: undefined },
      { env: "live", policies: undefined },
    ]);
  });

  it("says where the syntax is wrong", () => {
    const file = write("broken.toml", 'name = "x"\n[vars');
    const message = `Cannot read ${file}:2:1: Invalid TOML document`;
    expect(() => readConfiguration(file)).toThrow(message);
  });

  it("says that there is no such file, or no environment at all", () => {
    expect(() => readConfiguration(join(dir, "nowhere.toml"))).toThrow(
      /^There is no file .*nowhere/,
    );
    const file = write("plain.json", "{}");
    expect(() => readConfiguration(file, "x")).toThrow("it has no environments");
  });

  it("says what to install if there is no wrangler, and if it is one of years ago", () => {
    const file = write("plain.json", "{}");
    const message = `is not installed: run "npm install wrangler" in ${dir}`;
    expect(() => readConfiguration(file, undefined, [])).toThrow(message);
    expect(() => readConfiguration(file, undefined, [oldWrangler()])).toThrow(
      `is too old: run "npm install wrangler@4" in ${dir}`,
    );
  });
});

/** A place from which a wrangler is found that lacks what is used of it. */
function oldWrangler(): string {
  const project = mkdtempSync(join(dir, "old-"));
  const folder = join(project, "node_modules/wrangler");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.js"), "module.exports = {};");
  return join(project, "x.js");
}

describe("configurationIn", () => {
  it("is the file that wrangler takes", () => {
    const folder = mkdtempSync(join(dir, "folder-"));
    expect(() => configurationIn(folder)).toThrow(
      `There is no wrangler.json, wrangler.jsonc, wrangler.toml in ${folder}: name the file`,
    );
    for (const name of ["wrangler.toml", "wrangler.jsonc", "wrangler.json"]) {
      writeFileSync(join(folder, name), "");
      expect(configurationIn(folder)).toBe(join(folder, name));
    }
  });
});
