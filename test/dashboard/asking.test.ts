import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Asking } from "../../src/dashboard/asking.ts";

const GRANT = { bucket: "b", tokens: 1, remaining: 0, waitedMs: 1_003, grantedAtMs: 5 };
const PROBLEM = { status: 429, reason: "timeout", detail: "why" };

let sent: { readonly url: string; readonly init: RequestInit }[] = [];

function answerWith(respond: (init: RequestInit) => Promise<Response>): void {
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return respond(init);
  });
}

/** An event stream, in pieces. */
function stream(...pieces: readonly string[]): Response {
  const body = new ReadableStream({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
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
  sent = [];
  // Node has no navigation: as over HTTP/1.1.
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([]);
  vi.stubGlobal("PerformanceNavigationTiming", Map);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("Asking", () => {
  it.each<readonly [string, () => Response, object]>([
    ["a grant", () => Response.json(GRANT), { kind: "granted", waitedMs: 1_003 }],
    [
      "a refusal",
      () => Response.json(PROBLEM, { status: 429 }),
      { kind: "refused", problem: PROBLEM },
    ],
    [
      "a stream that ends in a grant",
      () => stream(": \n\nevent: gran", `ted\ndata: ${JSON.stringify(GRANT)}\n\n`),
      { kind: "granted", waitedMs: 1_003 },
    ],
    [
      "a stream that ends in a refusal",
      () => stream(`event: refused\ndata: ${JSON.stringify(PROBLEM)}\n\n`),
      { kind: "refused", problem: PROBLEM },
    ],
    [
      "a stream without an outcome",
      () => stream('event: queued\ndata: {"position":1}\n\n'),
      { kind: "failed", message: "The connection ended before the answer" },
    ],
  ])("reads %s", async (_, respond, outcome) => {
    answerWith(async () => respond());
    expect(await asking().ask(1, { tokens: 1 })).toEqual([outcome]);
  });

  it("says that Sluice cannot be reached, however the browser puts it", async () => {
    answerWith(() => Promise.reject(new TypeError("Load failed")));
    expect(await asking().ask(1, { tokens: 1 })).toEqual([
      { kind: "failed", message: "Sluice cannot be reached" },
    ]);
  });

  it("sends one request for each caller, every second one without credentials", async () => {
    answerWith(async () => Response.json(GRANT));
    await asking("t").ask(3, { tokens: 2 });
    expect(sent.map(({ url }) => url)).toEqual(
      Array.from({ length: 3 }, () => "http://sluice.test/acquire?bucket=b&tokens=2"),
    );
    expect(sent.map(({ init }) => init.credentials)).toEqual([
      "same-origin",
      "omit",
      "same-origin",
    ]);
    expect(sent[0]?.init.headers).toEqual({
      Accept: "text/event-stream",
      Authorization: "Bearer t",
    });
  });

  it("names the limits of which a caller asks another number", async () => {
    answerWith(async () => Response.json(GRANT));
    await asking().ask(1, { tokens: 1, limits: { tpm: 500, day: 0 } });
    expect(sent.map(({ url }) => url)).toEqual([
      "http://sluice.test/acquire?bucket=b&tokens=1&tokens.tpm=500&tokens.day=0",
    ]);
  });

  it("counts the callers that wait, and disconnects them all at once", async () => {
    answerWith(hold);
    const counts: number[] = [];
    const callers: Asking = asking(undefined, () => counts.push(callers.waiting));
    const asked = callers.ask(3, { tokens: 1 });
    expect([callers.waiting, callers.free]).toEqual([3, 7]);
    callers.cancelAll();
    expect(await asked).toEqual(Array.from({ length: 3 }, () => ({ kind: "cancelled" })));
    expect([callers.waiting, callers.free]).toEqual([0, 10]);
    expect(counts).toEqual([3, 2, 1, 0]);
  });

  it.each([
    ["http/1.1", 10],
    ["h2", 100],
    ["h3", 100],
  ])("over %s has room for %i callers", (nextHopProtocol, free) => {
    class Navigation {
      readonly nextHopProtocol = nextHopProtocol;
    }
    vi.stubGlobal("PerformanceNavigationTiming", Navigation);
    vi.spyOn(performance, "getEntriesByType").mockReturnValue([new Navigation()] as never);
    expect(asking().free).toBe(free);
  });
});
