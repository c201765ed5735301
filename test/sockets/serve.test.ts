/** `npm run serve`: started, killed, told to end, and started wrong. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { access, cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { readOptions } from "../../serve/options.ts";
import { bundleWorker, projectDir } from "../../serve/worker-bundle.ts";
import { blocksOfPage } from "../docs/documentation.ts";
import {
  acquire,
  acquirePath,
  arriveInTurn,
  snapshotOf,
  untilBucket,
} from "../../kit/http/callers.ts";
import { HttpConnection, send, type Answer } from "../../kit/http/http-connection.ts";
import { SessionConnection } from "../../kit/http/session-connection.ts";
import { ServedBundle } from "../../kit/processes/served-bundle.ts";
import { Served, processes, untilGone } from "../../kit/processes/served.ts";

/** Far beyond what an end takes without anybody in its way, and below the grace that is given here. */
const PROMPTLY_MS = 10_000;

/** Nobody who waits is granted while a test runs. */
const SLOW = {
  capacity: 100,
  refillTokens: 100,
  initialTokens: 1,
  refillIntervalMs: 3_600_000,
  maxWaitMs: 3_600_000,
};
/** Every grant is written by itself: the counts on the disk are those that were told. */
const QUICK = { capacity: 30, refillTokens: 1, refillIntervalMs: 10 };
const POLICIES = `POLICIES:${JSON.stringify({ "*": SLOW, "quick*": QUICK })}`;
const OPEN = ["--port", "0", "--grace", "20s", "--var", "PUBLIC:true", "--var", POLICIES];

/** Waits on a session. */
const ASK = { op: "acquire", id: 2, timeoutMs: 3_600_000 };

let bundle: ServedBundle;
/** For the files of a test. */
let dir: string;

beforeAll(async () => {
  bundle = await ServedBundle.build();
  ({ dir } = bundle);
});
afterAll(async () => {
  await bundle[Symbol.asyncDispose]();
});

function newState(): string {
  return bundle.newState();
}

/** Options that run the bundle over `state`. */
function from(state: string, ...args: readonly string[]): string[] {
  return bundle.argsFor(state, ...args);
}

function expectStopping({ status, headers, body }: Answer): void {
  expect(status).toBe(503);
  expect(body).toMatchObject({ status: 503, reason: "unavailable", retryAfterMs: 1_000 });
  expect(headers["retry-after"]).toBe("1");
}

