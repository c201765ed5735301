/** The files of the buckets under `npm run serve`: which are made, which go, and what becomes of damaged ones. */
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { acquirePath, admin, snapshotOf } from "../../kit/http/callers.ts";
import { HttpConnection, send, type Answer } from "../../kit/http/http-connection.ts";
import { ServedBundle } from "../../kit/processes/served-bundle.ts";
import { Served } from "../../kit/processes/served.ts";

/** Nothing comes in while a test runs: what is left tells whether anything was minted. */
const SLOW = {
  capacity: 100,
  refillTokens: 1,
  initialTokens: 100,
  refillIntervalMs: 3_600_000,
  maxWaitMs: 60_000,
};
/** A caller that waits for the next tick of it arms an alarm. */
const AWAITED = { ...SLOW, capacity: 1, initialTokens: 1, maxWaitMs: 3_600_000 };
/** Full again after a second. */
const FORGOTTEN = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000, forgetAfterMs: 60_000 };
const POLICIES = `POLICIES:${JSON.stringify({ "*": SLOW, awaited: AWAITED, "forgotten:*": FORGOTTEN })}`;
const OPEN = ["--port", "0", "--var", "PUBLIC:true", "--var", "ADMIN_TOKEN:admin"];

/** workerd closes what is idle for 10 s, and every 20 s it is looked what can go. */
const REMOVED_WITHIN_MS = 60_000;
/** Far below what trying on takes, which is 8 s, and above two pauses and a look at the file. */
const QUICKLY_MS = 3_000;

let bundle: ServedBundle;

beforeAll(async () => {
  bundle = await ServedBundle.build();
});
afterAll(async () => {
  await bundle[Symbol.asyncDispose]();
});

function newState(): string {
  return bundle.newState();
}

function served(state: string): Promise<Served> {
  return Served.ready(bundle.argsFor(state, ...OPEN, "--var", POLICIES));
}

function folderOf(state: string): string {
  return join(state, "buckets", "sluice-BucketObject");
}

/** The paths of all buckets' files, without logs. */
function filesIn(state: string): string[] {
  return readdirSync(folderOf(state))
    .filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .map((name) => join(folderOf(state), name));
}

const asAdmin = (method: string, body?: object): Parameters<typeof send>[2] => ({
  method,
  headers: admin.headers,
  ...(body && { body }),
});

