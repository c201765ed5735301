/**
 * A server on the state directory that an earlier version has left when it was killed
 * (scripts/record-state-folder.ts), at the time of that: the clock of the process is set.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { RecordedFolder } from "../../kit/states/recorded-folder.ts";

import { acquirePath, snapshotOf } from "../../kit/http/callers.ts";
import { send } from "../../kit/http/http-connection.ts";
import { removeDir } from "../../kit/processes/remove-dir.ts";
import { Served } from "../../kit/processes/served.ts";
import { SetClock } from "../../kit/processes/set-clock.ts";
import { loadFolder, recordedPolicies, restoreFiles } from "../../kit/states/recorded-folder.ts";

const recorded = new URL("states/format-4.json.gz", import.meta.url).pathname;

describe("npm run serve on the state directory of the version before", () => {
  let folder: RecordedFolder;
  let clock: SetClock;
  let dir: string;
  let server: Served;

  async function start(): Promise<Served> {
    const vars = ["PUBLIC:true", `POLICIES:${JSON.stringify(recordedPolicies)}`];
    const args = ["--port", "0", "--state", dir, ...vars.flatMap((text) => ["--var", text])];
    await clock.set(folder.atMs - Date.now());
    return Served.ready(args, clock.environment);
  }

  beforeAll(async () => {
    folder = await loadFolder(recorded);
    clock = await SetClock.make();
    dir = await mkdtemp(join(tmpdir(), "sluice-upgrade-"));
    await restoreFiles(folder, dir);
    server = await start();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await clock?.[Symbol.asyncDispose]();
    await removeDir(dir);
  });

  it.each(["drained", "paused", "overridden", "overridden-before-its-start", "keyed"])(
    "shows the bucket %s as it was",
    async (name) => {
      const { nextTickAtMs, ...expected } = folder.snapshots[name] ?? {};
      const snapshot = await snapshotOf(server, name);
      expect(snapshot).toMatchObject(expected);
      // A bucket that has not started would have its first tick a day from now.
      if (snapshot.granted > 0) expect(snapshot.nextTickAtMs).toBe(nextTickAtMs);
    },
  );

  it("keeps what is on lease out of the bucket", async () => {
    const { tokens, granted, policy } = folder.snapshots["leased:half"] ?? {};
    const snapshot = await snapshotOf(server, "leased:half");
    expect(snapshot).toMatchObject({ tokens, granted, policy });
    // Unless this machine took twenty seconds to get here, the lease is still out.
    expect([folder.snapshots["leased:half"]?.["leasedTokens"], 0]).toContain(snapshot.leasedTokens);
  });

  it("has no waiter where one was lost, and its grid", async () => {
    const { nextTickAtMs } = folder.snapshots["waiting:one"] ?? {};
    const snapshot = await snapshotOf(server, "waiting:one");
    expect(snapshot).toMatchObject({ granted: 1, waiters: 0 });
    expect((snapshot.nextTickAtMs - Number(nextTickAtMs)) % 30_000).toBe(0);
  });

  it("repeats a grant by its key", async () => {
    const { bucket, key, grant } = folder.keyed;
    const headers = { "Idempotency-Key": key };
    const { status, body } = await send(server.url, acquirePath(bucket, "tokens=2"), { headers });
    expect({ status, body }).toEqual({ status: 200, body: grant });
  });

  it("grants and refuses by what is there", async () => {
    const drained = await send(server.url, acquirePath("drained", "timeoutMs=0"));
    expect(drained).toMatchObject({ status: 429, body: { reason: "timeout" } });
    const paused = await send(server.url, acquirePath("paused", "tokens=3&timeoutMs=0"));
    expect(paused).toMatchObject({ status: 200, body: { remaining: 0 } });
    const own = await send(server.url, acquirePath("overridden", "timeoutMs=0"));
    const before = Number(folder.snapshots["overridden"]?.["tokens"]);
    expect(own).toMatchObject({ status: 200, body: { remaining: before - 1 } });
  });

  it("killed and started again, goes on from there", async () => {
    await server[Symbol.asyncDispose]();
    server = await start();
    expect(await snapshotOf(server, "paused")).toMatchObject({ tokens: 0, granted: 2 });
    expect(await snapshotOf(server, "overridden")).toMatchObject({ granted: 2 });
  });
});