/** A request whose body never comes to its end. */
function stalledUpload(url: string): Socket {
  const { port, hostname, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(`POST /acquire HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100\r\n\r\n{`);
  return socket;
}

describe.concurrent("npm run serve", () => {
  it("builds, answers, ends at SIGTERM to npm, and goes on where it was", async () => {
    const state = newState();
    const args = ["--state", state, ...OPEN];
    {
      await using served = await Served.ready(args, {}, "npm");
      expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(served.output).toContain("anyone who can reach it may acquire and read");
      expect(await acquire(served, "kept")).toMatchObject({ remaining: 0 });
      const { code, tookMs } = await served.terminate();
      expect({ code, isPrompt: tookMs < PROMPTLY_MS }).toEqual({ code: 0, isPrompt: true });
    }
    await using again = await Served.ready(from(state, ...OPEN));
    expect(await snapshotOf(again, "kept")).toMatchObject({ granted: 1, tokens: 0 });
    // Where the state is must not change from version to version: it would start anew.
    expect(await readdir(join(state, "buckets"))).toEqual(["sluice-BucketObject"]);
  });

  it("closes sessions at SIGTERM, awake and asleep, and their tickets are good for the next one", async () => {
    const state = newState();
    const tickets = new Map<string, string>();
    {
      await using served = await Served.ready(from(state, ...OPEN));
      const open = async (bucket: string): Promise<SessionConnection> => {
        const session = await SessionConnection.open(served.url, bucket);
        session.send({ op: "acquire", id: 1, timeoutMs: 0 }, ASK);
        const queued = await session.answer(2, "queued");
        tickets.set(bucket, "queued" in queued ? String(queued.queued.ticket) : "");
        return session;
      };
      const asleep = await open("asleep");
      // The runtime waits for ten seconds.
      await setTimeout(13_000);
      const sessions = [
        asleep,
        await open("awake"),
        await SessionConnection.open(served.url, "idle"),
      ];
      const { code, tookMs } = await served.terminate();
      expect({ code, isPrompt: tookMs < PROMPTLY_MS }).toEqual({ code: 0, isPrompt: true });
      expect(sessions.map(({ closed }) => closed?.code)).toEqual([1012, 1012, 1012]);
      expect(
        sessions.flatMap(({ messages }) => messages.filter((one) => "refused" in one)),
      ).toEqual([]);
      expect(served.output).not.toContain('"refused"');
    }
    await using again = await Served.ready(from(state, ...OPEN));
    for (const [bucket, ticket] of tickets) {
      using session = await SessionConnection.open(again.url, bucket);
      session.send({ ...ASK, ticket });
      const queued = await session.answer(2, "queued");
      expect(queued).toMatchObject({ queued: { position: 1, ticket } });
    }
  });

  it("killed, workerd goes with it, and the next one goes on where it was", async () => {
    const state = newState();
    const served = await Served.ready(from(state, ...OPEN));
    await acquire(served, "kept");
    const workerd = await served.workerdPid();
    served.signal("SIGKILL");
    expect(await served.ended).toMatchObject({ signal: "SIGKILL" });
    await untilGone(workerd);
    await using again = await Served.ready(from(state, ...OPEN));
    expect(await snapshotOf(again, "kept")).toMatchObject({ granted: 1, tokens: 0 });
  });

  it("ends as workerd did where that ends by itself", async () => {
    await using served = await Served.ready(from(newState(), ...OPEN));
    process.kill(await served.workerdPid(), "SIGKILL");
    expect(await served.ended).toMatchObject({ code: 137 });
    expect(served.output).toContain("workerd exited unexpectedly with status 137");
  });

  it("answers 401 to all where neither API_TOKEN nor PUBLIC is set, and says so", async () => {
    await using served = await Served.ready(from(newState(), "--port", "0"));
    expect(served.output).toContain("closed: set API_TOKEN");
    expect((await send(served.url, acquirePath("x"))).status).toBe(401);
  });

  it.each([
    ["an empty API_TOKEN, PUBLIC", "PUBLIC=true", ["API_TOKEN:"], 200, "anyone who can reach it"],
    ["the same in a file", "PUBLIC=true\nAPI_TOKEN=\n", [], 200, "anyone who can reach it"],
    ["an empty one over a real one", "PUBLIC=true\nAPI_TOKEN=a", ["API_TOKEN:"], 200, "anyone"],
    ["an empty API_TOKEN alone", "API_TOKEN=", [], 401, "closed: set API_TOKEN"],
    ["PUBLIC that is false", "", ["PUBLIC:false"], 401, "closed: set API_TOKEN"],
    ["API_TOKEN and PUBLIC", "API_TOKEN=a", ["PUBLIC:true"], 401, "callers need an API_TOKEN"],
    ["a list of tokens", "", ['API_TOKEN:["a"]'], 401, "callers need an API_TOKEN"],
  ])("says who may call as it is: %s", async (_, lines, vars, status, said) => {
    const state = newState();
    const envFile = `${state}.env`;
    await writeFile(envFile, lines);
    const args = ["--port", "0", "--env-file", envFile, ...vars.flatMap((text) => ["--var", text])];
    await using served = await Served.ready(from(state, ...args));
    expect(served.output).toContain(said);
    expect((await send(served.url, acquirePath("x"))).status).toBe(status);
  });

  it("takes tokens from file and environment; they are on no command line, in no file, in no log", async () => {
    const state = newState();
    const envFile = join(dir, "secrets.env");
    await writeFile(envFile, 'API_TOKEN="file-tq7wzk"\n# as in .dev.vars\n');
    const args = ["--port", "0", "--env-file", envFile];
    const environment = { API_TOKEN: "hidden-by-the-file", ADMIN_TOKEN: "environment-zk5fgq" };
    await using served = await Served.ready(from(state, ...args), environment);
    expect(served.output).toContain("callers need an API_TOKEN");
    const as = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
    expect((await send(served.url, acquirePath("x"), as("file-tq7wzk"))).status).toBe(200);
    expect((await send(served.url, acquirePath("x"), as("hidden-by-the-file"))).status).toBe(401);
    const deletion = { method: "DELETE", ...as("environment-zk5fgq") };
    expect((await send(served.url, "/buckets/x", deletion)).status).toBe(204);
    const written = await Promise.all(
      (await readdir(state, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
    );
    const lines = (await processes()).map(({ command }) => command);
    for (const text of [served.output, ...written, ...lines]) {
      expect(text).not.toMatch(/tq7wzk|zk5fgq/);
    }
  });

  it("ten callers of a shell get ten lines, each as long as it is said to be", async () => {
    await using served = await Served.ready(from(newState(), ...OPEN));
    const url = `${served.url}${acquirePath("shell", "timeoutMs=0")}`;
    const run = promisify(execFile);
    // The first is granted, the others are refused.
    const lines = Array.from({ length: 10 }, () => run("curl", ["-s", url]));
    const printed = (await Promise.all(lines)).map(({ stdout }) => stdout).join("");
    expect(printed).toMatch(/^(\{.*\}\n){10}$/);
    for (const path of [acquirePath("shell", "timeoutMs=0"), "/healthz", "/openapi.json"]) {
      const response = await fetch(served.url + path);
      const body = await response.text();
      expect(response.headers.get("Content-Length")).toBe(String(Buffer.byteLength(body)));
      expect(body.endsWith("}\n")).toBe(true);
    }
  });

  it("raises the limit of open files to the hard one, for workerd too, and says so", async () => {
    const limits = "ulimit -Sn 300; ulimit -Hn 900";
    const args = from(newState(), ...OPEN).map((arg) => `'${arg}'`);
    const command = `${limits}; exec '${process.execPath}' -- serve/main.ts ${args.join(" ")}`;
    await using served = await Served.ready(["-c", command], {}, "sh");
    await served.until("Open files: at most 900, the hard limit (ulimit -Hn)");
    expect(served.output).toContain("enough for 300 concurrent requests");
    for (const pid of [served.pid, await served.workerdPid()]) {
      expect(await readFile(`/proc/${pid}/limits`, "utf8")).toMatch(/^Max open files +900 +900 /m);
    }
    expect(await acquire(served, "x")).toMatchObject({ remaining: 0 });
  });

  it("listens on IPv6, and by itself with --no-relay", async () => {
    await using served = await Served.ready(from(newState(), ...OPEN, "--host", "::1"));
    expect(served.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${served.url}/acquire?bucket=x`)).status).toBe(200);
    await using direct = await Served.ready(from(newState(), ...OPEN, "--no-relay"));
    expect(await acquire(direct, "x")).toMatchObject({ remaining: 0 });
    expect(await direct.terminate()).toMatchObject({ code: 0 });
  });

  it("ends a request that does not come to its end, and no other", async () => {
    const limits = ["--head-timeout", "1s", "--body-timeout", "1s", "--idle-timeout", "1s"];
    await using served = await Served.ready(from(newState(), ...OPEN, ...limits));
    await acquire(served, "x");
    const held = await HttpConnection.open(served.url);
    const answer = held.request(acquirePath("x", "timeoutMs=3600000"));
    await untilBucket(served, "x", ({ waiters }) => waiters === 1);
    const stuck = stalledUpload(served.url);
    const [late] = (await once(stuck, "data")) as [Buffer];
    expect(late.toString()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    await setTimeout(1_500);
    expect(await snapshotOf(served, "x")).toMatchObject({ waiters: 1, cancelled: 0 });
    const ending = served.terminate();
    expectStopping(await answer);
    await ending;
  });

  it("with --help prints what there is", async () => {
    const helped = new Served(["--help"]);
    expect(await helped.ended).toMatchObject({ code: 0 });
    expect(helped.output).toContain("--state DIR");
  });
});

describe.concurrent("npm run serve, told to end while callers wait", () => {
  it("tells ten of them, in two buckets, and newcomers, and ends", async () => {
    const state = newState();
    await using served = await Served.ready(from(state, ...OPEN));
    for (const bucket of ["a", "b"]) await acquire(served, bucket);
    const held = await Promise.all(["a", "b"].map((bucket) => arriveInTurn(served, bucket, 5)));
    const newcomer = await HttpConnection.open(served.url);
    const ending = served.terminate();
    const replies = await Promise.all(held.flat().map(({ answer }) => answer));
    expect(replies).toHaveLength(10);
    for (const answer of replies) expectStopping(answer);
    expectStopping(await newcomer.request(acquirePath("c")));
    const { code, tookMs } = await ending;
    expect({ code, isPrompt: tookMs < PROMPTLY_MS }).toEqual({ code: 0, isPrompt: true });
    await using again = await Served.ready(from(state, ...OPEN));
    // They took nothing, and nobody is expected back: a newcomer need not be gathered with them.
    for (const bucket of ["a", "b"]) {
      expect(await snapshotOf(again, bucket)).toMatchObject({ granted: 1, tokens: 0, waiters: 0 });
    }
    expect((await snapshotOf(again, "c")).granted).toBe(0);
  });

  it("tells 1,000 in 25 buckets", async () => {
    await using served = await Served.ready(from(newState(), ...OPEN));
    const connections: HttpConnection[] = [];
    while (connections.length < 1_000) {
      const some = Array.from({ length: 100 }, () => HttpConnection.open(served.url));
      connections.push(...(await Promise.all(some)));
    }
    const buckets = Array.from({ length: 25 }, (_, i) => `crowd${i}`);
    for (const bucket of buckets) await acquire(served, bucket);
    const answers = connections.map((connection, i) =>
      connection.request(acquirePath(buckets[i % buckets.length] as string)),
    );
    for (const bucket of buckets) {
      await untilBucket(served, bucket, ({ waiters }) => waiters === 40);
    }
    const { code } = await served.terminate();
    for (const answer of await Promise.all(answers)) expectStopping(answer);
    expect(code).toBe(0);
  });

  it("grants exactly what it told, with callers coming all the while", async () => {
    const state = newState();
    const buckets = ["quick1", "quick2", "quick3"];
    const replies = new Map(buckets.map((bucket) => [bucket, 0]));
    let turnedAway = 0;
    {
      await using served = await Served.ready(from(state, ...OPEN));
      const { url } = served;
      const callers = Array.from({ length: 60 }, async (_, i) => {
        const bucket = buckets[i % buckets.length] as string;
        for (;;) {
          // Once nobody listens any more, no request has begun.
          const connection = await HttpConnection.open(url).catch(() => undefined);
          if (!connection) return;
          const answer = await connection.request(acquirePath(bucket)).catch(() => undefined);
          if (answer?.status === 503) turnedAway += 1;
          if (answer?.status !== 200) return;
          replies.set(bucket, Number(replies.get(bucket)) + 1);
        }
      });
      while (Math.min(...replies.values()) < 50) await setTimeout(10);
      expect(await served.terminate()).toMatchObject({ code: 0 });
      await Promise.all(callers);
    }
    expect(turnedAway).toBeGreaterThan(0);
    await using again = await Served.ready(from(state, ...OPEN));
    for (const bucket of buckets) {
      const snapshot: BucketSnapshot = await snapshotOf(again, bucket);
      expect({ bucket, granted: snapshot.granted }).toEqual({
        bucket,
        granted: replies.get(bucket),
      });
    }
  });

  it("a key that was told 503 is as good as new afterwards", async () => {
    const state = newState();
    const headers = { "Idempotency-Key": '"once"' };
    {
      await using served = await Served.ready(from(state, ...OPEN));
      await acquire(served, "x");
      const held = await Promise.all([1, 2].map(() => HttpConnection.open(served.url)));
      const answers = held.map((connection) => connection.request(acquirePath("x"), { headers }));
      await untilBucket(served, "x", ({ waiters }) => waiters === 1);
      await setTimeout(100);
      await served.terminate();
      for (const answer of await Promise.all(answers)) expectStopping(answer);
    }
    const free = `POLICIES:{"*":${JSON.stringify({ ...SLOW, refillIntervalMs: 10 })}}`;
    await using again = await Served.ready(from(state, ...OPEN, "--var", free));
    expect((await send(again.url, acquirePath("x"), { headers })).status).toBe(200);
    expect(await snapshotOf(again, "x")).toMatchObject({ granted: 2 });
  });

  it.each([
    ["600s", 2_000],
    ["1500ms", 1_400],
    ["0s", 0],
  ])("does not wait long for what cannot be told, with --grace %s", async (grace, atLeastMs) => {
    await using served = await Served.ready(from(newState(), ...OPEN, "--grace", grace));
    const stuck = stalledUpload(served.url);
    await setTimeout(200);
    const { code, tookMs } = await served.terminate();
    stuck.destroy();
    expect(code).toBe(0);
    expect(tookMs).toBeGreaterThan(atLeastMs);
    expect(tookMs).toBeLessThan(PROMPTLY_MS);
  });

  it("ends at once at a second signal", async () => {
    await using served = await Served.ready(from(newState(), ...OPEN, "--grace", "600s"));
    await acquire(served, "x");
    const held = await HttpConnection.open(served.url);
    const stuck = stalledUpload(served.url);
    await setTimeout(200);
    const answer = held.request(acquirePath("x"));
    await untilBucket(served, "x", ({ waiters }) => waiters === 1);
    served.signal("SIGINT");
    expectStopping(await answer);
    // Longer than newcomers are told for: it is now that only the stuck one holds it.
    await setTimeout(1_000);
    served.signal("SIGINT");
    await served.ended;
    stuck.destroy();
  });
});

describe.concurrent("npm run serve, started wrong", () => {
  async function expectRefused(
    args: readonly string[],
    code: number,
    ...messages: readonly string[]
  ): Promise<void> {
    await using refused = new Served(args);
    const end = await refused.ended;
    for (const message of messages) expect(refused.output).toContain(message);
    expect(end, refused.output).toMatchObject({ code });
  }

  it.each([
    [["--port", "65536"], '--port must be an integer from 0 to 65535: got "65536"'],
    [["--port", "8o"], '--port must be an integer from 0 to 65535: got "8o"'],
    [["--host", "127.0.0.1:80"], 'got "127.0.0.1:80"'],
    [["--grace", "5"], '--grace must be a time from 0s to 600s, in s or ms: got "5"'],
    [["--grace", "601s"], 'got "601s"'],
    [
      ["--head-timeout", "0s"],
      '--head-timeout must be a time from 1s to 600s, in s or ms: got "0s"',
    ],
    [["--body-timeout", "999ms"], "--body-timeout must be a time from 1s to 600s"],
    [
      ["--idle-timeout", "1h"],
      '--idle-timeout must be a time from 1s to 600s, in s or ms: got "1h"',
    ],
    [["--no-relay", "--idle-timeout", "5s"], "--no-relay cannot be used with --head-timeout"],
    [["--var", "secret-without-a-colon"], "--var must be NAME:VALUE"],
    [["--var", "1X:y"], 'got "1X"'],
    [["--env-file", "/nowhere/secrets"], "--env-file: cannot read /nowhere/secrets"],
    [["--config", "/nowhere/wrangler.toml"], "--config: /nowhere/wrangler.toml does not exist"],
    [["--config", "x", "--bundle", "y"], "--config cannot be used with --bundle"],
    [["--bundle", "/nowhere"], "--bundle: there is no sluice-bundle.json in /nowhere"],
    [["--prot", "1"], "--prot"],
    [["x"], "'x'"],
  ])("%j", async (args, message) => {
    await expectRefused(["--state", newState(), ...args], 2, message);
  });

  it("without --state", () => expectRefused([], 2, "--state DIR is missing"));

  it("with an illegal policy: the field and its limit", async () => {
    const policies = 'POLICIES:{"*":{"capacity":0,"refillTokens":1,"refillIntervalMs":1000}}';
    const message = "capacity must be an integer from 1 to 1000000000: got 0";
    await expectRefused(from(newState(), "--port", "0", "--var", policies), 2, message);
  });

  it("on a port that somebody listens on", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await expectRefused(from(newState(), "--port", String(port)), 1, `--port: ${port} is in use`);
    other.close();
  });

  it("on an address that is not this machine's", async () => {
    const message = "--host: 192.0.2.1 is not an address of this machine";
    await expectRefused(from(newState(), "--port", "0", "--host", "192.0.2.1"), 1, message);
  });

  it("over a folder that cannot be made, or has too long a path", async () => {
    const file = join(dir, "file");
    await writeFile(file, "");
    await expectRefused(from(join(file, "state"), "--port", "0"), 1, "--state: cannot write to");
    const long = join(dir, "x".repeat(100));
    await mkdir(long);
    await expectRefused(from(long, "--port", "0"), 2, "is too long a path for a socket in it");
  });

  it("a second time over the same folder; the first goes on", async () => {
    const state = newState();
    await using served = await Served.ready(from(state, ...OPEN));
    await expectRefused(from(state, ...OPEN), 1, "is in use by another instance");
    expect(await acquire(served, "x")).toMatchObject({ remaining: 0 });
    // Two that start at the same moment: one of them wins.
    const contested = newState();
    const both = [1, 2].map(() => new Served(from(contested, ...OPEN)));
    const first = await Promise.race(both.map(({ ended }) => ended));
    expect(first).toMatchObject({ code: 1 });
    const left = both.filter(({ output }) => !output.includes("is in use by another instance"));
    expect(left).toHaveLength(1);
    for (const each of both) await each[Symbol.asyncDispose]();
  });

  it("over the folder of a workerd that has outlived its launcher", async () => {
    const state = newState();
    await mkdir(state, { recursive: true });
    const orphan = createServer();
    await new Promise<void>((resolve) => orphan.listen(join(state, "control.sock"), resolve));
    await expectRefused(from(state, ...OPEN), 1, "is still in use by a workerd");
    await new Promise((resolve) => orphan.close(resolve));
  });
});

it("a bundle names no folder of the machine that built it", async () => {
  const manifest = await readFile(join(bundle.bundleDir, "sluice-bundle.json"), "utf8");
  expect(manifest).toContain('"main": "index.ts"');
  expect(manifest).not.toContain(projectDir);
});

it("a bundle of another configuration has its policies, and says which bindings are left out", async () => {
  const configPath = join(dir, "wrangler.toml");
  const config = await readFile(join(projectDir, "wrangler.toml"), "utf8");
  const binding = '[[analytics_engine_datasets]]\nbinding = "POINTS"\n';
  await writeFile(configPath, `${config.replace('POLICIES."*"', 'POLICIES."only"')}\n${binding}`);
  const own = join(dir, "own-bundle");
  const building = new Served(["--write-bundle", own, "--config", configPath]);
  expect(await building.ended).toMatchObject({ code: 0 });
  expect(building.output).toContain(
    "Ignored bindings, which Sluice's own Worker doesn't have: analytics_engine_datasets\n",
  );
  const args = ["--bundle", own, "--state", newState(), "--port", "0", "--var", "PUBLIC:true"];
  await using served = await Served.ready(args);
  expect((await send(served.url, acquirePath("only"))).status).toBe(200);
  expect((await send(served.url, acquirePath("x"))).status).toBe(404);
});

it("a file with policies alone is enough, and one that binds no objects", async () => {
  const configPath = join(dir, "policies.jsonc");
  const vars = { PUBLIC: "true", POLICIES: { only: { limit: "5/1s" } } };
  for (const config of [{ vars }, { name: "limiter", compatibility_date: "2026-04-01", vars }]) {
    await writeFile(configPath, JSON.stringify(config));
    const args = ["--config", configPath, "--state", newState(), "--port", "0"];
    await using served = await Served.ready(args);
    expect(await acquire(served, "only")).toMatchObject({ remaining: 0 });
    expect((await send(served.url, acquirePath("x"))).status).toBe(404);
  }
});

describe("bundleWorker", () => {
  async function bundleOf(config: object, main?: string) {
    const configPath = join(dir, "wrangler.json");
    await writeFile(configPath, JSON.stringify(config));
    return bundleWorker({ configPath, main });
  }

  it("takes the date of the project's Worker, and its flags unless the file has some", async () => {
    const main = join(dir, "small.js");
    await writeFile(main, "export default { fetch: () => new Response() };");
    const whole = await bundleOf({}, main);
    expect(whole.config.compatibility_flags).toContain("enable_request_signal");
    const flagged = await bundleOf({ compatibility_flags: ["nodejs_compat"] }, main);
    expect(flagged.config.compatibility_flags).toEqual(["nodejs_compat"]);
    expect(flagged.config.compatibility_date).toBe(whole.config.compatibility_date);
    const dated = await bundleOf({ compatibility_date: "2026-04-01" }, main);
    expect(dated.config.compatibility_flags).toEqual([]);
  });

  it("takes the main module of the project if the file has none", async () => {
    const { modules } = await bundleOf({});
    expect(modules[0]?.name).toBe("index.js");
  });
});

describe("examples/self-hosted", () => {
  async function example(name: string): Promise<string> {
    return readFile(join(projectDir, "examples/self-hosted", name), "utf8");
  }

  it("the Dockerfile starts it with options that it has, as process 1, and builds from what it copies", async () => {
    const file = await example("Dockerfile");
    const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(file)?.[1] ?? "") as string[];
    expect(entrypoint.slice(0, 3)).toEqual(["node", "--", "serve/main.ts"]);
    expect(await readOptions(entrypoint.slice(3), { API_TOKEN: "a" })).toMatchObject({
      kind: "serve",
      stateDir: "/state",
      host: "0.0.0.0",
      port: 8787,
      vars: { API_TOKEN: "a" },
    });
    const build = /^RUN node -- serve\/main.ts (.*)$/m.exec(file)?.[1]?.split(" ") ?? [];
    expect(await readOptions(build, {})).toMatchObject({ kind: "write-bundle", dir: "/bundle" });
    const sources = [...file.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, from = ""]) =>
      from.split(" "),
    );
    const kept = (await example("Dockerfile.dockerignore")).split("\n");
    for (const source of sources) {
      expect(kept.map((line) => line.replace(/^!/, ""))).toContain(source);
      await access(join(projectDir, source));
    }
  });

  it("the Dockerfile's image has all that is needed to build and to start", async () => {
    const file = await example("Dockerfile");
    const image = join(dir, "image");
    const built = join(dir, "image-bundle");
    for (const [, from = "", to = ""] of file.matchAll(/^COPY (?!--from)(.*) (\S+)$/gm)) {
      for (const source of from.split(" ")) {
        const target = join(image, to, to.endsWith("/") ? basename(source) : "");
        // Nor what a build of before has left behind.
        const filter = (path: string): boolean => basename(path) !== "assets.ts";
        await cp(join(projectDir, source), target, { recursive: true, filter });
      }
    }
    await symlink(join(projectDir, "node_modules"), join(image, "node_modules"));
    const builds = [...file.matchAll(/^RUN node (.*)$/gm)].map(([, args = ""]) => args.split(" "));
    expect(builds).not.toHaveLength(0);
    for (const args of builds) {
      const own = args.map((arg) => (arg === "/bundle" ? built : arg));
      await promisify(execFile)(process.execPath, own, { cwd: image });
    }
    const args = ["--bundle", built, "--state", newState(), "--port", "0", "--var", "PUBLIC:true"];
    await using served = await Served.ready(args);
    expect((await send(served.url, acquirePath("x"))).status).toBe(200);
    const page = await fetch(served.url, { headers: { Accept: "text/html" } });
    expect(await page.text()).toContain("<title>Sluice</title>");
  });

  it("nginx.conf is what self-hosting.md shows", async () => {
    const blocks = blocksOfPage("docs/operate/self-hosting.md");
    const shown = blocks.find(({ language }) => language === "nginx");
    expect(await example("nginx.conf")).toContain(shown?.text.replace("# nginx.conf\n", ""));
  });

  it("the unit starts it with options that it has, and leaves it the time to end", async () => {
    const unit = (await example("sluice.service")).replaceAll("\\\n", " ");
    const line = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
    const envFile = join(dir, "unit.env");
    await writeFile(envFile, "API_TOKEN=a\n");
    const filled = line
      .replace("${STATE_DIRECTORY}", "/var/lib/sluice")
      .replace("${CREDENTIALS_DIRECTORY}/env", envFile);
    const [, dashes, main, ...args] = filled.trim().split(/\s+/);
    expect([dashes, main]).toEqual(["--", "serve/main.ts"]);
    const options = await readOptions(args, {});
    expect(options).toMatchObject({ kind: "serve", stateDir: "/var/lib/sluice" });
    const stopMs = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1_000;
    expect(stopMs).toBeGreaterThan(options.kind === "serve" ? options.graceMs : Infinity);
    expect(unit).toMatch(/^KillMode=mixed$/m);
  });
});
