/** The middleware and its sibling by themselves: choices, faults, callers that leave. */
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { AcquireOutcome, Granted, Refused } from "../../src/client/acquire-outcome.ts";
import type { AcquireOptions, Client } from "../../src/client/client.ts";

import { bucketName } from "../../src/client/middleware/bucket-name.ts";
import { SluiceError } from "../../src/client/sluice-error.ts";
import { withRateLimit } from "../../src/client/middleware/with-rate-limit.ts";
import { rateLimit, type HonoRateLimitOptions } from "../../src/hono/rate-limit.ts";
import { freePort } from "../../kit/processes/server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const rateLimitState = { policy: "b", capacity: 1, windowSeconds: 1, remaining: 0 };
const granted: Granted = {
  ok: true,
  bucket: "b",
  tokens: 1,
  remaining: 0,
  waitedMs: 0,
  grantedAtMs: 0,
  rateLimit: rateLimitState,
};
const refused: Refused = {
  ok: false,
  bucket: "b",
  tokens: 1,
  reason: "timeout",
  detail: "Cannot acquire 1 token within 0 ms: the earliest is in 930 ms",
  retryAfterMs: 930,
  violatedPolicies: ["b"],
  rateLimit: { ...rateLimitState, resetSeconds: 1 },
};

/** A client whose acquires end as the test says. */
function clientThat(
  acquire: (bucket: string, options: AcquireOptions) => AcquireOutcome | Promise<AcquireOutcome>,
) {
  const calls: (AcquireOptions & { bucket: string })[] = [];
  const client = {
    acquire: async (bucket: string, options: AcquireOptions = {}) => {
      calls.push({ bucket, ...options });
      return acquire(bucket, options);
    },
  };
  return { client: client as unknown as Client, calls };
}

/** Both surfaces with the same options, for callbacks that do not care what they are given. */
const surfaces = {
  hono: (options: HonoRateLimitOptions) => {
    const app = new Hono();
    app.use(rateLimit(options));
    app.get("/", (c) => c.text("fine"));
    app.onError((error, c) => c.text(error.message, 500));
    return async (request: Request, env: object = {}) => app.fetch(request, env);
  },
  plain: (options: HonoRateLimitOptions) => {
    const handler = withRateLimit<Request, object, object>(
      () => new Response("fine"),
      options as unknown as Parameters<typeof withRateLimit<Request, object, object>>[1],
    );
    return (request: Request, env: object = {}) =>
      handler(request, env, {}).catch(
        (error: unknown) => new Response((error as Error).message, { status: 500 }),
      );
  },
};

/** Requests that are not to be collected. */
const held: Request[] = [];

const request = (init?: RequestInit) => new Request("http://app.test/", init);

