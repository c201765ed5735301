/**
 * Paced fetches that share a bucket: a real Sluice, a real API that has a limit of its own and says so, and
 * callers in several processes.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { createClient } from "../../../src/client/client.ts";
import { createPacedFetch } from "../../../src/client/paced-fetch/paced-fetch.ts";
import { bundleModule } from "../../../kit/client/client-runs.ts";
import { LimitedApi } from "../../../kit/client/limited-api.ts";
import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";
import { runCommand, type Runtime } from "../../runtimes/commands.ts";

/**
 * Of 40 calls that get through in four windows. The bucket gives 4 at a time, so of each third handful two
 * are too many, and more are on their way where the machine is busy: 4 to 13 in all, and 34 were seen beside
 * other work. Without the pauses each window would refuse 70, and no call would come through after its fifth
 * retry.
 */
const MAX_REFUSED = 60;

/**
 * Of 60 calls that get through in three windows. Each of two processes runs into the end of each window by
 * itself: 3 to 11 in all, and 20 were seen beside other work. How exactly a process holds its own calls back
 * is paced-fetch.test.ts's to show, in virtual time.
 */
const MAX_REFUSED_WITHOUT_RIGHT = 40;

/** A token that may do what a paced fetch does. */
const API_TOKEN = [
  { token: "paces", may: ["acquire", "pause"] },
  { token: "acquires", may: ["acquire"] },
  { token: "reads", may: ["read"] },
];

let dir: string;
let sluice: WorkerdServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-paced-"));
  await writeFile(join(dir, "caller.mjs"), await bundleModule("paced-caller.ts"));
  sluice = await startWorkerd({
    vars: { API_TOKEN: JSON.stringify(API_TOKEN) },
    policies: {
      // Far more than the API takes: what it says has to hold them back.
      "forty-a-second:*": { capacity: 1, refillTokens: 1, refillIntervalMs: 25 },
      "*": { capacity: 4, refillTokens: 4, refillIntervalMs: 100, initialTokens: 4 },
    },
  });
});
afterAll(async () => {
  await sluice?.stop();
  await rm(dir, { recursive: true, force: true });
});

const clientOf = (token: string) => createClient({ url: sluice.url, token });

async function callFrom(runtime: Runtime, bucket: string, api: LimitedApi, calls: number) {
  return (await callWith("paces", runtime, bucket, api, calls)).statuses;
}

async function callWith(
  token: string,
  runtime: Runtime,
  bucket: string,
  api: LimitedApi,
  calls: number,
) {
  const [command, ...args] = runCommand(runtime);
  const call = [sluice.url, token, bucket, api.url, String(calls)];
  const { stdout, stderr } = await promisify(execFile)(command, [...args, "caller.mjs", ...call], {
    cwd: dir,
  });
  return { statuses: JSON.parse(stdout) as number[], stderr };
}

describe("two processes share a bucket", () => {
  it.each<readonly [string, boolean, Runtime]>([
    ["what is refused in one", false, "Deno"],
    ["what is said to be left in one", true, "Bun"],
  ])("%s holds both, and all get through", async (_, reportsRemaining, other) => {
    await using api = await LimitedApi.start({ limit: 10, windowMs: 2_000, reportsRemaining });
    const bucket = `processes-${reportsRemaining}`;
    const statuses = await Promise.all([
      callFrom("Node", bucket, api, 20),
      callFrom(other, bucket, api, 20),
    ]);
    expect(statuses.flat()).toEqual(Array.from({ length: 40 }, () => 200));
    expect(api.count(200)).toBe(40);
    expect(api.count(429)).toBeLessThanOrEqual(MAX_REFUSED);
    expect(api.requests.every(({ body }) => body === "x")).toBe(true);
  });
});

