/** One connection over a WebSocket of the test's own, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { WatchConnection } from "../../../src/client/watch/watch-connection.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";

function open(): { connection: WatchConnection; socket: FakeSocket } {
  const socket = new FakeSocket();
  const connection = new WatchConnection(socket);
  socket.emit("open");
  return { connection, socket };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("WatchConnection", () => {
  it("gives messages in order, and undefined after the last one once it has closed", async () => {
    const { connection, socket } = open();
    const first = connection.next();
    socket.emit("message", '{"a":1}');
    socket.emit("message", "pong");
    socket.emit("message", '{"a":2}');
    socket.emit("close");
    expect([await first, await connection.next(), await connection.next()]).toEqual([
      '{"a":1}',
      '{"a":2}',
      undefined,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("resolves a pending next when it is closed from here, and closes the socket", async () => {
    const { connection, socket } = open();
    const pending = connection.next();
    connection.close();
    expect([await pending, socket.isClosed]).toEqual([undefined, true]);
  });

  it("reports what was taken, each time that it is 65,536 characters more", async () => {
    const { connection, socket } = open();
    const text = `{"a":"${"x".repeat(40_000)}"}`;
    for (let count = 0; count < 3; count += 1) socket.emit("message", text);
    await connection.next();
    await connection.next();
    expect(socket.sent).toEqual([]);
    await connection.next();
    expect(socket.sent).toEqual([JSON.stringify({ read: 2 * text.length })]);
  });

  it("pings after 30 s of silence, and closes if 10 s later nothing has come", async () => {
    const { socket } = open();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.sent).toEqual(["ping"]);
    socket.emit("message", "pong");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.sent).toEqual(["ping", "ping"]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(socket.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.isClosed).toBe(true);
  });

  it("closes if it has not opened after 10 s", async () => {
    const connection = new WatchConnection(new FakeSocket());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await connection.next()).toBeUndefined();
  });
});
