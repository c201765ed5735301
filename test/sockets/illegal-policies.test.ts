/** An illegal policy stops everything that would serve or deploy it, and its field is named. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { faultyTable, unreported } from "../../kit/model/faulty-policies.ts";
import { offlineEnv, projectDir } from "../../serve/worker-bundle.ts";

/** How `scripts/build.mjs` is called by `wrangler deploy`. */
const BUILD = `${process.execPath} ${join(projectDir, "scripts/build.mjs")}`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-illegal-"));
  await configure(faultyTable);
});
afterAll(() => rm(dir, { recursive: true }));

const configPath = (): string => join(dir, "wrangler.json");

/** Writes a configuration of the Worker with these policies. */
async function configure(policies: object, env: object = {}): Promise<void> {
  const configuration = {
    name: "sluice",
    main: join(projectDir, "src/index.ts"),
    compatibility_date: "2026-11-09",
    build: { command: BUILD },
    vars: { POLICIES: policies },
    env,
  };
  await writeFile(configPath(), JSON.stringify(configuration));
}

interface Ended {
  readonly code: unknown;
  readonly lines: readonly string[];
}

function run(file: string, args: readonly string[], cwd = projectDir): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, [...args], { cwd, env: offlineEnv }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, lines: (out + err).split("\n") });
    });
  });
}

function node(args: readonly string[], cwd?: string): Promise<Ended> {
  return run(process.execPath, args, cwd);
}

describe("every fault of a policy is found by", () => {
  it("sluice policy check, which ends with 78", async () => {
    const program = join(projectDir, "src/cli/main.ts");
    const { code, lines } = await node([program, "policy", "check"], dir);
    expect([code, unreported(lines)]).toEqual([78, []]);
  });

  it("npm start, which serves nothing", async () => {
    const { code, lines } = await run("npm", ["start", "--", "--config", configPath()]);
    expect([code, unreported(lines)]).toEqual([1, []]);
    expect(lines.join("\n")).not.toContain("Ready on");
  });

  it("wrangler deploy, which uploads nothing", async () => {
    const wrangler = join(projectDir, "node_modules/wrangler/bin/wrangler.js");
    const { code, lines } = await node([wrangler, "deploy", "--dry-run"], dir);
    expect([code, unreported(lines)]).toEqual([1, []]);
    expect(lines.join("\n")).not.toContain("Total Upload");
  });
});

it("npm start checks the policies that it is given by --var", async () => {
  const policies = 'POLICIES:{"x":{"limit":"5"}}';
  const { code, lines } = await run("npm", ["start", "--", "--var", policies]);
  expect(code).toBe(1);
  expect(lines).toContainEqual(expect.stringMatching(/^POLICIES\."x": limit must be .*: got "5"$/));
});

it("a build finds what is wrong in any environment, also after one that was legal; not under wrangler dev", async () => {
  const legal = { "*": { limit: "5/1s" } };
  const build = (): Promise<Ended> => node([join(projectDir, "scripts/build.mjs")], dir);
  await configure(legal);
  expect(await build()).toEqual({ code: 0, lines: [""] });
  // What was found legal is remembered.
  expect(await build()).toEqual({ code: 0, lines: [""] });
  await configure(legal, { live: { vars: { POLICIES: { x: { limit: "5" } } } } });
  const { code, lines } = await build();
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^env\.live: POLICIES\."x": limit must be/);
  const command = "WRANGLER_COMMAND=dev";
  const dev = await run("env", [command, ...BUILD.split(" ")], dir);
  expect(dev).toEqual({ code: 0, lines });
});
