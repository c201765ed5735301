/** One connection over a WebSocket of the test's own, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LiveSocket } from "../../../src/client/transport/live-socket.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";

function open() {
  const socket = new FakeSocket();
  const events: string[] = [];
  const live = new LiveSocket(
    socket,
    {
      onOpen: () => events.push("open"),
      onText: (text) => events.push(text),
      onClose: () => events.push("close"),
    },
    { openMs: 3_000, silenceMs: 20_000 },
  );
  return { live, socket, events };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("LiveSocket", () => {
  it("reports what happens, and nothing once it has closed", () => {
    const { live, socket, events } = open();
    socket.emit("open");
    socket.emit("message", "one");
    socket.emit("error");
    socket.emit("close");
    socket.emit("message", "two");
    socket.emit("open");
    socket.emit("close");
    live.send("late");
    expect([events, socket.sent]).toEqual([["open", "one", "close"], []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("closes the socket, and reports that at once", () => {
    const { live, socket, events } = open();
    live.close();
    live.close();
    expect([events, socket.isClosed]).toEqual([["close"], true]);
  });

  it("closes with a socket that can't be used, as one of another request of a Worker", async () => {
    const { live, socket, events } = open();
    const unusable = (): never => {
      throw new Error("Cannot perform I/O on behalf of a different request");
    };
    socket.emit("open");
    Object.assign(socket, { send: unusable, close: unusable });
    live.send("one");
    live.send("two");
    expect(events).toEqual(["open", "close"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up a socket that doesn't open in time", async () => {
    const { events } = open();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(events).toEqual(["close"]);
  });

  it("pings after silence, and closes if 10 s later nothing has come", async () => {
    const { socket, events } = open();
    socket.emit("open");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(socket.sent).toEqual(["ping"]);
    socket.emit("message", "pong");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(socket.sent).toEqual(["ping", "ping"]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(events).toEqual(["open"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(events).toEqual(["open", "close"]);
  });
});
