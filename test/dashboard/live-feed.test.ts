/** The states of a feed over a socket of the test's own. */
import { afterEach, describe, expect, it, vi } from "vitest";

import type { ClientSocket } from "../../src/client/transport/live-socket.ts";

import { openFeed, type FeedState } from "../../src/dashboard/live-feed.ts";

type OnEvent = Parameters<ClientSocket["addEventListener"]>[1];

const MESSAGE = { atMs: 1, snapshot: { bucket: "b" }, events: [], isFirst: true };

/** A class of sockets that send a message each, or none, and close. */
function socketThat(sends: boolean) {
  return class implements ClientSocket {
    readonly #listeners = new Map<string, OnEvent>();

    constructor() {
      queueMicrotask(() => {
        if (sends) {
          this.#listeners.get("message")?.({ type: "message", data: JSON.stringify(MESSAGE) });
        }
        this.#listeners.get("close")?.({ type: "close" });
      });
    }

    addEventListener(type: string, listener: OnEvent): void {
      this.#listeners.set(type, listener);
    }

    send(): void {
      // Reports and pings.
    }

    close(): void {
      // It is closed.
    }
  };
}

/** The states and messages of a feed up to the `count`-th, when it is closed. */
function feedUpTo(count: number, base: string, bucket: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    const seen: unknown[] = [];
    const see = (value: unknown): void => {
      seen.push(value);
      if (seen.length < count) return;
      // The first state is reported before the function to close it is returned.
      queueMicrotask(() => close());
      resolve(seen);
    };
    const close = openFeed(base, bucket, undefined, {
      onState: (state: FeedState) =>
        see(state.kind === "denied" ? `denied: ${state.error.message}` : state.kind),
      onMessage: see,
    });
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("openFeed", () => {
  it("is live from the first message until the connection is lost, and again", async () => {
    // No pause between connections.
    vi.spyOn(Math, "random").mockReturnValue(0);
    vi.stubGlobal("WebSocket", socketThat(true));
    expect(await feedUpTo(7, "http://sluice.test/", "b")).toEqual([
      "connecting",
      "live",
      MESSAGE,
      "lost",
      "live",
      MESSAGE,
      "lost",
    ]);
  });

  it("is denied if the service refuses it", async () => {
    vi.stubGlobal("WebSocket", socketThat(false));
    vi.stubGlobal("fetch", async () =>
      Response.json({ status: 401, reason: "unauthorized", detail: "no" }, { status: 401 }),
    );
    expect(await feedUpTo(2, "http://sluice.test/", "b")).toEqual([
      "connecting",
      "denied: unauthorized: no",
    ]);
  });

  it("is denied if the bucket has an illegal name", async () => {
    vi.stubGlobal("WebSocket", socketThat(false));
    expect(await feedUpTo(2, "http://sluice.test/", "a b")).toEqual([
      "connecting",
      expect.stringMatching(/^denied: invalid-request: bucket must be 1 to 128 characters/),
    ]);
  });
});
