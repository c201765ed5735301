import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { WatchMessage } from "../../../src/protocol/watch-feed.ts";

import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";
import { projectDir } from "../../../serve/worker-bundle.ts";
import { runCommand, runtimes } from "../../runtimes/commands.ts";

describe("watchBucket against workerd", () => {
  let server: WorkerdServer;
  beforeAll(async () => {
    server = await startWorkerd({ vars: { API_TOKEN: "t1" } });
  });
  afterAll(async () => {
    await server?.stop();
  });

  it.each(runtimes)("on %s: sees two callers granted a second apart, and ends", async (name) => {
    const [command, ...args] = runCommand(name);
    const script = join(projectDir, "kit/client/watch-two.ts");
    const { stdout } = await promisify(execFile)(
      command,
      [...args, script, server.url, "t1", `two-${name}`],
      { timeout: 50_000 },
    );
    const grants = (JSON.parse(stdout) as WatchMessage["events"]).filter(
      ({ kind }) => kind === "granted",
    );
    expect(grants).toMatchObject([{ waitedMs: 0 }, { waitedMs: expect.closeTo(1_000, -3) }]);
    expect(grants[1]!.atMs - grants[0]!.atMs).toBeGreaterThanOrEqual(1_000);
  });
});
