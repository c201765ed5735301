import { describe, expect, it } from "vitest";

import type { AcquireOutcome } from "../../src/client/acquire-outcome.ts";
import type { AcquireOptions, Client } from "../../src/client/client.ts";

import { acquire, type AcquireCommand } from "../../src/cli/acquire.ts";
import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";

const granted = {
  ok: true,
  bucket: "b",
  tokens: 2,
  remaining: 3,
  waitedMs: 1_500,
  grantedAtMs: 5,
} as const;
const refused = {
  ok: false,
  bucket: "b",
  tokens: 2,
  reason: "timeout",
  detail: "Cannot acquire 2 tokens within 0 ms",
  retryAfterMs: 61_000,
} as const;

const command: AcquireCommand = {
  bucket: "b",
  asked: { tokens: 2 },
  needsPermit: false,
  isJson: false,
  isQuiet: false,
  command: [],
};

function clientThat(acquireOf: (options: AcquireOptions) => Promise<AcquireOutcome>): Client {
  return { acquire: (_: string, options: AcquireOptions) => acquireOf(options) } as Client;
}

describe("acquire", () => {
  it.each<readonly [string, AcquireOutcome, Partial<AcquireCommand>, number, string[], string[]]>([
    ["a grant", granted, {}, 0, ["granted 2 tokens of b after 1.500 s, 3 remaining"], []],
    [
      "a grant of one",
      { ...granted, tokens: 1 },
      {},
      0,
      ["granted 1 token of b after 1.500 s, 3 remaining"],
      [],
    ],
    [
      "a grant of several limits",
      { ...granted, limits: { tpm: { tokens: 1_200, remaining: 0 } } },
      {},
      0,
      ["granted 2 tokens of b after 1.500 s, 3 remaining; 1200 of tpm, 0 remaining"],
      [],
    ],
    [
      "a permit and a hold",
      {
        ...granted,
        hold: { id: "h", expiresAtMs: 60_005 },
        permit: { id: "h", fence: 9, expiresAtMs: 5_005 },
      },
      {},
      0,
      [
        "granted 2 tokens of b after 1.500 s, 3 remaining; permit h, fence 9, for 5.000 s; hold h, for 1 min",
      ],
      [],
    ],
    [
      "a bucket without permits where one is needed",
      granted,
      { needsPermit: true, isQuiet: true },
      78,
      [],
      [
        'sluice: b gives no permits: its policy needs concurrency, such as concurrency = { max = 3, ttl = "30s" }',
      ],
    ],
    [
      "a grant without Sluice",
      { ...granted, isUnmetered: true },
      {},
      0,
      ["Sluice cannot be reached: continuing without a token"],
      [],
    ],
    [
      "a refusal",
      refused,
      {},
      75,
      [],
      ["timeout: Cannot acquire 2 tokens within 0 ms; retry in 1 min 1 s"],
    ],
    [
      "a refusal that a permit decides",
      { ...refused, estimate: true },
      {},
      75,
      [],
      ["timeout: Cannot acquire 2 tokens within 0 ms; retry in about 1 min 1 s"],
    ],
    ["a grant as JSON", granted, { isJson: true }, 0, [JSON.stringify(granted)], []],
    ["a refusal as JSON", refused, { isJson: true }, 75, [], [JSON.stringify(refused)]],
    ["a grant, quietly", granted, { isQuiet: true }, 0, [], []],
    ["a refusal, quietly", refused, { isQuiet: true }, 75, [], []],
    ["a refusal before a command", refused, { command: ["false"], isQuiet: true }, 75, [], []],
  ])("reports %s", async (_, outcome, options, code, printed, noted) => {
    const terminal = fakeTerminal();
    const client = clientThat(async () => outcome);
    expect(await acquire(client, { ...command, ...options }, terminal)).toBe(code);
    expect([terminal.printed, terminal.noted]).toEqual([printed, noted]);
  });

  it("shows each place in the queue, unless it is quiet", async () => {
    const client = clientThat(async ({ onQueued }) => {
      onQueued?.({ position: 3, etaMs: 2_500 });
      return granted;
    });
    const terminal = fakeTerminal();
    await acquire(client, command, terminal);
    expect(terminal.progress).toEqual(["b: position 3, about 2.500 s to go"]);
    const quiet = fakeTerminal();
    await acquire(client, { ...command, isQuiet: true }, quiet);
    expect(quiet.progress).toEqual([]);
  });

  it("asks for its place only if it may wait", async () => {
    const asked: AcquireOptions[] = [];
    const client = clientThat(async (options) => {
      asked.push(options);
      return granted;
    });
    await acquire(client, command, fakeTerminal());
    await acquire(client, { ...command, asked: { timeoutMs: 0 } }, fakeTerminal());
    expect(asked.map(({ onQueued }) => onQueued !== undefined)).toEqual([true, false]);
  });

  it("rejects as the client does, once its cancel call has settled", async () => {
    let isCancelled = false;
    const client = clientThat(async ({ waitUntil }) => {
      waitUntil?.(Promise.resolve().then(() => (isCancelled = true)));
      throw new Error("interrupted");
    });
    await expect(acquire(client, command, fakeTerminal())).rejects.toThrow("interrupted");
    expect(isCancelled).toBe(true);
  });
});
