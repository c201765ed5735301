/** What each verb sends, and what it makes of the answer. How it retries is in retry.test.ts. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { afterEach, describe, expect, it, vi } from "vitest";

import { createClient, type Client } from "../../src/client/client.ts";

const SNAPSHOT = { bucket: "a/b", policy: { capacity: 1 }, tokens: 1 };

interface Sent {
  readonly line: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

function clientOf(response: () => Response, options = {}): { client: Client; sent: Sent[] } {
  const sent: Sent[] = [];
  const client = createClient({
    url: "http://sluice.test/base",
    retryForMs: 0,
    fetch: async (url, { method, body, headers }) => {
      sent.push({ line: `${method} ${url.replace("http://sluice.test/base", "")}`, body, headers });
      return response();
    },
    ...options,
  });
  return { client, sent };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a call", () => {
  const snapshot = (): Response => Response.json(SNAPSHOT);

  it.each<
    readonly [
      name: string,
      call: (client: Client) => Promise<unknown>,
      response: () => Response,
      line: string,
      body: string | undefined,
    ]
  >([
    ["inspect", (client) => client.inspect("a/b"), snapshot, "GET /buckets/a%2Fb", undefined],
    [
      "setPolicy",
      (client) => client.setPolicy("a/b", { limit: "100/1m", maxWait: "30s" }),
      snapshot,
      "PUT /buckets/a%2Fb",
      '{"limit":"100/1m","maxWait":"30s"}',
    ],
    [
      "pause",
      (client) => client.pause("a/b", { untilMs: 7, tokens: 2, limits: ["tpm"] }),
      snapshot,
      "POST /buckets/a%2Fb/pause",
      '{"untilMs":7,"tokens":2,"limits":["tpm"]}',
    ],
    [
      "reset",
      (client) => client.reset("a/b"),
      (): Response => new Response(null, { status: 204 }),
      "DELETE /buckets/a%2Fb",
      undefined,
    ],
    [
      "cancel",
      (client) => client.cancel("a/b", "k"),
      (): Response => Response.json({ cancelled: true }),
      "DELETE /acquire?bucket=a%2Fb",
      undefined,
    ],
  ])("%s is one request", async (_, call, response, line, body) => {
    const { client, sent } = clientOf(response);
    await call(client);
    expect(sent).toMatchObject([{ line, body }]);
  });

  it("resolves with what it is named after", async () => {
    expect(await clientOf(snapshot).client.inspect("a/b")).toEqual(SNAPSHOT);
    const cancelled = (): Response => Response.json({ cancelled: false });
    expect(await clientOf(cancelled).client.cancel("a", "k")).toBe(false);
  });

  it.each<readonly [string, (client: Client) => Promise<unknown>]>([
    ["inspect", (client) => client.inspect("a")],
    ["pause", (client) => client.pause("a", { untilMs: 7 })],
    ["reset", (client) => client.reset("a")],
    ["cancel", (client) => client.cancel("a", "k")],
    ["acquire", (client) => client.acquire("a")],
  ])("%s takes a page with status 200 for no answer", async (_, call) => {
    const { client } = clientOf(() => new Response("<html>"));
    await expect(call(client)).rejects.toMatchObject({ reason: "unexpected-answer", status: 200 });
  });
});

describe("acquire", () => {
  const grant = (): Response =>
    Response.json({ bucket: "a", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 5 });

  it.each([
    [{}, "POST /acquire?bucket=a"],
    [{ tokens: 2, timeoutMs: 0 }, "POST /acquire?bucket=a&tokens=2&timeoutMs=0"],
    [{ limits: {} }, "POST /acquire?bucket=a"],
    [
      { timeoutMs: 9, limits: { tpm: 1_200, rate: 0 } },
      "POST /acquire?bucket=a&timeoutMs=9&tokens.tpm=1200&tokens.rate=0",
    ],
  ])("with %o sends what is given, and no defaults", async (options, line) => {
    const { client, sent } = clientOf(grant);
    await client.acquire("a", options);
    expect(sent.map((one) => one.line)).toEqual([line]);
  });

  const queuedStream = (ticket: string): Response => {
    const place = JSON.stringify({ position: 1, etaMs: 900, ticket });
    const init = { headers: { "Content-Type": "text/event-stream" } };
    return new Response(`event: queued\ndata: ${place}\n\n`, init);
  };

  it("brings the ticket of its place along with a retry, and drops one that isn't taken", async () => {
    const refused = { status: 400, reason: "invalid-request", detail: "not of this bucket" };
    const answers = [
      (): Response => queuedStream("t1"),
      (): Response => queuedStream("t2"),
      (): Response => Response.json(refused, { status: 400 }),
      grant,
    ];
    const places: object[] = [];
    const { client, sent } = clientOf(() => answers[sent.length - 1]?.() ?? grant(), {
      retryForMs: 5_000,
    });
    await client.acquire("a", { onQueued: (place) => places.push(place) });
    const tickets = sent.map(({ headers }) => headers["Sluice-Ticket"]);
    expect(tickets).toEqual([undefined, "t1", "t2", undefined]);
    expect(new Set(sent.map(({ headers }) => headers["Idempotency-Key"])).size).toBe(1);
    expect(places).toEqual([
      { position: 1, etaMs: 900 },
      { position: 1, etaMs: 900 },
    ]);
  });

  it("sends the tokens of single limits again with a retry", async () => {
    const { client, sent } = clientOf(
      () => (sent.length === 1 ? new Response("", { status: 502 }) : grant()),
      { retryForMs: 1_000 },
    );
    await client.acquire("a", { limits: { tpm: 5 } });
    expect(sent).toMatchObject([
      { line: "POST /acquire?bucket=a&tokens.tpm=5" },
      { line: "POST /acquire?bucket=a&tokens.tpm=5", headers: sent[0]?.headers },
    ]);
  });

  it("sends a new key each time unless it never retries", async () => {
    const { client, sent } = clientOf(grant, { retryForMs: 1 });
    await client.acquire("a");
    await client.acquire("a");
    await client.acquire("a", { idempotencyKey: 'mine "\\' });
    const keys = sent.map(({ headers }) => headers["Idempotency-Key"]);
    expect(keys).toEqual([
      expect.stringMatching(/^"[0-9a-f]{32}"$/),
      expect.stringMatching(/^"[0-9a-f]{32}"$/),
      String.raw`"mine \"\\"`,
    ]);
    expect(keys[0]).not.toBe(keys[1]);
    const once = clientOf(grant);
    await once.client.acquire("a");
    expect(once.sent[0]?.headers["Idempotency-Key"]).toBeUndefined();
  });

  it("acquire and tryAcquire ask for a hold", async () => {
    const { client, sent } = clientOf(grant, grant);
    await client.acquire("a", { timeoutMs: 5, holdMs: 1_000 });
    await client.tryAcquire("a", { holdMs: 3_600_000 });
    expect(sent.map(({ line }) => line)).toEqual([
      "POST /acquire?bucket=a&timeoutMs=5&holdMs=1000",
      "POST /acquire?bucket=a&timeoutMs=0&holdMs=3600000",
    ]);
  });

  it("tryAcquire does not wait", async () => {
    const { client, sent } = clientOf(grant);
    await client.tryAcquire("a", { tokens: 3, limits: { tpm: 4 } });
    expect(sent[0]?.line).toBe("POST /acquire?bucket=a&tokens=3&timeoutMs=0&tokens.tpm=4");
    await expect(client.tryAcquire("a", { timeoutMs: 5 } as never)).rejects.toThrow(
      '"timeoutMs" is not one of tokens, limits, holdMs, signal, idempotencyKey',
    );
  });
});

describe("onUnavailable", () => {
  const unauthorized = (): Response =>
    Response.json({ status: 401, reason: "unauthorized", detail: "d" }, { status: 401 });

  it.each([
    ["open", { ok: true, isUnmetered: true, bucket: "a", tokens: 2, remaining: 0 }],
    ["closed", { ok: false, reason: "unavailable", retryAfterMs: 1_000 }],
  ] as const)(
    "%s decides if Sluice cannot be used, and reports it",
    async (onUnavailable, outcome) => {
      const faults: unknown[] = [];
      const onError = (error: unknown): number => faults.push(error);
      const { client } = clientOf(unauthorized, { onUnavailable, onError });
      expect(await client.acquire("a", { tokens: 2 })).toMatchObject(outcome);
      expect(faults).toMatchObject([{ name: "SluiceError", reason: "unauthorized" }]);
      await expect(client.inspect("a")).rejects.toMatchObject({ reason: "unauthorized" });
    },
  );

  it.each(["open", "closed"] as const)(
    "%s reports a Sluice that cannot be reached, with the cause",
    async (onUnavailable) => {
      const faults: unknown[] = [];
      const onError = (error: unknown): void => void faults.push(error);
      const cause = new Error('Worker does not export an entrypoint named "Slooce"');
      const service = { fetch: () => Promise.reject(cause) };
      const client = createClient({ service, retryForMs: 0, onUnavailable, onError });
      expect(await client.acquire("a")).toMatchObject({ ok: onUnavailable === "open" });
      const detail = `Cannot reach Sluice: ${cause.message}`;
      expect(faults).toMatchObject([{ name: "SluiceError", reason: "unavailable", detail, cause }]);
    },
  );

  it("without onError, an outage is written to the console once a minute", async () => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    // Of its own, because the minute is shared by all clients of a module.
    vi.resetModules();
    const own = await import("../../src/client/client.ts");
    const service = { fetch: () => Response.error() };
    // A Worker may create a client for each request.
    const outcomes = await Promise.all(
      ["a", "b"].map((bucket) => {
        const client = own.createClient({ service, retryForMs: 0, onUnavailable: "open" });
        return client.acquire(bucket);
      }),
    );
    expect(outcomes).toMatchObject([{ isUnmetered: true }, { isUnmetered: true }]);
    expect(error).toHaveBeenCalledTimes(1);
  });

  it("closed shows the caller nothing of the fault", async () => {
    const { client } = clientOf(unauthorized, {
      onUnavailable: "closed",
      onError: () => undefined,
    });
    expect(await client.acquire("a")).toMatchObject({
      detail: "Sluice cannot be used as configured",
    });
  });

  describe("if the bucket lacks a limit that the acquire names", () => {
    const errors = [{ field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate' }];
    const noSuchLimit = (): Response => {
      const problem = { status: 400, reason: "invalid-request", detail: errors[0]?.message };
      return Response.json({ ...problem, errors }, { status: 400 });
    };
    const fault = {
      name: "SluiceError",
      message:
        'invalid-request: Cannot acquire from bucket llm:ann: "tmp" is no limit of this bucket: ' +
        "rate; name limits that its policy has, or add them to it",
      status: 400,
      errors,
    };

    it.each([
      ["open", { ok: true, isUnmetered: true }],
      ["closed", { ok: false, reason: "unavailable" }],
    ] as const)(
      "%s decides, and reports which limit and bucket",
      async (onUnavailable, outcome) => {
        const faults: unknown[] = [];
        const onError = (error: unknown): number => faults.push(error);
        const { client } = clientOf(noSuchLimit, { onUnavailable, onError });
        expect(await client.acquire("llm:ann", { limits: { tmp: 1 } })).toMatchObject(outcome);
        expect(faults).toMatchObject([fault]);
      },
    );

    it("throw throws the same", async () => {
      const { client } = clientOf(noSuchLimit);
      const acquired = client.acquire("llm:ann", { limits: { tmp: 1 } });
      await expect(acquired).rejects.toMatchObject(fault);
    });
  });

  it("throw, the default, throws what the service says", async () => {
    await expect(clientOf(unauthorized).client.acquire("a")).rejects.toMatchObject({
      reason: "unauthorized",
      status: 401,
    });
  });
});

describe("overdueMs", () => {
  // As a frozen process does: its kernel still accepts connections.
  async function silentServer(): Promise<AsyncDisposable & { url: string }> {
    const server = createServer();
    const sockets = new Set<{ destroy(): unknown }>();
    server.on("connection", (socket) => sockets.add(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose](): Promise<void> {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, "close");
      },
    };
  }

  const timed = async (action: Promise<unknown>): Promise<[unknown, number]> => {
    const startedAtMs = performance.now();
    return [await action, performance.now() - startedAtMs];
  };

  it.each([
    // One attempt of timeoutMs and overdueMs; with a retry, which has overdueMs again.
    [0, 500],
    [10_000, 800],
  ])(
    "gives up on a Sluice that never answers, retryForMs %d, after %d ms",
    async (retryForMs, expectedMs) => {
      await using silent = await silentServer();
      const faults: unknown[] = [];
      const onError = (error: unknown): void => void faults.push(error);
      const options = { url: silent.url, retryForMs, onError, onUnavailable: "open" } as const;
      const client = createClient({ ...options, overdueMs: 300 });
      const [outcome, tookMs] = await timed(client.acquire("a", { timeoutMs: 200 }));
      expect(outcome).toMatchObject({ isUnmetered: true });
      const detail = /^No answer within \d+ ms$/;
      expect(faults).toMatchObject([{ detail: expect.stringMatching(detail) as string }]);
      // Timers may fire a little early; a busy machine is late.
      expect(tookMs).toBeGreaterThan(expectedMs - 20);
      expect(tookMs).toBeLessThan(expectedMs + 2_000);
    },
  );

  it("applies to calls that don't wait", async () => {
    await using silent = await silentServer();
    const client = createClient({ url: silent.url, retryForMs: 0, overdueMs: 300 });
    await expect(client.inspect("a")).rejects.toMatchObject({
      reason: "unavailable",
      detail: "No answer within 300 ms",
    });
  });
});
