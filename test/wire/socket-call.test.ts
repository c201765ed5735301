import { describe, expect, it } from "vitest";

import type { SocketKind } from "../../src/wire/socket-call.ts";

import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { decodeSocketCall, socketRequest } from "../../src/wire/socket-call.ts";

const policy = {
  name: "default",
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 1,
  queueLimit: 10,
  maxWaitMs: 60_000,
};
const kinds: SocketKind[] = ["watch", "session"];

describe.each(kinds)("socket call of kind %s", (kind) => {
  it.each(["a", "a&b?c", "100%", "a/b#c", "watch?"])(
    "about bucket %j comes out as it went in",
    (bucket) => {
      const call = { bucket, policy };
      expect(decodeSocketCall(socketRequest(kind, call).url)).toEqual({ kind, call });
    },
  );

  it("is an upgrade to a WebSocket", () => {
    const { headers } = socketRequest(kind, { bucket: "a", policy });
    expect(headers.get("Upgrade")).toBe("websocket");
  });

  it("is not read from an acquire", () => {
    const url = encodeAcquireCall({ bucket: `https://bucket/${kind}?`, policy, tokens: 1 });
    expect(() => decodeSocketCall(url)).toThrow("Cannot open a WebSocket: the URL holds no call");
  });
});

it("a socket call is of a known kind", () => {
  const url = socketRequest("watch", { bucket: "a", policy }).url.replace("watch", "listen");
  expect(() => decodeSocketCall(url)).toThrow(TypeError);
});
