/** The command line of `npm run serve`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { USAGE, readOptions } from "../../serve/options.ts";
import { ServeError } from "../../serve/serve-error.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

const STATE = ["--state", "s"];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-options-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function envFile(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

describe("readOptions", () => {
  it("has a default for everything but --state", async () => {
    expect(await readOptions(STATE, {})).toEqual({
      kind: "serve",
      source: { kind: "build", configPath: join(projectDir, "wrangler.toml") },
      stateDir: "s",
      host: "127.0.0.1",
      port: 8787,
      relay: { headMs: 10_000, bodyMs: 30_000, idleMs: 75_000 },
      vars: {},
      graceMs: 5_000,
    });
  });

  it("reads times in s and ms", async () => {
    const args = ["--grace", "0s", "--head-timeout", "1500ms", "--idle-timeout", "600s"];
    expect(await readOptions([...STATE, ...args], {})).toMatchObject({
      graceMs: 0,
      relay: { headMs: 1_500, bodyMs: 30_000, idleMs: 600_000 },
    });
  });

  it("has no relay with --no-relay", async () => {
    const options = await readOptions([...STATE, "--no-relay"], {});
    expect(options).toMatchObject({ relay: undefined });
  });

  it("takes the two secrets from the environment, under --env-file, under --var", async () => {
    const environment = { API_TOKEN: "e1", ADMIN_TOKEN: "e2", PUBLIC: "true", PATH: "/bin" };
    const one = envFile("one", "ADMIN_TOKEN=f2\nA=f3\nB='f 4'\n");
    const two = envFile("two", "A=g3\n");
    const args = ["--env-file", one, "--env-file", two, "--var", "B:v:4", "--var", "C:"];
    expect(await readOptions([...STATE, ...args], environment)).toMatchObject({
      vars: { API_TOKEN: "e1", ADMIN_TOKEN: "f2", A: "g3", B: "v:4", C: "" },
    });
    const options = await readOptions(STATE, { API_TOKEN: "", PUBLIC: "true" });
    expect(options).toMatchObject({ vars: {} });
  });

  it("writes or reads a bundle, or helps, without more", async () => {
    expect(await readOptions(["--help"], {})).toEqual({ kind: "help" });
    expect(await readOptions(["--write-bundle", "/b", "--config", "/c"], {})).toEqual({
      kind: "write-bundle",
      dir: "/b",
      configPath: "/c",
    });
    const options = await readOptions([...STATE, "--bundle", "/b"], {});
    expect(options).toMatchObject({ source: { kind: "written", dir: "/b" } });
  });

  it.each([
    [[], "--state DIR is missing"],
    [["--state", ""], "--state DIR is missing"],
    [["--port", "65536"], '--port must be an integer from 0 to 65535: got "65536"'],
    [["--port", "-1"], "--port"],
    [
      ["--host", "[::1]"],
      '--host must be a name or an address, without port or brackets: got "[::1]"',
    ],
    [["--grace", "601s"], '--grace must be a time from 0s to 600s, in s or ms: got "601s"'],
    [["--grace", "1.5s"], 'got "1.5s"'],
    [["--head-timeout", "999ms"], "--head-timeout must be a time from 1s to 600s"],
    [["--no-relay", "--head-timeout", "5s"], "--no-relay cannot be used with --head-timeout"],
    [["--config", "x", "--bundle", "y"], "--config cannot be used with --bundle"],
    [["--var", "API_TOKEN=hunter2"], "--var must be NAME:VALUE"],
    [
      ["--var", "1X:y"],
      'must consist of letters, digits and _, and not start with a digit: got "1X"',
    ],
    [["--var", `X:${"y".repeat(130_049)}`], "--var: X must have at most 130048 bytes: got 130049"],
    [["--var", "X:a\0b"], "--var: X contains a zero byte"],
    [["--env-file", "/nowhere/env"], "--env-file: cannot read /nowhere/env"],
    [["--prot", "1"], "--prot"],
  ])("refuses %j", async (args, message) => {
    const all = args.includes("--state") || args.length === 0 ? args : [...STATE, ...args];
    const error: unknown = await readOptions(all, {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServeError);
    expect(error).toMatchObject({ isLasting: true });
    expect((error as Error).message).toContain(message);
    // It may be an API key.
    expect((error as Error).message).not.toContain("hunter2");
  });
});

it("USAGE fits a terminal of 120 columns", () => {
  for (const line of USAGE.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});