describe("two processes without the right to pause", () => {
  it("hold back by themselves, say so once each, and all get through", async () => {
    await using api = await LimitedApi.start({ limit: 20, windowMs: 2_000 });
    const bucket = "forty-a-second:processes";
    const runs = await Promise.all(
      ["Node", "Node"].map(() => callWith("acquires", "Node", bucket, api, 30)),
    );
    const statuses = runs.flatMap((run) => run.statuses);
    expect(statuses).toEqual(Array.from({ length: 60 }, () => 200));
    expect(api.count(429)).toBeLessThanOrEqual(MAX_REFUSED_WITHOUT_RIGHT);
    for (const { stderr } of runs) {
      expect(stderr.match(/Cannot pause bucket/g)).toHaveLength(1);
      expect(stderr).toContain('Give the client an API key with the right "pause" on it');
    }
  });
});

describe("two clients share a bucket", () => {
  it("where one is told 429, the other waits for the same instant", async () => {
    await using api = await LimitedApi.start({ limit: 1, windowMs: 2_000 });
    const paced = [1, 2].map(() =>
      createPacedFetch({ client: clientOf("paces"), bucket: "two", retries: 3 }),
    );
    const [one, two] = paced as [typeof fetch, typeof fetch];
    expect((await one(`${api.url}/one`)).status).toBe(200);
    expect((await one(`${api.url}/one`, { method: "POST" })).status).toBe(429);
    const { untilMs, pausedUntilMs } = await pauseOf("two");
    expect(pausedUntilMs).toBeGreaterThan(Date.now() + 500);
    expect((await two(`${api.url}/two`)).status).toBe(200);
    const arrived = api.requests.find(({ path }) => path === "/two");
    expect(arrived).toMatchObject({ status: 200 });
    expect(arrived?.atMs).toBeGreaterThanOrEqual(untilMs - 5);
    expect(api.count(429)).toBe(1);
  });

  it("a token that may not pause breaks nothing: each holds back by itself", async () => {
    const warnings = vi.spyOn(console, "warn").mockReturnValue();
    await using api = await LimitedApi.start({ limit: 1, windowMs: 2_000 });
    const onPauseFailed = vi.fn();
    const client = clientOf("acquires");
    const paced = createPacedFetch({ client, bucket: "lesser", retries: 3, onPauseFailed });
    const statuses = [await paced(api.url), await paced(api.url)].map(({ status }) => status);
    expect(statuses).toEqual([200, 200]);
    const [first, , third] = api.requests;
    expect(third!.atMs - first!.atMs).toBeGreaterThanOrEqual(1_900);
    expect(onPauseFailed).toHaveBeenCalledTimes(1);
    expect(onPauseFailed.mock.calls[0]).toMatchObject([
      { name: "SluiceError", reason: "unauthorized" },
      { bucket: "lesser", tokens: 0 },
    ]);
    expect((await pauseOf("lesser")).pausedUntilMs).toBeUndefined();
    expect(warnings).toHaveBeenCalledTimes(1);
    warnings.mockRestore();
  });

  it("a caller that leaves in a pause gives its place up", async () => {
    await using api = await LimitedApi.start({ limit: 0, windowMs: 30_000 });
    const paced = createPacedFetch({ client: clientOf("paces"), bucket: "left", retries: 3 });
    const controller = new AbortController();
    const call = paced(api.url, { signal: controller.signal }).catch((error: unknown) => error);
    await vi.waitFor(
      async () => expect(await bucketOf("left")).toMatchObject({ waiters: 1 }),
      5_000,
    );
    controller.abort(new Error("left"));
    expect(await call).toMatchObject({ message: "left" });
    expect(api.requests).toHaveLength(1);
  });
});

const bucketOf = (bucket: string) => clientOf("reads").inspect(bucket);

async function pauseOf(bucket: string) {
  const { pausedUntilMs } = (await bucketOf(bucket)) as { pausedUntilMs?: number };
  return { untilMs: pausedUntilMs ?? 0, pausedUntilMs };
}
