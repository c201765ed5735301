/** Which acquires go over a session, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createClient, type ClientOptions } from "../../../src/client/index.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";
import { GRANTED, scriptedSessions, turn } from "../../../kit/client/scripted-sessions.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const never = (): Promise<Response> => new Promise(() => undefined);

describe("transport http", () => {
  it("opens nothing", async () => {
    const { client, sockets, calls } = scriptedSessions({ transport: "http" });
    await Promise.all(Array.from({ length: 50 }, () => client.acquire("x")));
    client.close();
    expect([sockets.length, calls.length]).toEqual([0, 50]);
  });
});

describe("transport session", () => {
  it("opens one for each bucket, with its first acquire", async () => {
    const { client, sockets, calls } = scriptedSessions();
    for (const bucket of ["a", "b", "a"]) void client.acquire(bucket);
    await turn();
    expect(sockets.map(({ url }) => url)).toEqual([
      "ws://sluice.test/base/buckets/a/session",
      "ws://sluice.test/base/buckets/b/session",
    ]);
    expect(calls).toEqual([]);
  });

  it("leaves a bucket to HTTP whose name can't be in a path", async () => {
    const { client, sockets } = scriptedSessions();
    await client.acquire("..");
    expect(sockets).toEqual([]);
  });

  it("opens at most a hundred", async () => {
    const { client, sockets, calls } = scriptedSessions();
    for (let index = 0; index < 101; index += 1) void client.acquire(`b${index}`);
    await turn();
    expect([sockets.length, calls]).toEqual([100, ["POST /acquire?bucket=b100"]]);
  });

  it("needs a WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    const options = { url: "http://sluice.test", transport: "session" } as const;
    expect(() => createClient(options)).toThrow("This runtime has no WebSocket: use Node 22");
  });
});

describe("transport auto", () => {
  const auto = { transport: "auto" } as const;

  it.each([
    ["auto", auto],
    ["the default", { transport: undefined }],
  ])("%s opens a session with the fourth acquire under way", async (_, options) => {
    const { client, sockets, calls } = scriptedSessions(options, never);
    for (let count = 0; count < 3; count += 1) void client.acquire("x");
    void client.acquire("y");
    await turn();
    expect(sockets).toEqual([]);
    void client.acquire("x");
    void client.acquire("x");
    await turn();
    expect([sockets.length, calls.length]).toEqual([1, 6]);
    sockets[0]?.emit("open");
    const acquired = client.acquire("x");
    await turn();
    sockets[0]?.grant(1);
    expect(await acquired).toMatchObject({ ok: true });
    expect(calls.length).toBe(6);
  });

  it("sends 64 over HTTP of a crowd that arrives at once, and the others over the session", async () => {
    const { client, sockets, calls } = scriptedSessions(auto, never);
    const acquiring = Array.from({ length: 100 }, () => client.acquire("x"));
    await turn();
    expect(calls.length).toBe(64);
    sockets[0]?.emit("open");
    await turn();
    for (let id = 1; id <= 36; id += 1) sockets[0]?.grant(id);
    expect(await Promise.all(acquiring.slice(64))).toHaveLength(36);
    expect(calls.length).toBe(64);
  });

  it("opens one with the twentieth within a second", async () => {
    const { client, sockets } = scriptedSessions(auto);
    for (let count = 0; count < 60; count += 1) {
      await client.acquire("x");
      await vi.advanceTimersByTimeAsync(53);
    }
    expect(sockets).toEqual([]);
    for (let count = 0; count < 40; count += 1) await client.acquire("x");
    expect(sockets.length).toBe(1);
  });

  it("closes one that nobody uses", async () => {
    const { client, latest, sockets } = await busy();
    latest.emit("open");
    await vi.advanceTimersByTimeAsync(1_000);
    expect([latest.isClosed, vi.getTimerCount()]).toEqual([true, 0]);
    await ask(client, 4);
    expect(sockets.length).toBe(2);
  });

  it("stays with HTTP for a minute after a failure", async () => {
    const { client, latest, sockets } = await busy();
    latest.emit("close");
    await vi.advanceTimersByTimeAsync(59_999);
    await ask(client, 50);
    expect(sockets.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await ask(client, 50);
    expect(sockets.length).toBe(2);
  });

  it("stays with HTTP for a bucket with permits", async () => {
    const permit = { id: "p", fence: 1, expiresAtMs: 9_000 };
    const answer = (): Response => Response.json({ bucket: "x", ...GRANTED, permit });
    const { client, sockets } = scriptedSessions(auto, answer);
    await client.acquire("x");
    await ask(client, 50);
    expect(sockets).toEqual([]);
  });

  it.each<readonly [string, Partial<ClientOptions>, () => void]>([
    ["in a Worker", {}, () => vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" })],
    ["without a WebSocket", { WebSocket: undefined }, () => vi.stubGlobal("WebSocket", undefined)],
    [
      "with another fetch alone",
      { WebSocket: undefined },
      () => vi.stubGlobal("WebSocket", Failing),
    ],
    ["over a service binding", { url: undefined, fetch: undefined, WebSocket: undefined }, bound],
  ])("is http %s", async (_, options, prepare) => {
    prepare();
    let asked = 0;
    const answer = async (): Promise<Response> => {
      asked += 1;
      return Response.json({ bucket: "x", ...GRANTED });
    };
    const client = createClient({
      url: "http://sluice.test",
      fetch: answer,
      WebSocket: Failing,
      ...auto,
      ...options,
      ...("url" in options && { service: { fetch: answer } }),
    } as ClientOptions);
    await ask(client, 50);
    expect(asked).toBe(50);
  });

  class Failing extends FakeSocket {
    constructor() {
      super();
      throw new Error("A WebSocket was opened");
    }
  }

  function bound(): void {
    vi.stubGlobal("WebSocket", Failing);
  }

  /** A client that has just opened a session. */
  async function busy() {
    const scripted = scriptedSessions(auto);
    await ask(scripted.client, 4);
    return { ...scripted, latest: scripted.latest };
  }
});

async function ask(client: Pick<ReturnType<typeof createClient>, "acquire">, count: number) {
  await Promise.all(Array.from({ length: count }, () => client.acquire("x")));
}
