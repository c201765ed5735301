/**
 * The client on each runtime that is no browser (that is test/e2e), in a process of its own, against a real
 * Sluice and a server that fails: one list for all.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { clientBehaviours, type ClientFinding } from "../../kit/client/client-behaviours.ts";
import { bundleModule, ClientServers } from "../../kit/client/client-runs.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

/** The list takes about ten seconds; this is for a machine with a lot else to do. */
const RUN_TIMEOUT_MS = 120_000;

const bin = join(projectDir, "node_modules/.bin");
const runtimes = {
  Node: [process.execPath],
  Deno: [join(bin, "deno"), "run", "--quiet", "--no-config", "--allow-net"],
  Bun: [join(bin, "bun"), "run"],
};

let dir: string;
let script: string;
let servers: ClientServers;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-client-"));
  script = join(dir, "run.mjs");
  await writeFile(script, await bundleModule("client-run.ts"));
  servers = await ClientServers.start();
});
afterAll(async () => {
  await servers?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe.each(Object.entries(runtimes))("the client on %s", (name, [command = "", ...args]) => {
  let findings: ClientFinding[] = [];
  beforeAll(async () => {
    const surroundings = JSON.stringify(servers.surroundingsOf(name));
    const { stdout } = await promisify(execFile)(command, [...args, script, surroundings], {
      cwd: dir,
      timeout: RUN_TIMEOUT_MS,
    });
    findings = JSON.parse(stdout);
  }, RUN_TIMEOUT_MS);

  it.each(clientBehaviours)("%s", (behaviour) => {
    expect(findings.find((finding) => finding.name === behaviour)).toEqual({ name: behaviour });
  });
});