describe.each(["hono", "plain"] as const)("%s", (kind) => {
  const limit = surfaces[kind];

  it("asks for one token, and does not wait for it, unless told otherwise", async () => {
    const { client, calls } = clientThat(() => granted);
    const response = await limit({ client, bucket: "b" })(request());
    expect([response.status, await response.text()]).toEqual([200, "fine"]);
    expect(calls).toMatchObject([{ bucket: "b", tokens: 1, timeoutMs: 0 }]);
    expect(response.headers.get("RateLimit")).toBe('"b";r=0');
    expect(response.headers.get("RateLimit-Policy")).toBe('"b";q=1;w=1');
  });

  it("works each option out, at once or later", async () => {
    const { client, calls } = clientThat(() => granted);
    const handle = limit({
      client: () => client,
      bucket: () => Promise.resolve("c"),
      tokens: () => Promise.resolve(3),
      waitMs: () => 700,
      skip: () => Promise.resolve(false),
      shadow: () => false,
      onOutcome: () => undefined,
    });
    await handle(request());
    expect(calls).toMatchObject([{ bucket: "c", tokens: 3, timeoutMs: 700 }]);
  });

  it("what was granted by no bucket passes without fields", async () => {
    const { rateLimit: _, ...unmetered } = granted;
    const { client } = clientThat(() => ({ ...unmetered, isUnmetered: true }));
    const response = await limit({ client, bucket: "b" })(request());
    expect([response.status, response.headers.get("RateLimit")]).toEqual([200, null]);
  });

  it("onOutcome is told of grants and refusals before they are answered", async () => {
    for (const outcome of [granted, refused]) {
      const onOutcome = vi.fn();
      const { client } = clientThat(() => outcome);
      await limit({ client, bucket: "b", onOutcome })(request());
      expect(onOutcome.mock.calls.map(([, reported]) => reported as unknown)).toEqual([outcome]);
    }
  });

  it.each(["timeout", "queue-full", "exceeds-capacity", "bucket-reset", "unavailable"] as const)(
    "a refusal for %s is a problem document",
    async (reason) => {
      const status = { timeout: 429, "queue-full": 429, "exceeds-capacity": 422 }[reason as string];
      const { violatedPolicies: _, rateLimit: __, ...others } = refused;
      const { client } = clientThat(() => ({ ...(status === 429 ? refused : others), reason }));
      const response = await limit({ client, bucket: "b" })(request());
      expect(response.status).toBe(status ?? 503);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(response.headers.get("Retry-After")).toBe("1");
      const body = (await response.json()) as object;
      expect(body).toMatchObject({ reason, status: status ?? 503, detail: refused.detail });
      expect("violated-policies" in body).toBe(status === 429);
      expect(response.headers.get("RateLimit")).toBe(status === 429 ? '"b";r=0;t=1' : null);
    },
  );

  it("a caller that leaves while it waits is answered with nothing, and is no fault", async () => {
    const { client } = clientThat(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );
    const controller = new AbortController();
    const asked = request({ signal: controller.signal });
    // As a server keeps it: one that nobody holds loses its signal, and is never aborted.
    held.push(asked);
    const answer = limit({ client, bucket: "b", waitMs: 9_000 })(asked);
    setTimeout(() => controller.abort(new Error("gone")), 20);
    const response = await answer;
    expect([response.status, await response.text()]).toEqual([499, ""]);
  });

  it("what the client or a callback throws is reported, and answered 503: nobody passes by accident", async () => {
    const fault = () => {
      throw new Error("of the test");
    };
    const { client } = clientThat(() => granted);
    const options: Partial<HonoRateLimitOptions>[] = [
      { client: clientThat(fault).client },
      { client: fault },
      { bucket: fault },
      { tokens: () => Promise.reject(new Error("of the test")) },
      { waitMs: fault },
      { skip: fault },
      { shadow: fault, onOutcome: () => undefined },
      { bucket: (() => undefined) as unknown as () => string },
    ];
    for (const option of options) {
      const onError = vi.fn();
      const all = { client, bucket: "b", onUnavailable: "open", onError, ...option };
      const response = await limit(all as HonoRateLimitOptions)(request());
      expect(response.status).toBe(503);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(await response.json()).toMatchObject({ reason: "unavailable", status: 503 });
      expect(onError).toHaveBeenCalledTimes(1);
      expect(onError.mock.calls[0]).toEqual([
        expect.objectContaining({
          message: expect.stringMatching(/^of the test$|^bucket must be a string: got undefined$/),
        }),
      ]);
    }
  });

  it("what onOutcome and onRefused throw is reported, and changes nothing", async () => {
    const onError = vi.fn();
    const fault = () => Promise.reject(new Error("of the test"));
    const passed = await limit({
      client: clientThat(() => granted).client,
      bucket: "b",
      onOutcome: fault,
      onError,
    })(request());
    expect([passed.status, await passed.text()]).toEqual([200, "fine"]);
    const { client } = clientThat(() => refused);
    const denied = await limit({ client, bucket: "b", onRefused: fault, onError })(request());
    expect(denied.status).toBe(429);
    expect(await denied.json()).toMatchObject({ reason: "timeout" });
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it("an onError that throws, or rejects, is no fault of the request", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    const { client } = clientThat(() => Promise.reject(new Error("down")));
    const fault = () => {
      throw new Error("of onError");
    };
    for (const onError of [fault, () => Promise.reject(new Error("of onError"))]) {
      const response = await limit({ client, bucket: "b", onError })(request());
      expect(response.status).toBe(503);
    }
    await vi.waitFor(() => expect(errors).toHaveBeenCalledTimes(2));
  });

  it("writes the same fault to the console once, and another one once, too", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    const faults = [new Error("one"), new Error("one"), new TypeError("another"), new Error("one")];
    const { client } = clientThat(() => Promise.reject(faults.shift() ?? new Error("none")));
    const handle = limit({ client, bucket: "b" });
    for (let call = 0; call < 4; call += 1) await handle(request());
    expect(errors.mock.calls.map(([, error]) => String(error))).toEqual([
      "Error: one",
      "TypeError: another",
    ]);
  });

  it.each(["a b", "ann+1@example.com", "x".repeat(130), "müller", "1.2.3.4, 5.6.7.8", ""])(
    "a bucket that is named by %j gets a legal name, under the same policy",
    async (text) => {
      const { client, calls } = clientThat(() => granted);
      const response = await limit({ client, bucket: () => `api:${text}` })(request());
      expect(response.status).toBe(200);
      expect(calls[0]?.bucket).toBe(bucketName("api", text));
    },
  );

  it.each<readonly [Partial<HonoRateLimitOptions>, string]>([
    [{ tokens: () => Number("many") }, "tokens must be an integer from 1 to 1000000000: got NaN"],
    [
      { tokens: () => 0 },
      "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    ],
    [{ tokens: () => 1.5 }, "tokens must be an integer from 1 to 1000000000: got 1.5"],
    [{ waitMs: () => -1 }, "waitMs must be an integer from 0 to 3600000: got -1"],
    [{ waitMs: () => Infinity }, "waitMs must be an integer from 0 to 3600000: got Infinity"],
  ])("%o is answered 400, and asks nobody", async (option, detail) => {
    const { client, calls } = clientThat(() => granted);
    const onError = vi.fn();
    const all = { client, bucket: "b", onUnavailable: "open", onError, ...option };
    const response = await limit(all as HonoRateLimitOptions)(request());
    expect(response.status).toBe(400);
    const body = (await response.json()) as { errors: unknown[] };
    expect(body).toMatchObject({ reason: "invalid-request", status: 400, detail });
    // What a request asks for may be its own; how long it may wait is up to the program.
    const faults = "waitMs" in option ? 1 : 0;
    expect([body.errors.length, calls.length, onError.mock.calls.length]).toEqual([1, 0, faults]);
  });

  it("what Sluice itself calls an invalid request is answered 400", async () => {
    const errors = [{ field: "tokens", message: "tokens must be at most 5: got 9" }];
    const fault = { reason: "invalid-request", detail: "no", status: 400, errors } as const;
    const { client } = clientThat(() => Promise.reject(new SluiceError(fault)));
    const response = await limit({ client, bucket: "b", tokens: 9 })(request());
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ detail: errors[0]?.message, errors }),
    ]);
  });

  it("a function that gives no number of tokens or milliseconds asks for the default", async () => {
    const { client, calls } = clientThat(() => granted);
    const nothing = (() => undefined) as unknown as () => number;
    await limit({ client, bucket: "b", tokens: nothing, waitMs: nothing })(request());
    expect(calls).toMatchObject([{ tokens: 1, timeoutMs: 0 }]);
  });

  it("shadow mode lets all pass, and keeps what fails to itself", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    const onOutcome = vi.fn();
    for (const outcome of [refused, granted, undefined]) {
      const { client, calls } = clientThat(() => outcome ?? Promise.reject(new Error("down")));
      const handle = limit({ client, bucket: "b", waitMs: 60_000, shadow: true, onOutcome });
      const response = await handle(request());
      expect([response.status, response.headers.get("RateLimit")]).toEqual([200, null]);
      // Longer than Workers give what is left after the answer.
      expect(calls[0]?.timeoutMs).toBe(25_000);
      expect(calls[0]).not.toHaveProperty("signal");
    }
    await vi.waitFor(() => expect(errors).toHaveBeenCalledTimes(1));
    expect(onOutcome.mock.calls.map(([, reported]) => reported as unknown)).toEqual([
      refused,
      granted,
    ]);
  });

  it("where Sluice is away, the client's onUnavailable says what becomes of a request", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const onError = vi.fn();
    const away = { url, bucket: "b", retryForMs: 0, onError };
    const open = await limit({ ...away, onUnavailable: "open" })(request());
    expect([open.status, await open.text()]).toEqual([200, "fine"]);
    const closed = await limit({ ...away, onUnavailable: "closed" })(request());
    expect(closed.status).toBe(503);
    expect(await closed.json()).toMatchObject({ reason: "unavailable" });
    const cause = { name: "SluiceError", reason: "unavailable" };
    expect(onError.mock.calls).toMatchObject([[cause], [cause]]);
    onError.mockClear();
    const thrown = await limit(away)(request());
    expect([thrown.status, thrown.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await thrown.json()).toMatchObject({ reason: "unavailable" });
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it.each([
    [400, "invalid-request"],
    [401, "unauthorized"],
    [404, "unknown-bucket"],
    [500, "illegal-configuration"],
    [200, undefined],
  ])("an answer %d %s of Sluice is reported, and onUnavailable decides", async (status, reason) => {
    const errors = [{ field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate' }];
    const detail = "of Sluice, and not for callers";
    const problem = { reason, status, detail, ...(status === 400 && { errors }) };
    const fetch = async () => Response.json(problem, { status });
    for (const [onUnavailable, expected] of [
      ["open", 200],
      ["closed", 503],
      ["throw", 503],
    ] as const) {
      const onError = vi.fn();
      const onOutcome = vi.fn();
      const url = "http://sluice.test";
      const options = { url, fetch, bucket: "b", onUnavailable, onError, onOutcome };
      const handle = limit(options as HonoRateLimitOptions);
      const response = await handle(request());
      const text = await response.text();
      expect([response.status, text.includes("not for callers")]).toEqual([expected, false]);
      expect(onError.mock.calls.map(([error]) => (error as SluiceError).reason)).toEqual([
        reason ?? "unexpected-answer",
      ]);
      const outcome = onUnavailable === "open" ? { isUnmetered: true } : { reason: "unavailable" };
      expect(onOutcome.mock.calls.map(([, reported]) => reported as unknown)).toMatchObject([
        outcome,
      ]);
    }
  });

  it("asks the binding SLUICE where nothing else is said, and says so where there is none", async () => {
    const asked: string[] = [];
    const body = { bucket: "b", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs: 0 };
    const SLUICE = {
      fetch: (sent: Request) => {
        expect(sent.headers.has("Idempotency-Key")).toBe(false);
        asked.push(`${sent.url} ${sent.headers.get("Authorization")}`);
        return Response.json(body);
      },
    };
    const handle = limit({ bucket: "b", token: "t" });
    expect((await handle(request(), { SLUICE })).status).toBe(200);
    expect((await handle(request(), { SLUICE })).status).toBe(200);
    expect(asked).toEqual(
      Array.from(
        { length: 2 },
        () => "https://sluice/acquire?bucket=b&tokens=1&timeoutMs=0 Bearer t",
      ),
    );
    for (const env of [{}, { SLUICE: "sluice" }]) {
      for (const [onUnavailable, status] of [
        ["open", 200],
        ["closed", 503],
        ["throw", 503],
      ] as const) {
        const onError = vi.fn();
        const response = await limit({ bucket: "b", onUnavailable, onError })(request(), env);
        expect(response.status).toBe(status);
        expect(String(onError.mock.calls[0])).toContain(
          "No client: pass client, url or service, bind Sluice as SLUICE, or export it from this Worker",
        );
      }
    }
    const service = await limit({ bucket: "b", service: SLUICE })(request());
    expect(service.status).toBe(200);
  });

  it.each<readonly [Partial<HonoRateLimitOptions>, string]>([
    [{ waitMs: -1 }, "waitMs must be an integer from 0 to 3600000: got -1"],
    [{ waitMs: 3_600_001 }, "waitMs must be an integer from 0 to 3600000: got 3600001"],
    [
      { tokens: 0 },
      "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
    ],
    [{ bucket: "a b" }, "bucket must be "],
    [{ shadow: true }, "shadow requires onOutcome to report to"],
    [{ skip: true as unknown as () => boolean }, "skip must be a function: got true"],
    [{ onError: 7 as unknown as () => void }, "onError must be a function: got 7"],
    [{ client: undefined, url: "sluice" } as object, "url must be an absolute URL"],
  ])("%o is told before any request", (options, message) => {
    const { client } = clientThat(() => granted);
    const all = { client, bucket: "b", ...options } as HonoRateLimitOptions;
    expect(() => limit(all)).toThrow(message);
  });
});

it("what a callback throws to be the answer is Hono's to answer", async () => {
  const { client } = clientThat(() => refused);
  const thrown = () => {
    throw new HTTPException(401, { message: "who are you?" });
  };
  for (const option of [{ bucket: thrown }, { onOutcome: thrown }, { onRefused: thrown }]) {
    const app = new Hono().use(rateLimit({ client, bucket: "b", ...option }));
    const response = await app.fetch(request());
    expect([response.status, await response.text()]).toEqual([401, "who are you?"]);
  }
});

it("an answer that a handler gives again and again does not gather fields", async () => {
  const { client } = clientThat(() => granted);
  const same = new Response(null, { status: 204 });
  const app = new Hono().use(rateLimit({ client, bucket: "b" })).get("/", () => same);
  const handler = withRateLimit(() => same, { client, bucket: "b" });
  for (let call = 0; call < 3; call += 1) {
    for (const answer of [await app.fetch(request()), await handler(request(), {}, {})]) {
      expect([answer.status, answer.headers.get("RateLimit")]).toEqual([204, '"b";r=0']);
    }
  }
});

it("shadow mode works out what it asks for while the request is whole", async () => {
  const { client, calls } = clientThat(() => granted);
  const handler = withRateLimit<Request, object, object>(
    async (request) => new Response(await request.text()),
    {
      client,
      bucket: async ({ request }) => (await request.clone().text()).slice(0, 1),
      tokens: async ({ request }) => (await request.clone().text()).length,
      shadow: true,
      onOutcome: () => undefined,
    },
  );
  const response = await handler(request({ method: "POST", body: "body" }), {}, {});
  expect(await response.text()).toBe("body");
  expect(calls).toMatchObject([{ bucket: "b", tokens: 4 }]);
});

it("shadow mode lets pass where a callback fails", async () => {
  const errors = vi.spyOn(console, "error").mockReturnValue();
  const { client } = clientThat(() => granted);
  const bucket = () => {
    throw new Error("of the test");
  };
  const app = new Hono().use(
    rateLimit({ client, bucket, shadow: true, onOutcome: () => undefined }),
  );
  app.get("/", (c) => c.text("fine"));
  expect((await app.fetch(request())).status).toBe(200);
  expect(errors).toHaveBeenCalledTimes(1);
});

it("shadow mode outlives the answer where the runtime lets it", async () => {
  const { client } = clientThat(() => granted);
  const onOutcome = vi.fn();
  const kept: Promise<unknown>[] = [];
  const ctx = {
    waitUntil(promise: Promise<unknown>) {
      expect(this).toBe(ctx);
      kept.push(promise);
    },
    passThroughOnException: () => undefined,
    props: {},
  };
  const shadow = { client, bucket: "b", shadow: true, onOutcome };
  await withRateLimit(() => new Response("fine"), shadow)(request(), {}, ctx);
  const app = new Hono().use(rateLimit(shadow)).get("/", (c) => c.text("fine"));
  await app.fetch(request(), {}, ctx);
  await Promise.all(kept);
  expect([kept.length, onOutcome.mock.calls.length]).toEqual([2, 2]);
});
