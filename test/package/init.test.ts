/** `sluice init` of the installed package: what it writes installs, is right, runs and can be deployed. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { freePort } from "../../kit/processes/server.ts";
import { readerEnvironment } from "../docs/reader-environment.ts";

const run = promisify(execFile);

const START_MS = 45_000;
const STOP_MS = 5_000;
const POLL_MS = 100;
/** An installation, or a bundle and the types of the runtime, on a machine with a lot else to do. */
const STEP_MS = 180_000;

let dir: string;
let env: Record<string, string>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice init "));
  env = readerEnvironment(dir);
  await writeFile(join(dir, "package.json"), '{"private":true}');
  await run("npm", ["install", inject("packedPackage")], { cwd: dir, env });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs npm in the project; rejects if it fails. */
function npm(folder: string, ...args: readonly string[]) {
  return run("npm", args, { cwd: join(dir, folder), env });
}

/** The response of the project's `npm run dev`. */
async function answerOf(folder: string, path: string): Promise<Response> {
  const port = await freePort();
  const args = ["run", "dev", "--", "--port", String(port), "--inspector-port", "0"];
  const dev = new ProcessGroup("npm", args, { cwd: join(dir, folder), env });
  const url = `http://localhost:${port}${path}`;
  try {
    return await dev.until((signal) => untilAnswered(url, signal), START_MS);
  } finally {
    await dev.interrupt(STOP_MS);
  }
}

async function untilAnswered(url: string, signal: AbortSignal): Promise<Response> {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response) return response;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

describe.each([
  { options: [], path: "/acquire?bucket=hello", policy: "hello" },
  { options: ["--toml", "--name", "other"], path: "/acquire?bucket=api:ann", policy: "api:*" },
  { options: ["--hono"], path: "/api/hello", policy: "api:*" },
])("sluice init $options", { timeout: STEP_MS }, ({ options, path, policy }) => {
  const folder = ["my limiter", ...options].join("");

  it("writes a Worker whose dependency is what it was itself installed from", async () => {
    const sluice = join(dir, "node_modules/.bin/sluice");
    const { stdout } = await run(sluice, ["init", folder, ...options], { cwd: dir, env });
    expect(stdout).toContain(`cd '${folder}'\n  npm install\n`);
    const manifest = JSON.parse(await readFile(join(dir, folder, "package.json"), "utf8"));
    const { sluice: version } = manifest.dependencies;
    expect(join(dir, folder, version.replace(/^file:/, ""))).toBe(inject("packedPackage"));
    await expect(run(sluice, ["init", folder], { cwd: dir, env })).rejects.toMatchObject({
      code: 78,
    });
    await npm(folder, "install");
  });

  it("passes its own check, and can be deployed", async () => {
    const checked = await npm(folder, "run", "check");
    expect(checked.stdout).toContain('"api:*"\n');
    const deployed = await npm(folder, "run", "deploy", "--", "--dry-run");
    expect(deployed.stdout).toContain("env.BUCKETS (BucketObject)");
    expect(deployed.stdout).not.toContain("PUBLIC");
  });

  it("grants on this machine, under wrangler dev", async () => {
    const { status, headers } = await answerOf(folder, path);
    expect(status).toBe(200);
    expect(headers.get("RateLimit")).toContain(`"${policy}";r=`);
  });

  it("is closed with the secrets of its example, which are empty", async () => {
    const example = await readFile(join(dir, folder, ".dev.vars.example"), "utf8");
    await writeFile(join(dir, folder, ".dev.vars"), example);
    expect(await answerOf(folder, "/acquire?bucket=hello")).toMatchObject({ status: 401 });
  });
});
