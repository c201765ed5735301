/** The program `sluice`, as a process of its own, against the Worker in its runtime. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Relay } from "../../kit/http/relay.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

const program = join(projectDir, "src/cli/main.ts");

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    vars: {
      API_TOKEN: JSON.stringify(["told", { token: "narrow", buckets: ["minute:ls:warm"] }]),
      PUBLIC: "false",
    },
    policies: {
      "quick:*": { capacity: 3, refillTokens: 3, refillIntervalMs: 200 },
      "llm:*": {
        capacity: 3,
        refillTokens: 3,
        refillIntervalMs: 200,
        limits: { tpm: { capacity: 2_000, every: "day", timeZone: "Europe/Berlin" } },
      },
      "single:*": {
        capacity: 100,
        refillTokens: 100,
        refillIntervalMs: 100,
        hold: { maxMs: 60_000 },
        concurrency: { max: 1, ttlMs: 1_500 },
      },
      "slow:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 3_600_000, maxWaitMs: 3_600_000 },
      "minute:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 60_000, maxWaitMs: 3_600_000 },
    },
  });
});
afterAll(() => server?.stop());

interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<{ code: number; stdout: string; stderr: string }>;
}

function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SLUICE_URL: server.url, SLUICE_TOKEN: "told", ...env },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  const ended = once(child, "close").then(([code]) => ({ code: Number(code), ...output }));
  return { child, output, ended };
}

function sluice(...args: readonly string[]): Running["ended"] {
  return start(args).ended;
}

async function waiters(bucket: string): Promise<number> {
  const { stdout } = await sluice("inspect", bucket);
  return JSON.parse(stdout).waiters;
}

async function untilWaiting(bucket: string, count: number): Promise<void> {
  while ((await waiters(bucket)) !== count) await setTimeout(20);
}

describe("sluice acquire", () => {
  it("prints the grant and ends with 0", async () => {
    const { code, stdout, stderr } = await sluice("acquire", "quick:print", "--tokens", "2");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^granted 2 tokens of quick:print after \d+\.\d{3} s, 1 remaining\n$/);
  });

  it("takes tokens of several limits, and knows when one of them has never enough", async () => {
    const ask = ["acquire", "llm:print", "--tokens", "2", "--tokens"];
    const { stdout } = await sluice(...ask, "tpm=1200");
    expect(stdout).toMatch(/^granted 2 tokens of llm:print .*; 1200 of tpm, 800 remaining\n$/);
    expect(await sluice(...ask, "tpm=900", "--wait", "0", "--json")).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('"violatedPolicies":["llm:*/tpm"]'),
    });
    expect(await sluice(...ask, "tpm=2001")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("the capacity of tpm is 2000"),
    });
    expect(await sluice(...ask, "tmp=1")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('"tmp" is no limit of this bucket: rate, tpm'),
    });
    expect(await sluice(...ask, "TPM=1")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("A limit's name must be 1 to 32 characters"),
    });
    expect(JSON.parse((await sluice("inspect", "llm:print")).stdout)).toMatchObject({
      limits: { tpm: { every: "day", timeZone: "Europe/Berlin", tokens: 800 } },
    });
  });

  it("waits for its turn", async () => {
    await sluice("acquire", "quick:turn", "--tokens", "3");
    const { code, stdout } = await sluice("acquire", "quick:turn", "-t", "3", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, bucket: "quick:turn", tokens: 3 });
  });

  it("ends with 75 where it is refused for now, and prints the refusal on standard error", async () => {
    await sluice("acquire", "slow:refused");
    const { code, stdout, stderr } = await sluice("acquire", "slow:refused", "--wait", "0");
    expect({ code, stdout }).toEqual({ code: 75, stdout: "" });
    expect(stderr).toMatch(/^timeout: Cannot acquire 1 token within 0 ms.*; retry in (1 h|59 min)/);
  });

  it("ends with 64 where the bucket can never hold so many", async () => {
    expect(await sluice("acquire", "quick:many", "--tokens", "4", "--json")).toMatchObject({
      code: 64,
      stdout: "",
      stderr: expect.stringContaining('"reason":"exceeds-capacity"'),
    });
  });

  it("ends with 77 without a token that is known, and with 78 for a bucket that is not", async () => {
    const { code, stderr } = await start(["acquire", "quick:x"], { SLUICE_TOKEN: "wrong" }).ended;
    expect({ code, stderr }).toEqual({ code: 77, stderr: expect.stringContaining("unauthorized") });
    expect((await sluice("acquire", "none")).code).toBe(78);
  });

  it("ends with 64 for a name that is none, without asking", async () => {
    expect(
      await start(["acquire", "a b"], { SLUICE_URL: "http://127.0.0.1:9" }).ended,
    ).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("bucket must be"),
    });
  });

  it("says nothing with --quiet", async () => {
    expect(await sluice("acquire", "quick:quiet", "-q")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("goes on without a token where Sluice is unavailable and --on-unavailable is open", async () => {
    const broken = createServer((_, response) => response.writeHead(503).end());
    await once(broken.listen(0, "127.0.0.1"), "listening");
    const { port } = broken.address() as AddressInfo;
    const env = { SLUICE_URL: `http://127.0.0.1:${port}` };
    const args = ["acquire", "quick:x", "--wait", "0"];
    const [thrown, closed, open] = await Promise.all([
      start(args, env).ended,
      start([...args, "--on-unavailable", "closed"], env).ended,
      start([...args, "--on-unavailable", "open", "--", "echo", "went on"], env).ended,
    ]);
    broken.close();
    expect([thrown?.code, closed?.code, open?.code]).toEqual([69, 69, 0]);
    expect(open?.stdout).toBe("went on\n");
    expect(open?.stderr).toContain("sluice: unavailable: Got status 503\n");
    expect(open?.stderr).toContain("continuing without a token");
  });

  it("needs nothing of its environment but what it is told by", async () => {
    const bare = { SLUICE_URL: server.url, SLUICE_TOKEN: "told" };
    const child = spawn(process.execPath, [program, "acquire", "quick:bare"], { env: bare });
    const [code] = await once(child, "close");
    expect(code).toBe(0);
  });

  it("ends as it would where nobody reads what it says", async () => {
    await sluice("acquire", "slow:unread");
    for (const [bucket, code] of [
      ["quick:unread", 0],
      ["slow:unread", 75],
    ] as const) {
      const { child, ended } = start(["acquire", bucket, "--wait", "0"]);
      child.stdout?.destroy();
      child.stderr?.destroy();
      expect(await ended).toMatchObject({ code });
    }
  });

  it("gives its place up and ends with 130 when it is interrupted", async () => {
    await sluice("acquire", "slow:interrupt");
    const waiting = start(["acquire", "slow:interrupt", "--wait", "1h"]);
    await untilWaiting("slow:interrupt", 1);
    waiting.child.kill("SIGINT");
    expect(await waiting.ended).toMatchObject({ code: 130, stdout: "" });
    await untilWaiting("slow:interrupt", 0);
  });
});

describe("sluice acquire -- command", () => {
  it("runs the command once the tokens are there; standard output is the command's", async () => {
    expect(
      await sluice(
        "acquire",
        "quick:run",
        "--json",
        "--",
        process.execPath,
        "-e",
        "console.log(process.argv[1])",
        "--",
        "-x",
      ),
    ).toMatchObject({ code: 0, stdout: "-x\n", stderr: expect.stringContaining('"ok":true') });
  });

  it("does not run it where it is refused", async () => {
    await sluice("acquire", "slow:norun");
    const { code, stdout } = await sluice("acquire", "slow:norun", "-w", "0", "--", "echo", "ran");
    expect({ code, stdout }).toEqual({ code: 75, stdout: "" });
  });

  it("ends with the command's code", async () => {
    expect((await sluice("acquire", "quick:code", "--", "sh", "-c", "exit 7")).code).toBe(7);
  });

  it("ends with 127 where there is no such command, with 126 where it cannot be run", async () => {
    expect((await sluice("acquire", "quick:none", "--", "no-such-command")).code).toBe(127);
    for (const path of [projectDir, join(program, "x"), "x".repeat(5_000)]) {
      const { code, stderr } = await sluice("acquire", "quick:dir", "--", path);
      expect({ code, stderr }).toEqual({
        code: 126,
        stderr: expect.stringContaining(": spawn "),
      });
    }
  });

  it("passes a signal on and ends with 128 and its number", async () => {
    const running = start([
      "acquire",
      "quick:signal",
      "-q",
      "--",
      "sh",
      "-c",
      "echo on; exec sleep 60",
    ]);
    await once(running.child.stdout!, "data");
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(143);
  });
});

describe("sluice run", () => {
  const held = async (bucket: string): Promise<number> => {
    const { stdout } = await sluice("inspect", bucket);
    return JSON.parse(stdout).permits.held;
  };
  const untilHeld = async (bucket: string, count: number): Promise<void> => {
    while ((await held(bucket)) !== count) await setTimeout(20);
  };
  /** Prints its process id, and goes on until it is ended. */
  const goesOn = [
    "--",
    process.execPath,
    "-e",
    "console.log(process.pid); setInterval(() => 0, 1000)",
  ];
  const exits = ["--", process.execPath, "-e"];

  it("keeps its permit for as long as the command runs, and gives it back", async () => {
    const bucket = "single:kept";
    const script = "setTimeout(() => process.exit(3), 2500)";
    const first = start(["run", bucket, "--concurrency", "-q", ...exits, script]);
    await untilHeld(bucket, 1);
    const startedAtMs = performance.now();
    const second = await sluice("run", bucket, "-q", ...exits, "process.stdout.write('second')");
    expect(second).toMatchObject({ code: 0, stdout: "second", stderr: "" });
    // Longer than the permit lasts by itself.
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_600);
    expect(await first.ended).toMatchObject({ code: 3 });
    expect(await held(bucket)).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("gives its permit back on %s", async (name) => {
    const bucket = `single:${name}`;
    const { child, output, ended } = start(["run", bucket, "-q", ...goesOn]);
    while (output.stdout === "") await setTimeout(20);
    expect(await held(bucket)).toBe(1);
    child.kill(name);
    expect((await ended).code).toBe({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[name]);
    expect(await held(bucket)).toBe(0);
  });

  it("loses its permit when it is killed, after the permit's time", async () => {
    const bucket = "single:killed";
    const { child, output } = start(["run", bucket, "-q", ...goesOn]);
    while (output.stdout === "") await setTimeout(20);
    const startedAtMs = performance.now();
    child.kill("SIGKILL");
    // Nothing tells the command.
    process.kill(Number(output.stdout));
    const next = await sluice("run", bucket, "-q", ...exits, "process.stdout.write('next')");
    expect(next).toMatchObject({ code: 0, stdout: "next" });
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });

  it("ends the command, and with 76, if its permit is lost", async () => {
    const bucket = "single:lost";
    const release = `
      const address = process.env.SLUICE_URL + "/buckets/${bucket}/permits/" + process.env.SLUICE_PERMIT;
      const headers = { Authorization: "Bearer " + process.env.SLUICE_TOKEN };
      fetch(address, { method: "DELETE", headers });
      setInterval(() => 0, 1000);
    `;
    const { code, stderr } = await sluice("run", bucket, "-q", ...exits, release);
    expect(stderr).toMatch(/^sluice: The permit with fence \d+ is lost: its time was up, or/);
    expect(code).toBe(76);
  });

  it("tells the command its fence and its hold", async () => {
    const script = "console.log(process.env.SLUICE_FENCE > 0, process.env.SLUICE_HOLD.length)";
    const args = ["run", "single:told", "--hold", "10s", "-q", ...exits, script];
    expect(await sluice(...args)).toMatchObject({ code: 0, stdout: "true 36\n" });
    const { stdout } = await sluice("inspect", "single:told");
    expect(JSON.parse(stdout)).toMatchObject({ permits: { held: 0 }, heldTokens: { rate: 0 } });
  });

  it("ends with 78 if the bucket gives no permits, and doesn't run the command", async () => {
    const { code, stdout, stderr } = await sluice("run", "quick:none", "--concurrency", ...goesOn);
    expect([code, stdout]).toEqual([78, ""]);
    expect(stderr).toContain("quick:none gives no permits: its policy needs concurrency");
  });
});

describe("sluice ls", () => {
  /** Keeps callers waiting until the test ends, so that the bucket is listed. */
  function keepWaiting(bucket: string, count: number): AsyncDisposable {
    const callers = Array.from({ length: count }, () => start(["acquire", bucket]));
    return {
      [Symbol.asyncDispose]: async () => {
        for (const { child } of callers) child.kill("SIGTERM");
        await Promise.all(callers.map(({ ended }) => ended));
      },
    };
  }

  /** What it prints once that is so: a bucket is listed some seconds after its callers have come. */
  async function untilListed(shown: RegExp, ...args: readonly string[]): Promise<string> {
    for (;;) {
      const { stdout } = await sluice("ls", ...args);
      if (shown.test(stdout)) return stdout;
      await setTimeout(200);
    }
  }

  it("lists what is busy, and nothing else; sorted, cut, and with what a scoped token may read", async () => {
    expect(await sluice("ls", "--prefix", "minute:ls:")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining(`sluice bench ${server.url} --bucket minute:ls:demo`),
    });
    await using callers = new AsyncDisposableStack();
    callers.use(keepWaiting("minute:ls:hot", 4));
    callers.use(keepWaiting("minute:ls:warm", 2));
    await untilListed(/minute:ls:warm .* 1  /);
    const table = await untilListed(/minute:ls:hot .* 3  /, "--prefix", "minute:ls:");
    expect(table.split("\n")).toEqual([
      "BUCKET          POLICY    TOKENS  WAITING  GRANTED/S  REFUSED/S  HEAD WAIT  P95 WAIT",
      expect.stringMatching(/^minute:ls:hot {3}minute:\* {2}0 of 1 {8}3 {2}.* \d+\.\d+ s {2}/),
      expect.stringMatching(/^minute:ls:warm {2}minute:\* {2}0 of 1 {8}1 {2}/),
      "",
    ]);
    const json = await sluice(
      "ls",
      ..."--prefix minute:ls: --sort name --limit 1 --json".split(" "),
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      buckets: [{ bucket: "minute:ls:hot", waiters: 3, capacity: 1 }],
      omitted: 1,
    });
    const cut = await sluice("ls", "--prefix", "minute:ls:", "--limit", "1");
    expect(cut.stdout).toMatch(/\n1 more: ask with --limit, or --prefix\n$/);
    const scoped = await start(["ls", "--prefix", "minute:", "--json"], { SLUICE_TOKEN: "narrow" })
      .ended;
    expect(JSON.parse(scoped.stdout)).toMatchObject({
      buckets: [{ bucket: "minute:ls:warm" }],
      omitted: 0,
    });
    expect(await start(["ls"], { SLUICE_TOKEN: "wrong" }).ended).toMatchObject({ code: 77 });
  });

  it("goes on with --watch: lines of JSON, or drawn in a terminal, which is left as it was", async () => {
    await using callers = new AsyncDisposableStack();
    callers.use(keepWaiting("minute:ls:drawn", 3));
    await untilListed(/minute:ls:drawn .* 2  /);
    const watching = start(["ls", "--watch", "--prefix", "minute:ls:drawn"]);
    while (watching.output.stdout.split("\n").length < 3) await setTimeout(20);
    watching.child.kill("SIGTERM");
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split("\n")) {
      expect(JSON.parse(line)).toMatchObject({
        buckets: [{ bucket: "minute:ls:drawn", waiters: 2 }],
      });
    }

    await using relay = await Relay.open(Number(new URL(server.url).port));
    const command = `stty cols 60; ${process.execPath} ${program} ls --watch`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, SLUICE_URL: relay.url, SLUICE_TOKEN: "told" },
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    while (!text.includes("minute:ls:d…")) await setTimeout(20);
    relay.cut();
    await relay[Symbol.asyncDispose]();
    while (!text.includes("connection lost, reconnecting")) await setTimeout(20);
    child.stdin.write("\u0003");
    await once(child, "close");
    expect(text.startsWith("\u001B[?1049h")).toBe(true);
    expect(text.trimEnd().endsWith("\u001B[?1049l")).toBe(true);
    // eslint-disable-next-line no-control-regex -- of a terminal.
    const drawn = text.split(/\r\n|\u001B\[[?\d]*[a-zA-Z]/);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(60);
  });
});

