/** `sluice watch` over a socket of the test's own. How it draws is in watch-view.test.ts and main.system.test.ts. */
import { afterEach, describe, expect, it, vi } from "vitest";

import type { ClientSocket } from "../../src/client/transport/live-socket.ts";

import { watch } from "../../src/cli/watch.ts";
import { fakeTerminal } from "../../kit/cli/fake-terminal.ts";

const MESSAGE = { atMs: 1, snapshot: { bucket: "b" }, events: [], isFirst: true };

type OnEvent = Parameters<ClientSocket["addEventListener"]>[1];

/** Sends one message, and loses the connection. */
class LossySocket implements ClientSocket {
  readonly #listeners = new Map<string, OnEvent>();

  constructor() {
    queueMicrotask(() => {
      this.#emit("open");
      this.#emit("message", JSON.stringify(MESSAGE));
      this.#emit("close");
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

  #emit(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ type, data });
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("watch", () => {
  it("writes each message as a line, notes each loss once, and ends with 0", async () => {
    // No pause between connections.
    vi.spyOn(Math, "random").mockReturnValue(0);
    const interrupt = new AbortController();
    const terminal = fakeTerminal(interrupt.signal);
    const options = { url: "http://sluice.test", WebSocket: LossySocket };
    const watching = watch(
      { options, bucket: "b", isJson: true },
      {
        ...terminal,
        print: (line) => {
          terminal.print(line);
          if (terminal.printed.length === 3) interrupt.abort();
        },
      },
    );
    expect(await watching).toBe(0);
    expect(terminal.printed).toEqual(Array.from({ length: 3 }, () => JSON.stringify(MESSAGE)));
    expect(terminal.noted).toEqual([
      "sluice: connection lost, reconnecting",
      "sluice: connection lost, reconnecting",
    ]);
  });

  it("rejects as the feed does", async () => {
    const options = { url: "/relative", WebSocket: LossySocket };
    const watching = watch({ options, bucket: "b", isJson: true }, fakeTerminal());
    await expect(watching).rejects.toThrow("url must be an absolute URL");
  });
});
