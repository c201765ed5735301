import { describe, expect, it } from "vitest";

import { BoundSocket } from "../../../src/client/transport/bound-socket.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";

class WorkerSocket extends FakeSocket {
  isAccepted = false;

  accept(): void {
    this.isAccepted = true;
  }
}

/** A socket to a service that answers like this, and what happened on it. */
function open(response: object) {
  const requests: Request[] = [];
  const events: string[] = [];
  const service = {
    fetch: async (request: Request) => {
      requests.push(request);
      return response as Response;
    },
  };
  const socket = new BoundSocket(service, "https://sluice/buckets/x/session", ["a", "b"]);
  for (const type of ["open", "message", "close"]) {
    socket.addEventListener(type, ({ data }) =>
      events.push(typeof data === "string" ? data : type),
    );
  }
  return { socket, requests, events };
}

describe("BoundSocket", () => {
  it("is opened by a request for an upgrade", async () => {
    const webSocket = new WorkerSocket();
    const { socket, requests, events } = open({ status: 101, webSocket });
    await new Promise(setImmediate);
    const [request] = requests;
    expect([request?.url, request?.headers.get("Sec-WebSocket-Protocol")]).toEqual([
      "https://sluice/buckets/x/session",
      "a, b",
    ]);
    expect([request?.headers.get("Upgrade"), webSocket.isAccepted]).toEqual(["websocket", true]);
    socket.send("ping");
    webSocket.emit("message", "pong");
    webSocket.emit("close");
    socket.close();
    expect([webSocket.sent, events, webSocket.isClosed]).toEqual([
      ["ping"],
      ["open", "pong", "close"],
      true,
    ]);
  });

  it("closes if there is no upgrade", async () => {
    const { socket, events } = open({ status: 426, webSocket: null });
    socket.send("too early");
    await new Promise(setImmediate);
    expect(events).toEqual(["close"]);
  });

  it("closes what opens too late", async () => {
    const webSocket = new WorkerSocket();
    open({ status: 101, webSocket }).socket.close();
    await new Promise(setImmediate);
    expect(webSocket.isClosed).toBe(true);
  });
});
