/**
 * Records the state directory of this version's `npm run serve`, killed while its buckets are in many states,
 * for a later version to be started on. Run it before you change the format, and commit what it writes:
 *
 *   node scripts/record-state-folder.ts FILE
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { acquire, acquirePath, admin, arrive, changePolicy, grantIn } from "../kit/http/callers.ts";
import { send } from "../kit/http/http-connection.ts";
import { removeDir } from "../kit/processes/remove-dir.ts";
import { Served } from "../kit/processes/served.ts";
import {
  filesOf,
  lastingBuckets,
  lastingBucketsOfHolders,
  lastingBucketsOfSeveral,
  recordedPolicies,
  saveFolder,
} from "../kit/states/recorded-folder.ts";

const HOUR_MS = 3_600_000;
const NAMES = [
  ...lastingBuckets,
  ...lastingBucketsOfSeveral,
  ...lastingBucketsOfHolders,
  "leased:half",
  "waiting:one",
  "calendar:batched",
];

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("Name the file to write");
const dir = await mkdtemp(join(tmpdir(), "sluice-recorded-"));
try {
  const recorded = await record(dir);
  await saveFolder(path, { ...recorded, files: await filesOf(dir) });
} finally {
  await removeDir(dir);
}

type Recorded = Omit<Parameters<typeof saveFolder>[1], "files">;

/** Resolves once the server has been killed. */
async function record(dir: string): Promise<Recorded> {
  const vars = ["PUBLIC:true", "ADMIN_TOKEN:admin", `POLICIES:${JSON.stringify(recordedPolicies)}`];
  const args = ["--port", "0", "--no-relay", "--state", dir];
  await using server = await Served.ready([...args, ...vars.flatMap((text) => ["--var", text])]);

  await acquire(server, "drained", "tokens=5");
  await acquire(server, "paused");
  const pause = { untilMs: Date.now() + 12 * HOUR_MS, tokens: 3 };
  await send(server.url, "/buckets/paused/pause", { method: "POST", body: pause, ...admin });
  await changePolicy(server, "overridden", { capacity: 50, refillTokens: 7, queueLimit: 3 });
  await acquire(server, "overridden", "tokens=2");
  await changePolicy(server, "overridden-before-its-start", { capacity: 7, initialTokens: 6 });
  const key = "a-key";
  const headers = { "Idempotency-Key": key };
  const grant = grantIn(await send(server.url, acquirePath("keyed", "tokens=2"), { headers }));
  await recordSeveral(server);
  const open = await recordHolders(server);
  for (let index = 0; index < 60; index += 1) await acquire(server, "leased:half");
  await acquire(server, "waiting:one");
  const { answer } = await arrive(server, "waiting:one");
  answer.catch(() => undefined);

  const snapshots: Record<string, Record<string, unknown>> = {};
  for (const name of NAMES) {
    const { body } = await send(server.url, `/buckets/${name}`);
    snapshots[name] = body as Record<string, unknown>;
  }
  return { atMs: Date.now(), snapshots, open, keyed: { bucket: "keyed", key, grant } };
}

/** Buckets with holds and permits. Resolves with their grants. */
async function recordHolders(server: Served): Promise<NonNullable<Recorded["open"]>> {
  const held = await acquire(server, "holding:open", `tokens=3&holdMs=${HOUR_MS}`);
  const settled = await acquire(server, "holding:settled", `tokens=3&holdMs=${HOUR_MS}`);
  const path = `/buckets/holding:settled/holds/${settled.hold?.id}`;
  await send(server.url, path, { method: "POST", body: { used: 1 } });
  const permit = await acquire(server, "permits:out", "tokens=2");
  return { "holding:open": held, "holding:settled": settled, "permits:out": permit };
}

/** Buckets with several limits, or a calendar. */
async function recordSeveral(server: Served): Promise<void> {
  await acquire(server, "several:drained", "tokens=5&tokens.plan=1000&tokens.tpm=120");
  await acquire(server, "several:paused", "tokens=1&tokens.plan=2&tokens.tpm=3");
  const pause = { untilMs: Date.now() + 12 * HOUR_MS, tokens: 7, limits: ["plan", "tpm"] };
  const body = { method: "POST", body: pause, ...admin };
  await send(server.url, "/buckets/several:paused/pause", body);
  await changePolicy(server, "several:overridden", {
    limits: { tpm: null, extra: { capacity: 9, every: "month", on: 28, initialTokens: 4 } },
  });
  await acquire(server, "several:overridden", "tokens=1&tokens.extra=2");
  await acquire(server, "calendar:drained", "tokens=100000");
  // Its batch is on the disk when the process is killed.
  for (let index = 0; index < 20; index += 1) await acquire(server, "calendar:batched");
}
