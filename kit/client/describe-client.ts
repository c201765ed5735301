/** The list of client behaviours as tests, on a runtime that is started as a program. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { behavioursOf, type ClientFinding } from "./client-behaviours.ts";
import { bundleModule, ClientServers } from "./client-runs.ts";

/** The list takes about twenty seconds; this allows for a busy machine. */
const RUN_TIMEOUT_MS = 300_000;

/** Runs the list in a separate process, against a real Sluice and a server that fails. */
export function describeClient(
  runtime: string,
  [program, ...args]: readonly [string, ...string[]],
  transport: "http" | "session" = "http",
): void {
  describe(`the client on ${runtime}, transport ${transport}`, () => {
    let dir: string;
    let findings: ClientFinding[] = [];
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), "sluice-client-"));
      const script = join(dir, "run.mjs");
      await writeFile(script, await bundleModule("client-run.ts"));
      await using servers = await ClientServers.start();
      const surroundings = JSON.stringify(servers.surroundingsOf(runtime, transport));
      const { stdout } = await promisify(execFile)(program, [...args, script, surroundings], {
        cwd: dir,
        timeout: RUN_TIMEOUT_MS,
      });
      findings = JSON.parse(stdout);
    }, RUN_TIMEOUT_MS);
    afterAll(() => rm(dir, { recursive: true, force: true }));

    it.each(behavioursOf(transport))("%s", (behaviour) => {
      expect(findings.find((finding) => finding.name === behaviour)).toEqual({ name: behaviour });
    });
  });
}
