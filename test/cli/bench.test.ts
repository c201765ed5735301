import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { bench, type BenchCommand } from "../../src/cli/bench.ts";
import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";

const command: BenchCommand = {
  url: "http://sluice.test",
  token: "t",
  bucket: "b",
  transport: "http",
  connections: 2,
  durationMs: 1_000,
  asked: { timeoutMs: 0 },
  isJson: true,
};

/** Every request is answered after 100 ms. */
function answer(respond: (url: string) => Response): void {
  vi.stubGlobal("fetch", async (url: string, { signal }: RequestInit) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    signal?.throwIfAborted();
    return respond(url);
  });
}

async function run(options: Partial<BenchCommand> = {}) {
  const terminal = fakeTerminal(AbortSignal.timeout(60_000));
  const ended = bench({ ...command, ...options }, terminal);
  await vi.advanceTimersByTimeAsync(2_000);
  return { code: await ended, terminal };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(AbortSignal, "timeout").mockImplementation((durationMs) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), durationMs);
    return controller.signal;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("bench", () => {
  it("counts answers by status and reason, and measures their latency", async () => {
    const answers = [
      (): Response => new Response("{}"),
      (): Response => Response.json({ reason: "timeout" }, { status: 429 }),
    ];
    let count = 0;
    answer(() => answers[count++ % 2]?.() ?? Response.error());
    const { code, terminal } = await run();
    expect(code).toBe(0);
    const { requests, answers: counted, latencyMs } = JSON.parse(terminal.printed[0] ?? "{}");
    expect(requests).toBe(18);
    expect(counted).toEqual({ "200": 9, "429 timeout": 9 });
    expect(latencyMs).toEqual({ p50: 100, p90: 100, p99: 100, max: 100 });
    expect(terminal.progress[0]).toBe("0.5 s, 8 answers");
  });

  it("writes the same for people", async () => {
    answer(() => new Response("{}"));
    const { terminal } = await run({ isJson: false });
    expect(terminal.printed).toEqual([
      expect.stringMatching(/^18 answers in [\d.]+ s, \d+ per second, 2 connections, bucket b$/),
      "latency in ms: p50 100, p90 100, p99 100, max 100",
      "answers: 200: 18",
    ]);
  });

  it.each<[BenchCommand["asked"], string]>([
    [{ timeoutMs: 0 }, "bucket=b&timeoutMs=0"],
    [{ tokens: 3, timeoutMs: 5_000 }, "bucket=b&tokens=3&timeoutMs=5000"],
    [
      { tokens: 0, limits: { tpm: 800, "a&b": 1 }, timeoutMs: 0 },
      "bucket=b&tokens=0&timeoutMs=0&tokens.tpm=800&tokens.a%26b=1",
    ],
  ])("asks for %j each time", async (asked, query) => {
    const urls = new Set<string>();
    answer((url) => {
      urls.add(url);
      return new Response("{}");
    });
    await run({ asked });
    expect([...urls]).toEqual([`http://sluice.test/acquire?${query}`]);
  });

  it("ends with 69 if nothing was answered", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("down")));
    const { code, terminal } = await run();
    expect(code).toBe(69);
    expect(JSON.parse(terminal.printed[0] ?? "{}")).toMatchObject({
      requests: 0,
      answers: { failed: expect.any(Number) },
    });
  });
});
