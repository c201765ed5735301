/** One signal for many waits, on each Node of this machine: the oldest of them warns of more than ten listeners. */
import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, it } from "vitest";

import { bundleModule } from "../../kit/client/client-runs.ts";

let dir: string;
let script: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-signal-"));
  script = join(dir, "run.mjs");
  await writeFile(script, await bundleModule("one-signal-run.ts", ["node:events"]));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The programs `node` of the path, each once. */
async function nodesOfPath(): Promise<string[]> {
  const dirs = (process.env["PATH"] ?? "").split(delimiter);
  const found = await Promise.all(dirs.map((name) => realpath(join(name, "node")).catch(() => "")));
  return [...new Set([process.execPath, ...found.filter((path) => path !== "")])];
}

it("has one listener for fifty waits, which end with its reason, and nobody warns", async () => {
  const held = { waiting: 1, after: 0, cancelled: 50 };
  for (const node of await nodesOfPath()) {
    const { stdout, stderr } = await promisify(execFile)(node, [script]);
    expect({ node, stderr, ...(JSON.parse(stdout) as object) }).toEqual({
      node,
      stderr: "",
      client: held,
      "client that follows": held,
      "client that pauses": held,
      filter: held,
    });
  }
});
