import { describe, expect, it } from "vitest";

import type { SessionMessage } from "../../src/protocol/session-messages.ts";

import { Policy } from "../../src/core/policy.ts";
import { socketRequest } from "../../src/wire/socket-call.ts";
import { pass, stubOf, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

const fields = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const policy = { name: "*", ...Policy.of(fields).toJSON() };

useVirtualTime();

/** The client's end of a session. */
class Client {
  readonly frames: string[] = [];
  closed: number | undefined = undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => void this.frames.push(String(data)));
    socket.addEventListener("close", ({ code }) => (this.closed = code));
    socket.accept();
  }

  /** Sends a frame, and lets the object process it. */
  async send(frame: unknown): Promise<void> {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    await scheduler.wait(30);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await scheduler.wait(30);
  }

  get messages(): SessionMessage[] {
    return this.frames.flatMap((text) => {
      const frame: SessionMessage | SessionMessage[] = JSON.parse(text);
      return frame;
    });
  }
}

async function open(bucket: string): Promise<Client> {
  const response = await stubOf(bucket).fetch(socketRequest("session", { bucket, policy }));
  expect(response.status).toBe(101);
  if (!response.webSocket) throw new Error("There is no WebSocket");
  return new Client(response.webSocket);
}

describe("a session of an object", () => {
  it("ten at once: granted one second apart, in order", async () => {
    const bucket = uniqueName();
    const client = await open(bucket);
    const startMs = Date.now();
    await client.send(Array.from({ length: 10 }, (_, id) => ({ op: "acquire", id })));
    expect(client.frames).toHaveLength(1);
    await pass(bucket, 9_000);
    await scheduler.wait(30);
    const granted = client.messages.flatMap((message) => {
      if (!("granted" in message)) return [];
      return [[message.id, message.granted.grantedAtMs - startMs]];
    });
    expect(granted).toEqual(Array.from({ length: 10 }, (_, id) => [id, id * 1_000]));
  });

  it("stands in one queue with requests over HTTP, and leaves it when it closes", async () => {
    const bucket = uniqueName();
    const [first, second] = [await open(bucket), await open(bucket)];
    await first.send([
      { op: "acquire", id: 1 },
      { op: "acquire", id: 2 },
    ]);
    await second.send({ op: "acquire", id: 1, follow: true });
    expect(second.messages).toMatchObject([{ queued: { position: 2 } }]);
    await first.close();
    expect(second.messages).toMatchObject([{}, { id: 1, queued: { position: 1 } }]);
    expect((await stubOf(bucket).inspect(bucket, policy)).waiters).toBe(1);
  });

  it("answers ping, and is closed when it sends too much", async () => {
    const client = await open(uniqueName());
    await client.send("ping");
    expect(client.frames).toEqual(["pong"]);
    await client.send(" ".repeat(65_537));
    expect(client.closed).toBe(1009);
  });
});

it("ObjectSockets have watchers and sessions beside each other", async () => {
  const bucket = uniqueName();
  const watching = await stubOf(bucket).fetch(socketRequest("watch", { bucket, policy }));
  if (!watching.webSocket) throw new Error("There is no WebSocket");
  const watcher = new Client(watching.webSocket);
  const client = await open(bucket);
  await client.send({ op: "acquire", id: 1 });
  await scheduler.wait(120);
  expect(watcher.frames.at(-1)).toContain('"granted"');
  expect(client.messages).toMatchObject([{ id: 1, granted: {} }]);
});