describe("sluice watch", () => {
  it("prints a line of JSON for each change where it is no terminal, and ends with 0 on SIGTERM", async () => {
    const watching = start(["watch", "quick:watch"]);
    const lines = () => watching.output.stdout.split("\n").length - 1;
    while (lines() === 0) await setTimeout(20);
    await sluice("acquire", "quick:watch");
    while (lines() === 1) await setTimeout(20);
    watching.child.kill("SIGTERM");
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const messages = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(messages[0]).toMatchObject({
      snapshot: { bucket: "quick:watch", tokens: 3 },
      events: [],
    });
    expect(messages.flatMap(({ events }) => events)).toMatchObject([
      { kind: "granted", tokens: 1 },
    ]);
  });

  it("ends at a signal, too, if nothing answers any more", async () => {
    await using relay = await Relay.open(Number(new URL(server.url).port));
    const { child, output, ended } = start(["watch", "quick:mute"], { SLUICE_URL: relay.url });
    while (output.stdout === "") await setTimeout(20);
    relay.silence();
    child.kill("SIGINT");
    const hasEnded = await Promise.race([ended.then(() => true), setTimeout(5_000, false)]);
    child.kill("SIGKILL");
    expect([hasEnded, (await ended).code]).toEqual([true, 0]);
  });

  it("says that it has no connection, and goes on when it has one again", async () => {
    await using relay = await Relay.open(Number(new URL(server.url).port));
    const { child, output, ended } = start(["watch", "quick:lost"], { SLUICE_URL: relay.url });
    const lines = () => output.stdout.split("\n").length - 1;
    while (lines() === 0) await setTimeout(20);
    expect(output.stderr).toBe("");
    relay.cut();
    while (lines() === 1) await setTimeout(20);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({
      code: 0,
      stderr: "sluice: connection lost, reconnecting\n",
    });
    const [, second] = output.stdout.split("\n");
    expect(JSON.parse(second ?? "")).toMatchObject({ isFirst: true, events: [] });
  });

  it("ends where nobody reads it any more", async () => {
    const { child, output, ended } = start(["watch", "quick:unread-watch"]);
    while (output.stdout === "") await setTimeout(20);
    child.stdout?.destroy();
    await sluice("acquire", "quick:unread-watch");
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("draws in a terminal, and leaves it as it was", async () => {
    await using relay = await Relay.open(Number(new URL(server.url).port));
    // A terminal, as `script` makes one.
    const command = `stty cols 50; ${process.execPath} ${program} watch quick:draw`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, SLUICE_URL: relay.url, SLUICE_TOKEN: "told" },
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    while (!text.includes("3 of 3")) await setTimeout(20);
    await sluice("acquire", "quick:draw");
    while (!text.includes("granted    #")) await setTimeout(20);
    relay.cut();
    while (!text.includes("connection lost, reconnecting")) await setTimeout(20);
    child.stdin.write("\u0003");
    await once(child, "close");
    expect(text.startsWith("\u001B[?1049h")).toBe(true);
    expect(text.trimEnd().endsWith("\u001B[?1049l")).toBe(true);
    expect(text).toContain('policy "quick:*": capacity 3, 3');
    // eslint-disable-next-line no-control-regex -- of a terminal.
    const drawn = text.split(/\r\n|\u001B\[[?\d]*[a-zA-Z]/);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(50);
  });

  it("ends with 78 for a bucket that is not there, with 77 without a token", async () => {
    expect((await sluice("watch", "none")).code).toBe(78);
    expect((await start(["watch", "quick:x"], { SLUICE_TOKEN: "" }).ended).code).toBe(77);
  });
});

describe.each(["http", "session"] as const)("sluice bench --transport %s", (transport) => {
  // The runtime doesn't notice that callers over HTTP have left.
  const untilLeft = async (bucket: string): Promise<void> => {
    if (transport === "session") await untilWaiting(bucket, 0);
  };
  const run = (line: string): Running =>
    start(["bench", "--transport", transport, ...line.split(" ")]);

  it("counts every answer by status and reason", async () => {
    const { code, stdout, stderr } = await run(
      `${server.url} --bucket slow:bench-${transport} --duration 2s --connections 4 --json`,
    ).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { requests, answers, latencyMs } = JSON.parse(stdout);
    expect(answers).toEqual({ "200": 1, "429 timeout": requests - 1 });
    expect(requests).toBeGreaterThan(1);
    expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.max);
  });

  it("is over when its time is, though callers still wait", async () => {
    const bucket = `minute:bench-wait-${transport}`;
    const { code, stdout } = await run(`${server.url} -b ${bucket} -w 1h -d 1s -c 3 --json`).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ requests: 1, answers: { "200": 1 } });
    await untilLeft(bucket);
  });

  it("ends when it is interrupted, with the results so far", async () => {
    const bucket = `minute:bench-stop-${transport}`;
    const { child, ended } = run(`${server.url} -b ${bucket} -w 1h -d 10m -c 3`);
    await untilWaiting(bucket, 3);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining("200: 1\n") });
    await untilLeft(bucket);
  });

  it("ends with 69 where nothing answers", async () => {
    const { code, stdout } = await run("http://127.0.0.1:9 -d 100ms -c 1").ended;
    expect({ code, stdout }).toMatchObject({
      code: 69,
      stdout: expect.stringContaining("failed: "),
    });
  });
});

