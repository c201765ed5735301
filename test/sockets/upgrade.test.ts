/**
 * The state directories that earlier versions' `npm run serve` have left when they were killed
 * (scripts/record-state-folder.ts). At the time of that everything about it is known, so the Worker runs with
 * its clock set. `npm run serve` hides its environment from workerd, so there only what time leaves alone is
 * compared.
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
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { SetClock } from "../../kit/processes/set-clock.ts";
import {
  lastingBuckets,
  lastingBucketsOfHolders,
  lastingBucketsOfSeveral,
  loadFolder,
  recordedPolicies,
  restoreFiles,
} from "../../kit/states/recorded-folder.ts";

/** The name under which `npm run serve` runs the Worker; the files of its objects depend on it. */
const SERVED_NAME = "sluice";

/** By format: the folder of each, and the buckets in it whose state lasts. */
const recorded = [
  { format: 4, lasting: lastingBuckets },
  { format: 5, lasting: [...lastingBuckets, ...lastingBucketsOfSeveral] },
  {
    format: 6,
    lasting: [...lastingBuckets, ...lastingBucketsOfSeveral, ...lastingBucketsOfHolders],
  },
] as const;

const dirs: string[] = [];

afterAll(async () => {
  for (const dir of dirs) await removeDir(dir);
});

function folderOf(format: number): Promise<RecordedFolder> {
  return loadFolder(new URL(`states/format-${format}.json.gz`, import.meta.url).pathname);
}

/** A new directory with what the earlier version has left. */
async function restoredDir(folder: RecordedFolder): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-upgrade-"));
  dirs.push(dir);
  await restoreFiles(folder, dir);
  return dir;
}

describe.each(recorded)("the Worker on a state of format $format", ({ format, lasting }) => {
  let folder: RecordedFolder;
  let clock: SetClock;
  let workerd: WorkerdServer;
  /** Its address changes when it is restarted. */
  const server = {
    get url(): string {
      return workerd.urlOf(SERVED_NAME);
    },
  };

  beforeAll(async () => {
    folder = await folderOf(format);
    clock = await SetClock.make();
    await clock.set(folder.atMs - Date.now());
    workerd = await startWorkerd({
      stateDir: join(await restoredDir(folder), "buckets"),
      environment: clock.environment,
      others: { [SERVED_NAME]: { main: "serve/worker/main.ts", policies: recordedPolicies } },
    });
  });
  afterAll(async () => {
    await workerd?.stop();
    await clock?.[Symbol.asyncDispose]();
  });

  it.each(lasting)("shows the bucket %s as it was", async (name) => {
    const { nextTickAtMs, ...expected } = folder.snapshots[name] ?? {};
    const snapshot = await snapshotOf(server, name);
    expect(snapshot).toMatchObject(expected);
    // A bucket that has not started would have its first tick a day from now.
    if (snapshot.granted > 0) expect(snapshot.nextTickAtMs).toBe(nextTickAtMs);
  });

  it("keeps what is on lease out of the bucket", async () => {
    const { tokens, granted, policy, leasedTokens } = folder.snapshots["leased:half"] ?? {};
    const snapshot = await snapshotOf(server, "leased:half");
    expect(snapshot).toMatchObject({ tokens, granted, policy });
    // Unless this machine took twenty seconds to get here, the lease is still out.
    expect([leasedTokens, 0]).toContain(snapshot.leasedTokens);
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

  it.runIf(format >= 5)("grants and refuses by each of several limits", async () => {
    const name = "several:paused";
    const there = await send(server.url, acquirePath(name, "tokens=1&tokens.plan=7"));
    expect(there).toMatchObject({ status: 200, body: { limits: { plan: { remaining: 0 } } } });
    const gone = await send(server.url, acquirePath(name, "tokens=1&tokens.tpm=0&timeoutMs=0"));
    const body = { reason: "timeout", "violated-policies": ["several:*/plan"] };
    expect(gone).toMatchObject({ status: 429, body });
  });

  it.runIf(format >= 5)("has lost at most the batch of a calendar", async () => {
    const before = Number(folder.snapshots["calendar:batched"]?.["tokens"]);
    const { tokens } = await snapshotOf(server, "calendar:batched");
    expect(tokens).toBeLessThan(before);
    expect(tokens).toBeGreaterThanOrEqual(before - 2_500);
  });

  it.runIf(format >= 6)(
    "knows the holds and permits that are out, and those that ended",
    async () => {
      const ask = (kind: "holds" | "permits", name: string, method: string, body?: object) => {
        const { hold, permit } = folder.open?.[name] ?? {};
        const path = `/buckets/${name}/${kind}/${hold?.id ?? permit?.id}`;
        return send(server.url, path, { method, ...(body && { body }) });
      };
      const settled = await ask("holds", "holding:open", "POST", { used: 1 });
      expect(settled).toMatchObject({ status: 200, body: { returned: { rate: 2 } } });
      const again = await ask("holds", "holding:settled", "POST", { used: 1 });
      expect(again).toMatchObject({ status: 200, body: { returned: { rate: 2 } } });
      const other = await ask("holds", "holding:settled", "POST", { used: 2 });
      expect(other).toMatchObject({ status: 409 });
      const { fence } = folder.open?.["permits:out"]?.permit ?? {};
      const extended = await ask("permits", "permits:out", "PUT");
      expect(extended).toMatchObject({ status: 200, body: { fence } });
    },
  );

  it("killed and started again, goes on from there", async () => {
    await workerd.restart();
    expect(await snapshotOf(server, "paused")).toMatchObject({ tokens: 0, granted: 2 });
    expect(await snapshotOf(server, "overridden")).toMatchObject({ granted: 2 });
  });
});

describe.each(recorded)("npm run serve on a state of format $format", ({ format }) => {
  it("finds every bucket in its file", async () => {
    const vars = ["PUBLIC:true", `POLICIES:${JSON.stringify(recordedPolicies)}`];
    const folder = await folderOf(format);
    const args = ["--port", "0", "--state", await restoredDir(folder)];
    await using server = await Served.ready([...args, ...vars.flatMap((text) => ["--var", text])]);
    for (const [name, { policy, granted }] of Object.entries(folder.snapshots)) {
      // A crash forgets the callers that were granted out of a batch.
      const counts = name === "calendar:batched" ? { waiters: 0 } : { granted, waiters: 0 };
      expect(await snapshotOf(server, name)).toMatchObject({ policy, ...counts });
    }
  });
});
