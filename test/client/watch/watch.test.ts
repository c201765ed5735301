import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ClientSocketClass } from "../../../src/client/transport/live-socket.ts";
import type { WatchMessage } from "../../../src/protocol/watch-feed.ts";

import { watchBucket, type WatchCallOptions } from "../../../src/client/watch/watch.ts";
import { FakeSocket } from "../../../kit/client/fake-socket.ts";

const URL_OF = "https://sluice.test";

/** The sockets that were opened, in order. */
let sockets: FakeSocket[] = [];

class OpenedSocket extends FakeSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}

/** The socket that was opened last. */
function latest(): FakeSocket {
  return sockets.at(-1)!;
}

/** A message whose text is as long as that. */
function messageOf(atMs: number, length = 0): string {
  const message = { atMs, snapshot: {}, events: [], padding: "" };
  const missing = Math.max(0, length - JSON.stringify(message).length);
  return JSON.stringify({ ...message, padding: "x".repeat(missing) });
}

/** What a plain request is answered. */
function answering(status: number, body: unknown): () => Promise<Response> {
  return async () => new Response(JSON.stringify(body), { status });
}

function watchFake({
  fetch = answering(426, {}),
  token,
  ...call
}: WatchCallOptions & { fetch?: () => Promise<Response>; token?: string } = {}): AsyncGenerator<
  WatchMessage,
  void,
  undefined
> {
  return watchBucket({ url: URL_OF, token, WebSocket: OpenedSocket, fetch }, "a/b", call);
}

