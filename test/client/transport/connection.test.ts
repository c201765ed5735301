import { afterEach, describe, expect, it, vi } from "vitest";

import { SluiceError } from "../../../src/client/sluice-error.ts";
import { Connection, type ConnectionOptions } from "../../../src/client/transport/connection.ts";

const { signal } = new AbortController();
const CALL = { method: "POST", path: "/acquire?bucket=x", headers: { "X-A": "1" } } as const;

afterEach(() => {
  vi.unstubAllGlobals();
});

function connectionOf(send: () => Promise<Response>, options: Partial<ConnectionOptions> = {}) {
  return new Connection({
    url: "http://sluice.test",
    fetch: send,
    ...options,
  } as ConnectionOptions);
}

describe("Connection", () => {
  it.each([
    ["http://sluice.test", "http://sluice.test/acquire?bucket=x"],
    ["http://sluice.test/", "http://sluice.test/acquire?bucket=x"],
    ["https://host/sluice/", "https://host/sluice/acquire?bucket=x"],
  ])("sends to the path below %s", async (url, address) => {
    const send = vi.fn(async () => new Response("ok"));
    await new Connection({ url, token: "t", fetch: send }).send(CALL, signal);
    expect(send.mock.calls).toEqual([
      [address, { method: "POST", headers: { Authorization: "Bearer t", "X-A": "1" }, signal }],
    ]);
  });

  it("sends a body as JSON, and keepalive if asked to", async () => {
    const send = vi.fn(async () => new Response("ok"));
    await connectionOf(send).send({ ...CALL, body: { a: 1 }, keepalive: true }, signal);
    expect(send.mock.calls[0]).toMatchObject([
      "http://sluice.test/acquire?bucket=x",
      { body: '{"a":1}', keepalive: true, headers: { "Content-Type": "application/json" } },
    ]);
  });

  it("sends a Request to a service binding", async () => {
    const requests: Request[] = [];
    const service = {
      fetch: (request: Request) => {
        requests.push(request);
        return new Response("ok");
      },
    };
    const connection = new Connection({ service });
    await connection.send(CALL, signal);
    expect(connection.isBound).toBe(true);
    expect(requests.map(({ method, url }) => [method, url])).toEqual([
      ["POST", "https://sluice/acquire?bucket=x"],
    ]);
  });

  it("looks the platform's fetch up at each call", async () => {
    const connection = new Connection({ url: "http://sluice.test" });
    vi.stubGlobal("fetch", async () => new Response("replaced"));
    expect(await (await connection.send(CALL, signal)).text()).toBe("replaced");
  });

  it("turns a failed fetch into a TransportError with the cause's message", async () => {
    const cause = new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") });
    await expect(
      connectionOf(() => Promise.reject(cause)).send(CALL, signal),
    ).rejects.toMatchObject({
      name: "TransportError",
      message: "Cannot reach Sluice: fetch failed: ECONNREFUSED",
      cause,
    });
  });

  it("passes a SluiceError on: a retry cannot help", async () => {
    const error = new SluiceError({ reason: "illegal-configuration", detail: "none" });
    const service = { fetch: () => Promise.reject(error) };
    await expect(new Connection({ service }).send(CALL, signal)).rejects.toBe(error);
  });

  it("turns an answer that is cut off into a TransportError", async () => {
    const body = new ReadableStream({
      start: (controller) => controller.error(new Error("reset")),
    });
    const connection = connectionOf(async () => new Response(body, { status: 201 }));
    const response = await connection.send(CALL, signal);
    await expect(connection.read(response)).rejects.toMatchObject({
      name: "TransportError",
      message: "The answer was cut off: reset",
      status: 201,
    });
  });
});
