import { describe, expect, it } from "vitest";

import { encodeAcquireCall } from "../../src/wire/acquire-call.ts";
import { decodeWatchCall, watchRequest } from "../../src/wire/watch-call.ts";

const policy = {
  name: "default",
  capacity: 1,
  refillTokens: 1,
  refillIntervalMs: 1_000,
  initialTokens: 1,
  queueLimit: 10,
  maxWaitMs: 60_000,
};

describe("watch call", () => {
  it.each(["a", "a&b?c", "100%", "a/b#c"])("of bucket %j comes out as it went in", (bucket) => {
    const call = { bucket, policy };
    expect(decodeWatchCall(watchRequest(call).url)).toEqual(call);
  });

  it("is an upgrade to a WebSocket", () => {
    expect(watchRequest({ bucket: "a", policy }).headers.get("Upgrade")).toBe("websocket");
  });

  it("is not read from an acquire", () => {
    const url = encodeAcquireCall({ bucket: "https://bucket/watch?", policy, tokens: 1 });
    expect(() => decodeWatchCall(url)).toThrow("Cannot watch: the URL holds no call");
  });
});
