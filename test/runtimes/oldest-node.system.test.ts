/** What runs on the oldest Node that package.json allows, besides the client (test/client) and the package. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProcessGroup } from "../../kit/processes/process-group.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { runCommand } from "./commands.ts";

const START_TIMEOUT_MS = 45_000;

const [node] = runCommand("OldestNode");

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd();
});
afterAll(() => server?.stop());

async function run(...args: string[]): Promise<string> {
  const env = { ...process.env, SLUICE_URL: server.url };
  const { stdout } = await promisify(execFile)(node, args, { cwd: projectDir, env });
  return stdout;
}

describe("the oldest Node", () => {
  it("is the one that package.json names", async () => {
    const { engines } = JSON.parse(await readFile(join(projectDir, "package.json"), "utf8"));
    expect(`>=${(await run("--version")).trim().slice(1)}`).toBe(engines.node);
  });

  it.each([
    ["in one process", () => []],
    ["over HTTP", () => ["--url", server.url]],
  ])("runs the demo %s", async (_, options) => {
    const lines = await run("examples/ten-callers.ts", "--callers", "2", ...options());
    expect(lines.match(/^Granting Thread_/gm)).toHaveLength(2);
  });

  it("runs sluice acquire", async () => {
    expect(await run("src/cli/main.ts", "acquire", "oldest")).toMatch(/^granted 1 /);
  });

  it("runs sluice watch", async () => {
    const child = spawn(node, ["src/cli/main.ts", "watch", "watched"], {
      cwd: projectDir,
      env: { ...process.env, SLUICE_URL: server.url },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    expect(JSON.parse(String(line))).toMatchObject({ snapshot: { bucket: "watched" } });
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("runs npm run serve", async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-oldest-"));
    const options = ["--state", dir, "--port", "0", "--var", "PUBLIC:true"];
    const serve = new ProcessGroup(node, ["--", "serve/main.ts", ...options], { cwd: projectDir });
    try {
      const url = await serve.until((signal) => readyUrl(serve, signal), START_TIMEOUT_MS);
      expect((await fetch(`${url}/acquire?bucket=a`)).status).toBe(200);
    } finally {
      await serve.interrupt(START_TIMEOUT_MS);
      await rm(dir, { recursive: true, force: true });
    }
  });
});

async function readyUrl({ child }: ProcessGroup, signal: AbortSignal): Promise<string> {
  if (!child.stdout) throw new TypeError("It has no standard output");
  for await (const line of createInterface({ input: child.stdout, signal })) {
    const url = /^Ready on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("It is never ready");
}