describe("watchBucket", () => {
  beforeEach(() => {
    sockets = [];
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it("connects once the first message is asked for, with the token in a subprotocol", async () => {
    const feed = watchFake({ token: 't"1~?>' });
    expect(sockets).toEqual([]);
    const next = feed.next();
    expect(latest().url).toBe("wss://sluice.test/buckets/a%2Fb/watch");
    expect(latest().protocols).toEqual(["sluice", "sluice.bearer.dCIxfj8-"]);
    latest().emit("open");
    latest().emit("message", messageOf(1));
    expect(await next).toMatchObject({ value: { atMs: 1 }, done: false });
    await feed.return();
    expect(latest().isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("hands on what came before the end, and then connects again, after pauses that grow to five seconds", async () => {
    const feed = watchFake();
    const first = feed.next();
    latest().emit("message", messageOf(1));
    latest().emit("message", messageOf(2));
    latest().emit("close");
    expect((await first).value).toMatchObject({ atMs: 1 });
    expect((await feed.next()).value).toMatchObject({ atMs: 2 });
    const next = feed.next();
    for (const pauseMs of [200, 400, 800, 1_600, 3_200, 5_000]) {
      const count = sockets.length;
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      expect(sockets.length).toBe(count);
      await vi.advanceTimersByTimeAsync(1);
      expect(sockets.length).toBe(count + 1);
      latest().emit("error");
      latest().emit("close");
    }
    await vi.advanceTimersByTimeAsync(5_000);
    latest().emit("message", messageOf(3));
    expect((await next).value).toMatchObject({ atMs: 3 });
    // From here it begins anew.
    const last = feed.next();
    latest().emit("close");
    await vi.advanceTimersByTimeAsync(200);
    latest().emit("message", messageOf(4));
    expect((await last).value).toMatchObject({ atMs: 4 });
  });

  it("reports what has been read, and nothing that has not", async () => {
    const feed = watchFake();
    const quarter = 16 * 1024;
    const reading = feed.next();
    for (let i = 0; i < 6; i += 1) latest().emit("message", messageOf(i, quarter));
    await reading;
    for (let i = 0; i < 3; i += 1) await feed.next();
    expect(latest().sent).toEqual([]);
    await feed.next();
    expect(latest().sent).toEqual([`{"read":${4 * quarter}}`]);
    await feed.return();
  });

  it("asks a silent connection whether it is there, and gives up one that is not", async () => {
    const feed = watchFake();
    const first = feed.next();
    const socket = latest();
    socket.emit("open");
    socket.emit("message", messageOf(1));
    await first;
    const next = feed.next();
    await vi.advanceTimersByTimeAsync(29_999);
    expect(socket.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.sent).toEqual(["ping"]);
    // An answer is no message.
    socket.emit("message", "pong");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.sent).toEqual(["ping", "ping"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(400);
    expect(sockets).toHaveLength(2);
    latest().emit("message", messageOf(2));
    expect((await next).value).toMatchObject({ atMs: 2 });
    await feed.return();
  });

  it("gives up an attempt that does not open within ten seconds", async () => {
    const feed = watchFake();
    const next = feed.next();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(latest().isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets).toHaveLength(2);
    latest().emit("message", messageOf(1));
    await next;
    await feed.return();
  });

  const refusal = { status: 403, detail: "No", reason: "origin-not-allowed" };

  it("ends where the service says no, with what it says", async () => {
    const next = watchFake({ fetch: answering(403, refusal) }).next();
    latest().emit("close");
    await expect(next).rejects.toMatchObject({ name: "SluiceError", ...refusal });
  });

  it.each([200, 404])("ends where %i answers that is no Sluice", async (status) => {
    const next = watchFake({ fetch: answering(status, "a page") }).next();
    latest().emit("close");
    const error = { name: "SluiceError", reason: "unexpected-answer", status };
    await expect(next).rejects.toMatchObject(error);
  });

  it.each<[string, () => Promise<Response>]>([
    ["426: a WebSocket is all that is missing", answering(426, { reason: "upgrade-required" })],
    ["429", answering(429, {})],
    ["426 of a proxy", answering(426, "a page")],
    ["503", answering(503, {})],
    ["too many who watch", answering(503, { reason: "watchers-full" })],
    ["500", answering(500, { reason: "internal-error", detail: "" })],
    ["no answer", async () => Promise.reject(new TypeError("fetch failed"))],
  ])("tries again after %s", async (_, fetch) => {
    const feed = watchFake({ fetch });
    const next = feed.next();
    latest().emit("close");
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets).toHaveLength(2);
    latest().emit("message", messageOf(1));
    expect((await next).done).toBe(false);
    await feed.return();
  });

  it("tells of a connection that ended and of attempts that fail, and of none that is refused", async () => {
    const onLost = vi.fn();
    let answer = answering(426, {});
    const feed = watchFake({ fetch: () => answer(), onLost });
    const first = feed.next();
    latest().emit("message", messageOf(1));
    await first;
    const next = feed.next();
    const outcome = next.catch((error: unknown) => error);
    expect(onLost).not.toHaveBeenCalled();
    latest().emit("close");
    await vi.advanceTimersByTimeAsync(0);
    expect(onLost).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    latest().emit("close");
    await vi.advanceTimersByTimeAsync(0);
    expect(onLost).toHaveBeenCalledTimes(2);
    answer = answering(403, refusal);
    await vi.advanceTimersByTimeAsync(400);
    latest().emit("close");
    expect(await outcome).toMatchObject(refusal);
    expect(onLost).toHaveBeenCalledTimes(2);
  });

  it.each(["{", "{}", '{"atMs":1,"snapshot":null,"events":[]}', '{"atMs":1,"snapshot":{}}'])(
    "ends where %s comes, which is no message of Sluice",
    async (text) => {
      const next = watchFake().next();
      latest().emit("message", text);
      await expect(next).rejects.toMatchObject({ reason: "unexpected-answer" });
      expect(latest().isClosed).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("a signal ends it while it waits for a message, for an answer or for the next attempt", async () => {
    const hanging = async (): Promise<Response> => new Promise(() => undefined);
    for (const [fetch, ends] of [
      [answering(426, {}), []],
      [hanging, ["close"]],
      [answering(426, {}), ["close"]],
    ] as const) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const abortable = async (): Promise<Response> => {
        return Promise.race([
          fetch(),
          new Promise<never>((_, reject) => {
            controller.signal.addEventListener("abort", () => reject(reason));
          }),
        ]);
      };
      const next = watchFake({ fetch: abortable, signal: controller.signal }).next();
      const outcome = next.catch((error: unknown) => error);
      for (const end of ends) latest().emit(end);
      await vi.advanceTimersByTimeAsync(10);
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      expect(latest().isClosed).toBe(true);
    }
    const opened = sockets.length;
    await expect(watchFake({ signal: AbortSignal.abort("before") }).next()).rejects.toBe("before");
    expect(sockets).toHaveLength(opened);
  });

  it.each<[object, string, string]>([
    [{ url: "sluice.test" }, "x", 'url must be an absolute URL: got "sluice.test"'],
    [{ url: "ftp://x" }, "x", 'url must begin with http: or https: got "ftp://x"'],
    [{ token: "a b" }, "x", "token must be visible ASCII characters without white space"],
    [{}, "..", 'bucket must not be "." or ".." here: got ".."'],
    [{}, "", "bucket must be 1 to 128"],
    [{ fetch: "fetch" }, "x", 'fetch must be a function: got "fetch"'],
  ])("refuses %o and %s before anything is sent", (options, bucket, message) => {
    const all = { url: URL_OF, WebSocket: OpenedSocket, ...options };
    expect(() => watchBucket(all, bucket)).toThrow(message);
  });

  it("says what is missing where the runtime has no WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    const missing =
      "This runtime has no WebSocket: use Node 22 or newer, or pass one as the WebSocket option";
    expect(() => watchBucket({ url: URL_OF }, "x")).toThrow(missing);
  });

  it("takes the platform's WebSocket as it is", () => {
    const platform: ClientSocketClass = WebSocket;
    expect(platform).toBe(globalThis.WebSocket);
  });
});
