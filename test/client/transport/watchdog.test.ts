/** A client whose process is stopped for a while: its own sleep is nobody's silence. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { AcquireOutcome } from "../../../src/client/index.ts";
import type { ClientSocket } from "../../../src/client/transport/live-socket.ts";

import { createClient } from "../../../src/client/index.ts";
import { WatchConnection } from "../../../src/client/watch/watch-connection.ts";
import { Watchdog } from "../../../src/client/transport/watchdog.ts";
import { StoppableClock } from "../../../kit/processes/stoppable-clock.ts";

const GRANT = { bucket: "x", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 };
const HEARTBEAT = ":\n\n";
const outcome = `event: granted\ndata: ${JSON.stringify(GRANT)}\n\n`;

let clock: StoppableClock;
beforeEach(() => {
  clock = new StoppableClock();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A client that follows a stream of the test's; `attempts` counts the requests. */
function following(timeoutMs = 60_000) {
  const encoder = new TextEncoder();
  const seen = { attempts: 0, outcome: undefined as AcquireOutcome | undefined };
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  const client = createClient({
    url: "http://sluice.test",
    onUnavailable: "closed",
    fetch: async () => {
      seen.attempts += 1;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void (stream = controller),
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    },
  });
  const onQueued = (): void => undefined;
  void client.acquire("x", { onQueued, timeoutMs }).then((value) => (seen.outcome = value));
  return { seen, send: (text: string): void => stream?.enqueue(encoder.encode(text)) };
}

describe("a client that follows a stream", () => {
  it.each([0, 1_000, 8_900, 9_100, 9_999])(
    "reads the heartbeats of a stop that begins %d ms after the last one",
    async (sinceMs) => {
      const { seen, send } = following();
      await clock.pass(0);
      send(HEARTBEAT);
      await clock.pass(sinceMs);
      await clock.stop(11_500, () => send(HEARTBEAT));
      await clock.pass(9_000);
      send(outcome);
      await clock.pass(10);
      expect(seen).toMatchObject({ attempts: 1, outcome: { ok: true } });
    },
  );

  it("is stopped again and again, and asks once", async () => {
    const { seen, send } = following(600_000);
    for (let stops = 0; stops < 20; stops += 1) {
      await clock.pass(100);
      await clock.stop(15_000, () => send(HEARTBEAT));
    }
    send(outcome);
    await clock.pass(10);
    expect(seen).toMatchObject({ attempts: 1, outcome: { ok: true } });
  });

  it("asks again soon after a stop in which the connection was lost without a word", async () => {
    const { seen } = following();
    await clock.pass(100);
    await clock.stop(30_000);
    await clock.pass(2_100);
    expect(seen.attempts).toBe(2);
  });
});

it("a plain answer that came while the process was stopped is read, though its time is over", async () => {
  const answers: ((response: Response) => void)[] = [];
  const client = createClient({
    url: "http://sluice.test",
    retryForMs: 0,
    fetch: () => new Promise((resolve) => answers.push(resolve)),
  });
  let outcome: AcquireOutcome | undefined;
  const asked = client.acquire("x", { timeoutMs: 1_000 }).then((value) => (outcome = value));
  await clock.pass(100);
  await clock.stop(60_000, () => answers[0]?.(Response.json(GRANT)));
  await asked;
  expect(outcome).toMatchObject({ ok: true });
  expect(clock.timers).toBe(0);
});

it("a feed whose answer came while the process was stopped is not given up", async () => {
  const listeners: Record<string, (event: { type: string; data?: unknown }) => void> = {};
  const sent: string[] = [];
  let isClosed = false;
  class Socket implements ClientSocket {
    addEventListener(type: string, listener: (event: { type: string; data?: unknown }) => void) {
      listeners[type] = listener;
    }
    send(text: string) {
      sent.push(text);
    }
    close() {
      isClosed = true;
    }
  }
  const connection = new WatchConnection(new Socket());
  listeners["open"]?.({ type: "open" });
  await clock.pass(30_000);
  expect(sent).toEqual(["ping"]);
  await clock.stop(11_500, () => listeners["message"]?.({ type: "message", data: "pong" }));
  await clock.pass(29_000);
  expect(isClosed).toBe(false);
  connection.close();
  expect(clock.timers).toBe(0);
});

describe("Watchdog", () => {
  it("barks once, in time, where nothing is heard", async () => {
    const barks: number[] = [];
    const watchdog = new Watchdog(10_000, () => barks.push(clock.nowMs));
    await clock.pass(5_000);
    watchdog.heard();
    await clock.pass(60_000);
    expect(barks).toEqual([15_000]);
  });

  it("barks some time where every timer is late, as those of a hidden page are", async () => {
    let barks = 0;
    new Watchdog(10_000, () => (barks += 1)).heard();
    for (let minute = 0; minute < 3; minute += 1) await clock.stop(60_000);
    expect(barks).toBe(1);
  });
});
