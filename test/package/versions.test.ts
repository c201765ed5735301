/**
 * The packed package with other versions of what it meets: the oldest that is named and the newest of Hono,
 * TypeScript, wrangler and Node. The newest are the repository's own; package.json of this folder has the others.
 *
 * Types are checked with libraries included. What Hono and Cloudflare's types say of each other is theirs: Hono 4.13
 * needs TypeScript 5.7 without `skipLibCheck`, and Hono 4.6 doesn't agree with newer types of Workers.
 */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { createClient } from "../../src/client/index.ts";
import { installedFolder, installPackage } from "../../kit/processes/packed-package.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { offlineEnv, projectDir } from "../../serve/worker-bundle.ts";
import { runCommand } from "../runtimes/commands.ts";
import { WranglerDev } from "./wrangler-dev.ts";

const run = promisify(execFile);

const TYPESCRIPTS = ["typescript-5.4", "typescript-5.9", "typescript"];
const HONOS = ["hono-oldest", "hono"];
const WRANGLERS = ["wrangler-oldest", "wrangler"];
const NODES = {
  oldest: runCommand("OldestNode")[0],
  "that of the tests": process.execPath,
  newest: join(installedFolder("node-newest"), "bin/node"),
};

/** For four installations by npm, and for all the types of a platform thrice, on a busy machine. */
const SLOW_TIMEOUT_MS = 240_000;

/** Where the project with a version of Hono, or the template with a wrangler, is. */
const dirs = new Map<string, string>();
let root: string;
let sluice: WorkerdServer;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sluice-versions-"));
  const types = ["@noble/hashes", "@cloudflare/workers-types"];
  // One after the other: they share npm's cache.
  for (const hono of HONOS) {
    await cp(join(projectDir, "test/package/project"), join(root, hono), { recursive: true });
    await install(hono, hono, ...types);
  }
  for (const wrangler of WRANGLERS) {
    await run(process.execPath, [commandIn("hono"), "init", wrangler], { cwd: root });
    await install(wrangler, wrangler, "typescript", "@noble/hashes");
  }
  sluice = await startWorkerd();
}, SLOW_TIMEOUT_MS);
afterAll(async () => {
  await sluice?.stop();
  await rm(root, { recursive: true, force: true });
});

/** Installs the package and others in a folder of `root`. */
async function install(folder: string, ...packages: string[]): Promise<void> {
  const dir = join(root, folder);
  await installPackage(inject("packedPackage"), dir, packages);
  dirs.set(folder, dir);
}

function dirOf(folder: string): string {
  const dir = dirs.get(folder);
  if (dir === undefined) throw new Error(`Nothing is installed in ${folder}`);
  return dir;
}

/** The command line of the package that is installed in a folder. */
function commandIn(folder: string): string {
  return join(dirOf(folder), "node_modules/sluice/dist/cli/main.js");
}

async function versionOf(name: string): Promise<string> {
  const manifest = await readFile(join(installedFolder(name), "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function scriptOf(wrangler: string): string {
  return join(installedFolder(wrangler), "bin/wrangler.js");
}

/** What TypeScript says about the project and about Sluice. */
async function typeFaults(typescript: string, dir: string, ...args: string[]): Promise<string[]> {
  const tsc = join(installedFolder(typescript), "bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, ...args], { cwd: dir }).catch(
    (error: { stdout: string }) => error,
  );
  const faults = stdout.split("\n").filter((line) => /^\S.*\berror TS\d+/.test(line));
  return faults.filter((line) => !/^\S*\/node_modules\/hono(?:-oldest)?\/dist\//.test(line));
}

describe("the versions here", () => {
  it("are what package.json promises, and its own are the newest of them", async () => {
    const ours = JSON.parse(await readFile(join(projectDir, "package.json"), "utf8"));
    expect(ours.peerDependencies.hono).toBe(`>=${await versionOf("hono-oldest")} <5`);
    const { stdout } = await run(NODES.oldest, ["--version"]);
    expect(ours.engines.node).toBe(`>=${stdout.trim().slice(1)}`);
    const template = JSON.parse(
      await readFile(join(projectDir, "templates/worker/package.json"), "utf8"),
    );
    expect(template.devDependencies.wrangler).toBe(`^${await versionOf("wrangler-oldest")}`);
  });
});

describe.each(HONOS)("types with %s", (hono) => {
  it.each(TYPESCRIPTS)("are sound for %s in browsers and Node", async (typescript) => {
    expect(await typeFaults(typescript, dirOf(hono))).toEqual([]);
  });

  it.each(TYPESCRIPTS)("are sound for %s in Workers", async (typescript) => {
    const args = ["--project", "tsconfig.worker.json"];
    expect(await typeFaults(typescript, dirOf(hono), ...args)).toEqual([]);
  });
});

describe.each(WRANGLERS)("with %s", (wrangler) => {
  it.each(HONOS)("an app of %s is limited by the limiter in its Worker", async (hono) => {
    const args = ["hono-worker.ts", "--var", "PUBLIC:true"];
    await using dev = await WranglerDev.start(scriptOf(wrangler), dirOf(hono), ...args);
    const granted = await fetch(`${dev.url}/hello`);
    expect([granted.status, await granted.text()]).toEqual([200, "hello true"]);
    expect(granted.headers.get("RateLimit")).toBe('"hello";r=0;t=3600');
    const refused = await fetch(`${dev.url}/hello`);
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "3600"]);
    // Answered by the router that sluice/worker brings.
    const snapshot = await fetch(`${dev.url}/buckets/hello`);
    expect(await snapshot.json()).toMatchObject({ granted: 1, refused: 1 });
    expect(dev.output).not.toMatch(/error/i);
  });

  it("the template grants, queues and refuses", async () => {
    const dir = dirOf(wrangler);
    await using dev = await WranglerDev.start(scriptOf(wrangler), dir);
    for (const transport of ["http", "session"] as const) {
      await using client = createClient({ url: dev.url, transport });
      const outcomes = await Promise.all([
        client.acquire("hello"),
        client.acquire("hello"),
        client.acquire("hello", { timeoutMs: 10 }),
      ]);
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false]);
    }
    expect(dev.output).not.toMatch(/error/i);
  });

  it(
    "the template's policies and types are sound",
    async () => {
      const dir = dirOf(wrangler);
      const options = { cwd: dir, env: offlineEnv };
      const check = [commandIn(wrangler), "policy", "check"];
      const { stdout } = await run(process.execPath, check, options);
      expect(stdout).toContain("hello");
      await run(process.execPath, [scriptOf(wrangler), "types"], options);
      for (const typescript of TYPESCRIPTS) expect(await typeFaults(typescript, dir)).toEqual([]);
    },
    SLOW_TIMEOUT_MS,
  );
});

describe.each(Object.entries(NODES))("on the Node that is %s", (_, node) => {
  it("the command line acquires", async () => {
    const main = commandIn("hono");
    const env = { ...process.env, SLUICE_URL: sluice.url };
    const { stdout, stderr } = await run(node, [main, "acquire", "versions"], { env });
    expect(stdout).toMatch(/^granted 1 /);
    expect(stderr).toBe("");
  });

  it("the filter runs in its process", async () => {
    const { stdout } = await run(node, ["in-process.ts"], { cwd: dirOf("hono") });
    expect(stdout).toBe("granted granted\ntrue true 0\n");
  });

  it("the fake for tests grants by its clock", async () => {
    const { stdout } = await run(node, ["fake.ts"], { cwd: dirOf("hono") });
    expect(stdout).toBe("1000 1000\n");
  });
});