describe("what asks for nothing", () => {
  it("leaves nothing: no file, no open one", async () => {
    const state = newState();
    await using server = await served(state);
    const { url } = server;
    const answers: Answer[] = [
      await send(url, "/buckets/read"),
      await send(url, acquirePath("tokens", "tokens=101")),
      await send(url, acquirePath("patience", "timeoutMs=60001")),
      await send(url, "/buckets/deleted", asAdmin("DELETE")),
      await send(url, "/buckets/put", asAdmin("PUT", {})),
      await send(url, "/buckets/illegal", asAdmin("PUT", { initialTokens: 101 })),
      await send(url, "/buckets/lifted/pause", asAdmin("POST", { untilMs: 0 })),
      await send(url, "/buckets"),
      await send(url, "/policies", asAdmin("GET")),
      await send(url, "/buckets/past/history"),
      await send(url, "/buckets/queue/waiters"),
      await send(url, "/buckets/queue/waiters/1-1", asAdmin("DELETE")),
      await send(url, "/buckets/held/holds/none", { method: "POST", body: { used: 1 } }),
      await send(url, "/buckets/held/holds/none", { method: "DELETE" }),
      await send(url, "/buckets/permits/permits/none", { method: "PUT" }),
      await send(url, "/buckets/permits/permits/none", { method: "DELETE" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      200, 422, 400, 204, 200, 400, 200, 200, 200, 200, 200, 404, 404, 404, 410, 204,
    ]);
    const names = Array.from({ length: 32 }, (_, i) => `bucket=scraped${i}`).join("&");
    for (let scrapes = 0; scrapes < 4; scrapes += 1) {
      const response = await fetch(`${url}/metrics?${names}`);
      expect(await response.text()).toContain('sluice_up{bucket="scraped31"} 1');
    }
    expect(filesIn(state)).toEqual([]);
    expect((await send(url, acquirePath("used"))).status).toBe(200);
    expect(filesIn(state)).toHaveLength(1);
  });

  it("what needs an object and stores nothing leaves a file for a minute at most, and so does a deleted bucket", async () => {
    const state = newState();
    await using server = await served(state);
    const { url } = server;
    await send(url, acquirePath("kept"));
    const [kept] = filesIn(state);
    await send(url, acquirePath("deleted"));
    await send(url, "/buckets/deleted", asAdmin("DELETE"));
    const keyed = { method: "DELETE", headers: { "Idempotency-Key": "k" } };
    expect((await send(url, acquirePath("cancelled"), keyed)).status).toBe(200);
    const forged = `1.${"A".repeat(200)}`;
    await send(url, acquirePath("forged"), { headers: { "Sluice-Ticket": forged } });
    const buckets = `${url.replace("http", "ws")}/buckets`;
    const watcher = new WebSocket(`${buckets}/watched/watch`);
    await once(watcher, "message");
    const session = new WebSocket(`${buckets}/session/session`, "sluice.v1");
    await once(session, "open");
    session.send(JSON.stringify({ op: "cancel", id: 1 }));
    await once(session, "message");
    expect(filesIn(state).length).toBeGreaterThan(4);
    watcher.close();
    session.close();
    const givesUpAtMs = Date.now() + REMOVED_WITHIN_MS;
    while (filesIn(state).length > 1 && Date.now() < givesUpAtMs) await setTimeout(100);
    expect(filesIn(state)).toEqual([kept]);
    // What is asked again starts as any other, and the one that was used goes on.
    expect((await send(url, acquirePath("deleted"))).body).toMatchObject({ remaining: 99 });
    expect((await send(url, acquirePath("kept"))).body).toMatchObject({ remaining: 98 });
  });

  it("a bucket that nobody has used for forgetAfter is gone within a minute of it", async () => {
    const state = newState();
    await using server = await served(state);
    const { url } = server;
    await send(url, acquirePath("kept"));
    const [kept] = filesIn(state);
    for (const name of ["forgotten:1", "forgotten:2"]) await send(url, acquirePath(name));
    const dueAtMs = Date.now() + FORGOTTEN.forgetAfterMs;
    while (filesIn(state).length > 1 && Date.now() < dueAtMs + REMOVED_WITHIN_MS) {
      await setTimeout(100);
      if (Date.now() < dueAtMs - 1_000) expect(filesIn(state)).toHaveLength(3);
    }
    expect(filesIn(state)).toEqual([kept]);
    expect((await send(url, acquirePath("forgotten:1"))).body).toMatchObject({ remaining: 0 });
    expect(await snapshotOf(server, "forgotten:1")).toMatchObject({ granted: 1 });
  }, 180_000);

  it("what holds nothing goes at the next start", async () => {
    const state = newState();
    {
      await using server = await served(state);
      await send(server.url, acquirePath("deleted"));
      await send(server.url, "/buckets/deleted", asAdmin("DELETE"));
      await send(server.url, acquirePath("kept"));
    }
    expect(filesIn(state)).toHaveLength(2);
    // As a kill leaves it between the making of a file and its first page.
    closeSync(openSync(join(folderOf(state), `${"0".repeat(64)}.sqlite`), "w"));
    await using again = await served(state);
    expect(filesIn(state)).toHaveLength(1);
    expect(await snapshotOf(again, "kept")).toMatchObject({ granted: 1 });
    expect(again.output).not.toContain("set-aside");
  });
});

/** Changes the bytes of a file. */
function edit(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

function flip(path: string, from: number, count: number): void {
  edit(path, (bytes) => {
    for (let at = from; at < from + count; at += 1) bytes[at] = Number(bytes[at]) ^ 0xff;
  });
}

function zero(path: string, from: number, count: number): void {
  edit(path, (bytes) => bytes.fill(0, from, from + count));
}

const GARBAGE = Buffer.alloc(8_192, 0x5a);

/** What was done to a file, how, and whether its bucket goes on as it was or is refused. */
type Tear = readonly [what: string, tear: (path: string) => void, becomes: "kept" | "refused"];

/** To a file whose log is written into it, as it is when nobody has come for ten seconds. */
const closedTears: readonly Tear[] = [
  ["cut to nothing", (path) => truncateSync(path, 0), "refused"],
  ["cut within the header", (path) => truncateSync(path, 50), "refused"],
  ["cut behind the header", (path) => truncateSync(path, 100), "refused"],
  ["cut to one page", (path) => truncateSync(path, 4_096), "refused"],
  ["cut within the second page", (path) => truncateSync(path, 4_196), "refused"],
  ["garbage", (path) => writeFileSync(path, GARBAGE), "refused"],
  ["some text", (path) => writeFileSync(path, "not a database"), "refused"],
  ["zeros", (path) => writeFileSync(path, Buffer.alloc(8_192)), "refused"],
  ["a zero header", (path) => zero(path, 0, 100), "refused"],
  ["a zero first page", (path) => zero(path, 0, 4_096), "refused"],
  ["a zero second page", (path) => zero(path, 4_096, 4_096), "refused"],
  ["bits of the name of its format", (path) => flip(path, 0, 8), "refused"],
  ["bits of the header", (path) => flip(path, 20, 8), "refused"],
  ["bits of the schema's page", (path) => flip(path, 100, 8), "refused"],
  ["bits of the table's page", (path) => flip(path, 4_096, 8), "refused"],
  [
    "a folder in its place",
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    "refused",
  ],
];

/** To one whose log is still there, as a kill leaves it. */
const openTears: readonly Tear[] = [
  ["nothing", () => undefined, "kept"],
  ["no log", (path) => rmSync(`${path}-wal`), "refused"],
  ["an empty log", (path) => truncateSync(`${path}-wal`, 0), "refused"],
  [
    "half a log",
    (path) => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size / 2),
    "refused",
  ],
  [
    "a log without its last byte",
    (path) => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 1),
    "refused",
  ],
  ["bits of the log's header", (path) => flip(`${path}-wal`, 0, 32), "refused"],
  [
    "a bit of the last write",
    (path) => flip(`${path}-wal`, statSync(`${path}-wal`).size - 1, 1),
    "refused",
  ],
  ["a log of garbage", (path) => writeFileSync(`${path}-wal`, GARBAGE), "refused"],
  ["no file, but its log", (path) => rmSync(path), "refused"],
  ["cut to nothing, but its log is there", (path) => truncateSync(path, 0), "refused"],
  ["garbage, but its log has all of it", (path) => writeFileSync(path, GARBAGE), "kept"],
  [
    "an index of garbage",
    (path) => writeFileSync(`${path}-shm`, Buffer.alloc(32_768, 0x5a)),
    "kept",
  ],
  ["no index", (path) => rmSync(`${path}-shm`), "kept"],
];