describe("sluice bench --transport session", () => {
  it("sends everything on one session", async () => {
    const bench = start([
      "bench",
      server.url,
      ..."--transport session -b minute:bench-one -w 1h -d 10m -c 20".split(" "),
    ]);
    await untilWaiting("minute:bench-one", 20);
    const { stdout } = await sluice("inspect", "minute:bench-one");
    expect(JSON.parse(stdout)).toMatchObject({ sessions: 1, granted: 1 });
    bench.child.kill("SIGTERM");
    expect(await bench.ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 answers in .*, 20 callers on one session, bucket minute:/),
    });
  });

  it("measures nothing else if there is no session, and says how to find out why", async () => {
    const args = ["bench", server.url, "--transport", "session", "-d", "3s", "-c", "2"];
    const { code, stdout, stderr } = await start(args, { SLUICE_TOKEN: "wrong" }).ended;
    expect(code).toBe(69);
    expect(stdout).toMatch(/^0 answers in .*\nanswers: failed: \d+\n$/s);
    expect(stderr).toBe(
      "sluice: The session could not be opened, or broke off: --transport http may say why\n",
    );
  });

  it("checks what it is to ask for, as a client does", async () => {
    const args = ["bench", server.url, "--transport", "session", "-b", "no bucket"];
    expect(await start(args).ended).toMatchObject({
      code: 64,
      stdout: "",
      stderr: expect.stringContaining('got "no bucket"'),
    });
  });
});

describe("sluice", () => {
  it("prints its version, and how it is used", async () => {
    expect(await sluice("--version")).toMatchObject({ code: 0, stdout: "0.1.0\n" });
    expect((await sluice("--help")).stdout).toContain("sluice acquire BUCKET");
    expect(await sluice()).toMatchObject({ code: 64, stdout: "" });
  });

  it("doesn't start on a Node that is too old", async () => {
    // This Node, which claims to be an older one.
    const claim = 'Object.defineProperty(process,"versions",{value:{node:"20.20.2"}})';
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(claim)}`;
    const args = ["bench", server.url, "--duration", "3s"];
    expect(await start(args, { NODE_OPTIONS }).ended).toEqual({
      code: 78,
      stdout: "",
      stderr: "sluice: Cannot run on Node 20.20.2: install Node 22.18 or newer\n",
    });
  });
});
