import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Asking } from "../../src/dashboard/asking.ts";
import { FakeSocket } from "../../kit/client/fake-socket.ts";

const GRANT = { bucket: "b", tokens: 1, remaining: 0, waitedMs: 1_003, grantedAtMs: 5 };
const PROBLEM = { status: 429, reason: "timeout", detail: "why", retryAfterMs: 900 };
const REFUSED = { kind: "refused", reason: "timeout", detail: "why", retryAfterMs: 900 };

interface Sent {
  readonly url: string;
  readonly init: RequestInit & { readonly headers: Readonly<Record<string, string>> };
}

let sockets: FakeSocket[] = [];
let sent: Sent[] = [];

/** What is answered over HTTP. */
function answerWith(respond: (init: RequestInit) => Promise<Response>): void {
  vi.stubGlobal("fetch", (url: string, init: Sent["init"]) => {
    sent.push({ url, init });
    return respond(init);
  });
}

/** From now on, sockets open at once or not at all. */
function sessions(areOpened: boolean): void {
  vi.stubGlobal(
    "WebSocket",
    class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
        queueMicrotask(() => this.emit(areOpened ? "open" : "close"));
      }
    },
  );
}

/** The acquires that were sent on the session. */
async function acquires(): Promise<{ readonly op: string; readonly id: number }[]> {
  // What the callers need is loaded with the first of them.
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
  return sockets.flatMap((socket) => socket.sent.flatMap((frame) => JSON.parse(frame)));
}

function asking(token?: string, onChange = (): void => undefined): Asking {
  return new Asking("http://sluice.test/", "b", token, onChange);
}

/** Never answers; rejects as `fetch` does when it is aborted. */
function hold({ signal }: RequestInit): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

beforeEach(() => {
  sockets = [];
  sent = [];
  vi.useFakeTimers();
  // Node has no navigation: as over HTTP/1.1.
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([]);
  vi.stubGlobal("PerformanceNavigationTiming", Map);
  sessions(true);
  answerWith(async () => Response.json(GRANT));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("Asking", () => {
  it("sends all callers on one session, those of one moment in one frame", async () => {
    const callers = asking();
    const asked = callers.ask(10, { tokens: 1, limits: { tpm: 500, day: 0 } });
    const messages = await acquires();
    expect(sockets.map(({ url }) => url)).toEqual(["ws://sluice.test/buckets/b/session"]);
    expect(sockets[0]?.sent).toHaveLength(1);
    const limits = { "tokens.tpm": 500, "tokens.day": 0 };
    expect(messages).toMatchObject(
      Array.from({ length: 10 }, () => ({ op: "acquire", ...limits })),
    );
    const { bucket, ...granted } = GRANT;
    const endings = messages.map(({ id }) => {
      return id === 3 ? { id, refused: PROBLEM } : { id, granted };
    });
    sockets[0]?.emit("message", JSON.stringify(endings));
    const outcomes = await asked;
    expect(outcomes[0]).toEqual({ kind: "granted", waitedMs: 1_003 });
    expect(outcomes[2]).toEqual(REFUSED);
    expect(sent).toEqual([]);
  });

  it("counts the callers that wait, and cancels them all at once", async () => {
    const counts: number[] = [];
    const callers: Asking = asking(undefined, () => counts.push(callers.waiting));
    const asked = callers.ask(3, { tokens: 1 });
    await acquires();
    expect([callers.waiting, callers.free]).toEqual([3, 97]);
    callers.cancelAll();
    expect(await asked).toEqual(Array.from({ length: 3 }, () => ({ kind: "cancelled" })));
    expect([callers.waiting, callers.free]).toEqual([0, 100]);
    expect(counts).toEqual([3, 2, 1, 0]);
    expect((await acquires()).slice(3)).toMatchObject(
      [1, 2, 3].map((id) => ({ op: "cancel", id })),
    );
  });

  it("says that a token can't be sent, which the feed says, too", async () => {
    expect(await asking("ü").ask(1, { tokens: 1 })).toEqual([
      { kind: "failed", message: expect.stringContaining("token must be") },
    ]);
  });
});

describe("Asking without a session", () => {
  beforeEach(() => sessions(false));

  it("sends a request for each caller, every second one without credentials", async () => {
    const outcomes = await asking("t").ask(3, { tokens: 2, limits: { tpm: 5 } });
    expect(outcomes).toEqual(
      Array.from({ length: 3 }, () => ({ kind: "granted", waitedMs: 1_003 })),
    );
    expect(new Set(sent.map(({ url }) => url))).toEqual(
      new Set(["http://sluice.test/acquire?bucket=b&tokens=2&tokens.tpm=5"]),
    );
    expect(sent.map(({ init }) => init.credentials)).toEqual([
      "same-origin",
      "omit",
      "same-origin",
    ]);
    // The service writes to a stream while it waits, and so notices that a caller has left.
    expect(sent[0]?.init.headers).toMatchObject({
      Accept: expect.stringContaining("text/event-stream"),
      Authorization: "Bearer t",
    });
  });

  it("reads refusals, also of what is no acquire", async () => {
    answerWith(async () => Response.json(PROBLEM, { status: 429 }));
    expect(await asking().ask(1, { tokens: 1 })).toEqual([REFUSED]);
    const denied = {
      status: 401,
      reason: "unauthorized",
      detail: "Missing API key: send Authorization: Bearer KEY",
    };
    answerWith(async () => Response.json(denied, { status: 401 }));
    expect(await asking().ask(1, { tokens: 1 })).toEqual([
      {
        kind: "refused",
        reason: "unauthorized",
        detail: "Missing API key: send Authorization: Bearer KEY",
      },
    ]);
  });

  it("says after some seconds that Sluice is unavailable, however the browser puts it", async () => {
    answerWith(() => Promise.reject(new TypeError("Load failed")));
    const asked = asking().ask(1, { tokens: 1 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await asked).toEqual([{ kind: "failed", message: "Sluice is unavailable" }]);
  });

  it.each([
    ["http/1.1", 10],
    ["h2", 100],
    ["h3", 100],
  ])("over %s has room for %i callers, until none of them waits", async (nextHopProtocol, max) => {
    class Navigation {
      readonly nextHopProtocol = nextHopProtocol;
    }
    vi.stubGlobal("PerformanceNavigationTiming", Navigation);
    vi.spyOn(performance, "getEntriesByType").mockReturnValue([new Navigation()] as never);
    answerWith(hold);
    const callers = asking();
    const asked = callers.ask(4, { tokens: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(4);
    expect(callers.free).toBe(max - 4);
    callers.cancelAll();
    await asked;
    expect(callers.free).toBe(100);
  });
});