const OTHERS = ["other1", "other2"];

/** Acquires at each bucket, kills the server, and says which file is whose. */
async function usedAndKilled(
  state: string,
  buckets: readonly string[],
): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  await using server = await served(state);
  for (const bucket of buckets) {
    const before = new Set(existsSync(folderOf(state)) ? filesIn(state) : []);
    for (const tokens of [10, 20, 1]) {
      expect((await send(server.url, acquirePath(bucket, `tokens=${tokens}`))).status).toBe(200);
    }
    const path = filesIn(state).find((file) => !before.has(file)) ?? "";
    paths.set(bucket, path);
  }
  server.signal("SIGKILL");
  return paths;
}

/** What SQLite does as it closes a database. */
function close(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
}

describe("damaged files", () => {
  it.each([
    ["closed", closedTears],
    ["open at a kill", openTears],
  ])(
    "%s: others go on, nothing is minted, the refusal is quick and DELETE mends",
    async (kind, tears) => {
      const state = newState();
      const torn = tears.map(([what, tear, becomes], i) => ({
        bucket: `torn${i}`,
        what,
        tear,
        becomes,
      }));
      const paths = await usedAndKilled(state, [...OTHERS, ...torn.map(({ bucket }) => bucket)]);
      for (const { bucket, tear } of torn) {
        const path = String(paths.get(bucket));
        if (kind === "closed") close(path);
        tear(path);
      }
      await using server = await served(state);
      const { url } = server;
      for (const { bucket, what, becomes } of torn) {
        const calledAtMs = performance.now();
        const { status, body } = await send(url, acquirePath(bucket, "timeoutMs=0"));
        const isQuick = performance.now() - calledAtMs < QUICKLY_MS;
        const said = `Cannot reach the bucket ${bucket} (file ${paths.get(bucket)}): `;
        const isSaid = server.output.includes(said);
        const deletion = await send(url, `/buckets/${bucket}`, asAdmin("DELETE"));
        const again = await send(url, acquirePath(bucket));
        const seen = { what, status, isQuick, isSaid, deletion: deletion.status };
        const isKept = becomes === "kept";
        const wanted = {
          status: isKept ? 200 : 503,
          isQuick: true,
          isSaid: !isKept,
          deletion: 204,
        };
        expect(seen).toEqual({ what, ...wanted });
        const remedy = `DELETE /buckets/${bucket} resets it`;
        const detail = `The state of the bucket cannot be read: ${remedy}`;
        expect(body, what).toMatchObject(isKept ? { remaining: 68 } : { detail });
        expect(again.body, what).toMatchObject({ remaining: 99 });
      }
      for (const other of OTHERS) {
        expect((await send(url, acquirePath(other))).body).toMatchObject({ remaining: 68 });
      }
    },
  );

  it("a record that cannot be read is refused likewise, and deleted", async () => {
    const state = newState();
    const paths = await usedAndKilled(state, ["torn"]);
    const path = String(paths.get("torn"));
    close(path);
    // The first bytes of what is stored say how it is written.
    edit(path, (bytes) =>
      bytes.fill(0, bytes.lastIndexOf("bucket") + 6, bytes.lastIndexOf("bucket") + 9),
    );
    await using server = await served(state);
    const refused = await send(server.url, acquirePath("torn", "timeoutMs=0"));
    expect(refused).toMatchObject({ status: 503 });
    expect(refused.body).toMatchObject({
      detail: "The state of the bucket cannot be read: DELETE /buckets/torn resets it",
    });
    expect((await send(server.url, "/buckets/torn", asAdmin("DELETE"))).status).toBe(204);
    expect((await send(server.url, acquirePath("torn"))).body).toMatchObject({ remaining: 99 });
  });

  it("are refused after another start, too, until they are deleted, many at once", async () => {
    const state = newState();
    const buckets = ["torn1", "torn2", "torn3", "torn4"];
    const paths = await usedAndKilled(state, buckets);
    for (const path of paths.values()) {
      close(path);
      truncateSync(path, 0);
    }
    {
      await using server = await served(state);
      expect(server.output).toContain("the file was truncated to nothing");
      expect((await send(server.url, acquirePath("torn1"))).status).toBe(503);
    }
    expect(readdirSync(join(state, "set-aside"))).toHaveLength(4);
    await using again = await served(state);
    const each = (path: (bucket: string) => string, method: string): Promise<number[]> => {
      const statusOf = async (bucket: string): Promise<number> =>
        (await send(again.url, path(bucket), asAdmin(method))).status;
      return Promise.all(buckets.map(statusOf));
    };
    expect(await each(acquirePath, "GET")).toEqual([503, 503, 503, 503]);
    expect(await each((bucket) => `/buckets/${bucket}`, "DELETE")).toEqual([204, 204, 204, 204]);
    expect(await each(acquirePath, "GET")).toEqual([200, 200, 200, 200]);
  });

  it.each([
    ["garbage", (path: string) => writeFileSync(path, GARBAGE)],
    ["cut", (path: string) => truncateSync(path, 4_196)],
    ["zeros", (path: string) => zero(path, 4_096, 4_096)],
    ["no more there", (path: string) => rmSync(path)],
    ["a folder in its place", (path: string) => (rmSync(path), mkdirSync(path))],
  ])("the list of alarms, %s: all buckets go on", async (_, tear) => {
    const state = newState();
    {
      await using server = await served(state);
      await send(server.url, acquirePath("awaited"));
      const held = await HttpConnection.open(server.url);
      held.request(acquirePath("awaited")).catch(() => undefined);
      while ((await snapshotOf(server, "awaited")).waiters === 0) await setTimeout(10);
      server.signal("SIGKILL");
    }
    const alarms = join(folderOf(state), "metadata.sqlite");
    close(alarms);
    expect(statSync(alarms).size).toBeGreaterThan(4_096);
    tear(alarms);
    await using again = await served(state);
    expect(await snapshotOf(again, "awaited")).toMatchObject({ granted: 1, tokens: 0 });
    const refused = await send(again.url, acquirePath("awaited", "timeoutMs=0"));
    expect(refused.status).toBe(429);
    expect((await send(again.url, acquirePath("other"))).status).toBe(200);
  });
});
