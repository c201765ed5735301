/** The paced fetch by itself: an API and a Sluice that say what the test wants, in virtual time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { AcquireOutcome, Granted } from "../../../src/client/acquire-outcome.ts";
import type { AcquireOptions, Client } from "../../../src/client/client.ts";
import type { PauseFields } from "../../../src/core/pause.ts";
import type { PacedFetchOptions } from "../../../src/client/paced-fetch/paced-fetch.ts";
import type { BucketSnapshot } from "../../../src/protocol/bucket-snapshot.ts";

import type { UpstreamAdvice } from "../../../src/client/paced-fetch/upstream-advice.ts";

import { createPacedFetch } from "../../../src/client/paced-fetch/paced-fetch.ts";
import { refusalResponse } from "../../../src/client/middleware/refusal-response.ts";
import { SluiceError } from "../../../src/client/sluice-error.ts";

const NOW_MS = Date.UTC(2026, 10, 24, 12);
const URL_OF_API = "http://api.test/things";

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Acquired = { readonly bucket: string } & AcquireOptions;
type ReportedPause = { readonly bucket: string } & PauseFields;

/** A Sluice that does as it is told, and remembers what it was asked. */
class ScriptedClient {
  readonly acquired: Acquired[] = [];
  readonly paused: ReportedPause[] = [];
  onAcquire: (call: Acquired) => AcquireOutcome | Promise<AcquireOutcome> = () => granted();
  onPause: (pause: ReportedPause) => BucketSnapshot | Promise<BucketSnapshot> = () => snapshot();

  async acquire(bucket: string, options: AcquireOptions = {}): Promise<AcquireOutcome> {
    options.signal?.throwIfAborted();
    this.acquired.push({ bucket, ...options });
    return this.onAcquire({ bucket, ...options });
  }

  async pause(bucket: string, pause: PauseFields): Promise<BucketSnapshot> {
    this.paused.push({ bucket, ...pause });
    return this.onPause({ bucket, ...pause });
  }

  get asClient(): Client {
    return this as unknown as Client;
  }
}

function granted(fields: Partial<Granted> = {}): Granted {
  const grantedAtMs = Date.now();
  return { ok: true, bucket: "b", tokens: 1, remaining: 0, waitedMs: 0, grantedAtMs, ...fields };
}

function snapshot(maxWaitMs = 60_000): BucketSnapshot {
  return { policy: { maxWaitMs } } as BucketSnapshot;
}

const refused: AcquireOutcome = {
  ok: false,
  bucket: "b",
  tokens: 1,
  reason: "timeout",
  detail: "Cannot acquire 1 token within 0 ms: the earliest is in 930 ms",
  retryAfterMs: 930,
  violatedPolicies: ["b"],
  rateLimit: { policy: "b", capacity: 1, windowSeconds: 1, remaining: 0, resetSeconds: 1 },
};

interface Sent {
  readonly atMs: number;
  readonly method: string;
  readonly body: string;
}

/** An API that gives these answers one after the other, the last of them for good. */
function api(...answers: readonly (() => Response)[]) {
  const sent: Sent[] = [];
  const responses: Response[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const response = (answers[responses.length] ?? answers.at(-1)!)();
    responses.push(response);
    sent.push({ atMs: Date.now() - NOW_MS, method: request.method, body: await request.text() });
    return response;
  };
  return { fetch: vi.fn(fetch), sent, responses };
}

const ok =
  (fields: Record<string, string> = {}) =>
  () =>
    new Response("fine", { headers: fields });
const tooMany =
  (fields: Record<string, string> = {}, status = 429) =>
  () =>
    new Response("too many", { status, headers: fields });

function pace(
  answers: readonly (() => Response)[],
  options: Partial<PacedFetchOptions> = {},
  client = new ScriptedClient(),
) {
  const upstream = api(...answers);
  const { fetch } = upstream;
  const pacedFetch = createPacedFetch({ client: client.asClient, bucket: "b", fetch, ...options });
  return { ...upstream, client, pacedFetch };
}

/** Lets virtual time pass until `promise` has settled, and tells when that was. */
async function finish<Value>(promise: Promise<Value>): Promise<{ value: Value; atMs: number }> {
  const state = { isSettled: false };
  const settle = () => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  for (let turns = 0; !state.isSettled && turns < 20_000; turns += 1) {
    await vi.advanceTimersByTimeAsync(10);
  }
  return { value: await promise, atMs: Date.now() - NOW_MS };
}

const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error("resolved"),
    (error: unknown) => error as Error,
  );

describe("quotas that limits stand for", () => {
  const quotas = { tpm: ["tokens", "Input-Tokens"], rate: "requests" };
  const tokensLeft = (left: number, reset: string): Record<string, string> => ({
    "x-ratelimit-remaining-requests": "50",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-remaining-tokens": String(left),
    "x-ratelimit-reset-tokens": reset,
  });
  /** What a grant leaves of tpm. */
  const leaving = (remaining: number): Granted => {
    return granted({ limits: { tpm: { tokens: 10, remaining } } });
  };

  it("pause that limit only, and the retry waits for it like every other call", async () => {
    const { pacedFetch, client, sent } = pace([tooMany(tokensLeft(0, "6s")), ok()], {
      quotas,
      limits: { tpm: 10 },
    });
    await finish(pacedFetch(URL_OF_API));
    expect(client.paused).toEqual([
      { bucket: "b", untilMs: NOW_MS + 6_000, tokens: 0, limits: ["tpm"] },
    ]);
    expect(client.acquired).toMatchObject([{ limits: { tpm: 10 } }, { limits: { tpm: 10 } }]);
    expect(sent).toHaveLength(2);
  });

  it("read fields that have a limit in their names in another order, and lists", async () => {
    for (const fields of [
      {
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": new Date(NOW_MS + 6_000).toISOString(),
      },
      { RateLimit: '"requests";r=9;t=1, "tokens";r=0;t=6' },
    ]) {
      const { pacedFetch, client } = pace([tooMany(fields)], { quotas, retries: 0 });
      await pacedFetch(URL_OF_API);
      expect(client.paused).toMatchObject([{ untilMs: NOW_MS + 6_000, limits: ["tpm"] }]);
    }
  });

  it("hold what takes of the limit while Sluice can't take the pause, and nothing else", async () => {
    const spent = tooMany({ ...tokensLeft(0, "6s"), "retry-after": "30" });
    const client = new ScriptedClient();
    client.onPause = () => Promise.reject(new Error("down"));
    const options = { quotas, retries: 0, onPauseFailed: () => undefined };
    const first = pace([spent], options, client);
    await finish(first.pacedFetch(URL_OF_API));
    const light = pace([ok()], { ...options, limits: { tpm: 0 } }, client);
    const heavy = pace([ok()], options, client);
    const startedAtMs = Date.now() - NOW_MS;
    const waiting = finish(heavy.pacedFetch(URL_OF_API));
    await light.pacedFetch(URL_OF_API);
    expect(light.sent[0]?.atMs).toBe(startedAtMs);
    await waiting;
    expect(heavy.sent[0]?.atMs).toBeGreaterThanOrEqual(30_000);
  });

  it("hold what takes of a limit whose name every object has", async () => {
    const spent = tooMany({ ...tokensLeft(0, "6s"), "retry-after": "30" });
    const client = new ScriptedClient();
    client.onPause = () => Promise.reject(new Error("down"));
    const options = {
      quotas: { constructor: "tokens" },
      limits: { rate: 1 },
      retries: 0,
      onPauseFailed: () => undefined,
    };
    await finish(pace([spent], options, client).pacedFetch(URL_OF_API));
    const next = pace([ok()], options, client);
    await finish(next.pacedFetch(URL_OF_API));
    expect(next.sent[0]?.atMs).toBeGreaterThanOrEqual(30_000);
  });

  it("lower the limit to what is left of them, whatever `tokens` is", async () => {
    const { pacedFetch, client } = pace([ok(tokensLeft(700, "3s"))], {
      quotas,
      tokens: 2,
    });
    client.onAcquire = () => leaving(900);
    await pacedFetch(URL_OF_API);
    expect(client.paused).toEqual([
      { bucket: "b", untilMs: NOW_MS + 3_000, tokens: 700, limits: ["tpm"] },
    ]);
    const enough = pace([ok(tokensLeft(700, "3s"))], { quotas });
    enough.client.onAcquire = () => leaving(700);
    await enough.pacedFetch(URL_OF_API);
    expect(enough.client.paused).toEqual([]);
  });

  it("leave the first limit what no limit is named for, and refusals without a quota", async () => {
    const tokensOnly = { quotas: { tpm: "tokens" }, retries: 0 };
    const requests = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "4s" };
    const { pacedFetch, client } = pace([tooMany(requests)], tokensOnly);
    await pacedFetch(URL_OF_API);
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 4_000, tokens: 0 }]);
    const silent = pace([tooMany()], tokensOnly);
    await silent.pacedFetch(URL_OF_API);
    expect(silent.client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 1_000, tokens: 0 }]);
  });

  it("pause each limit whose quota is spent, and the call waits for the longer one", async () => {
    const both = { ...tokensLeft(0, "6s"), "x-ratelimit-remaining-requests": "0" };
    const { pacedFetch, client } = pace([tooMany(both)], { quotas, retries: 0 });
    await pacedFetch(URL_OF_API);
    expect(client.paused).toEqual([
      { bucket: "b", untilMs: NOW_MS + 1_000, tokens: 0 },
      { bucket: "b", untilMs: NOW_MS + 6_000, tokens: 0, limits: ["tpm"] },
    ]);
  });

  it("may be named by advice", async () => {
    const advice = (): UpstreamAdvice => ({ quota: "Tokens", pauseMs: 5_000 });
    const { pacedFetch, client } = pace([ok()], { quotas, advice, retries: 0 });
    await pacedFetch(URL_OF_API);
    expect(client.paused).toMatchObject([{ untilMs: NOW_MS + 5_000, limits: ["tpm"] }]);
  });

  it("are checked at once", () => {
    const make = (options: object) => (): unknown => pace([ok()], options);
    expect(make({ quotas: { TPM: "tokens" } })).toThrow("A limit's name must be 1 to 32");
    expect(make({ quotas: { tpm: 7 } })).toThrow("quotas.tpm must be the name of a quota");
    expect(make({ quotas: ["tokens"] })).toThrow("quotas must be an object of names by limit");
    expect(make({ quotas: { tpm: "a", rate: ["b", "A"] } })).toThrow(
      'quotas must name each quota once: got "a" of tpm and rate',
    );
    expect(make({ limits: { tpm: -1 } })).toThrow("limits.tpm must be an integer from 0");
    expect(make({ tokens: 0, limits: { tpm: 0 } })).toThrow(
      "tokens must be at least 1, unless limits.NAME",
    );
  });

  it("take as many tokens as a function says of the request and its body", async () => {
    const { pacedFetch, client } = pace([ok()], {
      tokens: (request) => (request.method === "POST" ? 2 : 1),
      limits: (_, init) => ({ tpm: JSON.stringify(init?.body).length }),
    });
    await pacedFetch(URL_OF_API, { method: "POST", body: "twelve chars" });
    expect(client.acquired).toEqual([{ bucket: "b", tokens: 2, limits: { tpm: 14 } }]);
  });
});

describe("a call", () => {
  it("has its token before it is sent, and is sent as it was given", async () => {
    const { pacedFetch, client, fetch } = pace([ok()]);
    let isGranted: (outcome: AcquireOutcome) => void = () => undefined;
    client.onAcquire = () => new Promise((resolve) => (isGranted = resolve));
    const init = { headers: { a: "b" } };
    const call = pacedFetch(URL_OF_API, init);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(fetch).not.toHaveBeenCalled();
    isGranted(granted());
    expect(await (await call).text()).toBe("fine");
    expect(fetch.mock.calls).toEqual([[URL_OF_API, init]]);
    expect(fetch.mock.calls[0]?.[1]).toBe(init);
    expect(client.acquired).toEqual([{ bucket: "b", tokens: 1 }]);
    expect(client.paused).toEqual([]);
  });

  it("asks for the bucket, the tokens and the time that the options say", async () => {
    const { pacedFetch, client } = pace([ok()], {
      bucket: (request) => new URL(request.url).host,
      tokens: (request) => Number(request.headers.get("cost")),
      timeoutMs: 700,
    });
    const { signal } = new AbortController();
    await pacedFetch(new Request(URL_OF_API, { headers: { cost: "3" }, signal }));
    expect(client.acquired).toMatchObject([{ bucket: "api.test", tokens: 3, timeoutMs: 700 }]);
    expect(client.acquired[0]?.signal).toBeInstanceOf(AbortSignal);
  });

  it("that is wrong takes no token", async () => {
    const { pacedFetch, client } = pace([ok()]);
    expect((await errorOf(pacedFetch("/no/host"))).name).toBe("TypeError");
    expect((await errorOf(pacedFetch(URL_OF_API, { method: "A B" }))).name).toBe("TypeError");
    expect(client.acquired).toEqual([]);
  });

  it("that finds no token rejects with the refusal", async () => {
    const { pacedFetch, client, fetch } = pace([ok()]);
    client.onAcquire = () => refused;
    const error = await errorOf(pacedFetch(URL_OF_API));
    expect(error).toMatchObject({ name: "SluiceRefusedError", refusal: refused });
    expect(error).toHaveProperty("response", undefined);
    expect(error.message).toBe(
      'Sluice refused bucket "b": Cannot acquire 1 token within 0 ms: the earliest is in 930 ms',
    );
    expect(fetch).not.toHaveBeenCalled();
  });

  it("that finds no token is answered by onRefused where there is one", async () => {
    const { pacedFetch, client } = pace([ok()], { onRefused: refusalResponse });
    client.onAcquire = () => refused;
    const response = await pacedFetch(URL_OF_API);
    expect(response.status).toBe(429);
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await response.json()).toMatchObject({ reason: "timeout", "violated-policies": ["b"] });
  });

  it("passes on what the client and fetch throw", async () => {
    const { pacedFetch, client, fetch } = pace([ok()]);
    fetch.mockRejectedValueOnce(new TypeError("fetch failed"));
    expect((await errorOf(pacedFetch(URL_OF_API))).message).toBe("fetch failed");
    client.onAcquire = () => Promise.reject(new Error("unauthorized"));
    expect((await errorOf(pacedFetch(URL_OF_API))).message).toBe("unauthorized");
  });
});

describe("a refusal of the API", () => {
  it("pauses the bucket, and the request is sent again with a token of its own", async () => {
    const { pacedFetch, client, sent, responses } = pace([tooMany({ "Retry-After": "3" }), ok()]);
    const response = await pacedFetch(URL_OF_API);
    expect(await response.text()).toBe("fine");
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 3_000, tokens: 0 }]);
    expect(client.acquired).toHaveLength(2);
    // The bucket has the pause: waiting is its business.
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 0]);
    expect(responses[0]?.bodyUsed || responses[0]?.body?.locked).toBe(true);
  });

  it.each([
    ["503 with Retry-After", tooMany({ "Retry-After": "3" }, 503), 3_000],
    [
      "403 with none left",
      tooMany({ "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5" }, 403),
      5_000,
    ],
    ["a reset", tooMany({ RateLimit: '"a";r=0;t=4' }), 4_000],
    ["nothing said", tooMany(), 1_000],
    ["0 said", tooMany({ "Retry-After": "0" }), 1_000],
    ["rubbish said", tooMany({ "Retry-After": "rubbish" }), 1_000],
  ])("with %s pauses for that long", async (_, answer, forMs) => {
    const { pacedFetch, client } = pace([answer, ok()]);
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + forMs, tokens: 0 }]);
  });

  it("that says nothing doubles the pause each time, and comes to an end", async () => {
    const { pacedFetch, client, sent } = pace([tooMany()], { retries: 3, backoffMs: 500 });
    // Sluice does not take it, so the time has to pass here.
    client.onPause = () => Promise.reject(new Error("down"));
    vi.spyOn(console, "error").mockReturnValue();
    const { value: response } = await finish(pacedFetch(URL_OF_API));
    expect(response.status).toBe(429);
    expect(await response.text()).toBe("too many");
    expect(sent.map(({ atMs }) => Math.round(atMs / 10) * 10)).toEqual([0, 500, 1_500, 3_500]);
    expect(client.paused).toHaveLength(4);
  });

  it.each([0, 1, 2])("is given after %d retries", async (retries) => {
    const { pacedFetch, sent } = pace([tooMany({ "Retry-After": "1" })], { retries });
    expect((await pacedFetch(URL_OF_API)).status).toBe(429);
    expect(sent).toHaveLength(retries + 1);
  });

  it("with 503 and nothing said is an answer like any other", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({}, 503)]);
    expect((await pacedFetch(URL_OF_API)).status).toBe(503);
    expect([client.paused.length, sent.length]).toEqual([0, 1]);
  });

  it("is given where the pause is longer than the call may wait", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "30" })], {
      timeoutMs: 20_000,
    });
    const response = await pacedFetch(URL_OF_API);
    expect([response.status, await response.text()]).toEqual([429, "too many"]);
    expect(sent).toHaveLength(1);
    expect(client.paused).toHaveLength(1);
  });

  it("is given where the pause is longer than the bucket lets anybody wait", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "30" })]);
    client.onPause = () => snapshot(10_000);
    expect((await pacedFetch(URL_OF_API)).status).toBe(429);
    expect(sent).toHaveLength(1);
  });

  it("of a year pauses for an hour, and of less than maxPauseMs for that", async () => {
    const first = pace([tooMany({ "Retry-After": "31536000" })]);
    expect((await first.pacedFetch(URL_OF_API)).status).toBe(429);
    expect(first.client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 3_600_000, tokens: 0 }]);
    const second = pace([tooMany({ "Retry-After": "31536000" })], {
      maxPauseMs: 5_000,
      retries: 0,
    });
    await second.pacedFetch(URL_OF_API);
    expect(second.client.paused[0]?.untilMs).toBe(NOW_MS + 5_000);
    const third = pace([tooMany({ "Retry-After": "31536000" })], { maxPauseMs: 86_400_000 });
    await third.pacedFetch(URL_OF_API);
    expect(third.client.paused[0]?.untilMs).toBeLessThan(NOW_MS + 86_400_000);
  });

  it("pauses by the clock of Sluice, where that is another", async () => {
    for (const skewMs of [3_600_000, -3_600_000]) {
      const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" }), ok()]);
      client.onAcquire = () => granted({ grantedAtMs: Date.now() + skewMs });
      await pacedFetch(URL_OF_API);
      expect(client.paused[0]?.untilMs).toBe(NOW_MS + 3_000 + skewMs);
    }
  });

  it("is told once for all who get it at once", async () => {
    const answers = [...Array.from({ length: 10 }, () => tooMany({ "Retry-After": "3" })), ok()];
    const { pacedFetch, client, sent } = pace(answers);
    client.onPause = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return snapshot();
    };
    const calls = Array.from({ length: 10 }, () => pacedFetch(URL_OF_API));
    const { value: responses } = await finish(Promise.all(calls));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(sent).toHaveLength(20);
    expect(client.paused.length).toBeLessThanOrEqual(2);
  });

  it("that is known is told again after a second: somebody may have lifted it", async () => {
    const left = [30, 29, 28].map((seconds) => tooMany({ "Retry-After": String(seconds) }));
    const { pacedFetch, client } = pace(left, { retries: 0 });
    await pacedFetch(URL_OF_API);
    await vi.advanceTimersByTimeAsync(500);
    await pacedFetch(URL_OF_API);
    expect(client.paused).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await pacedFetch(URL_OF_API);
    expect(client.paused.map(({ untilMs }) => untilMs - NOW_MS)).toEqual([30_000, 29_500]);
  });

  it("of a retry that finds no token any more rejects, with what the API said", async () => {
    const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" })]);
    client.onAcquire = () => (client.acquired.length === 1 ? granted() : refused);
    const error = await errorOf(pacedFetch(URL_OF_API));
    expect(error).toMatchObject({ name: "SluiceRefusedError", response: { status: 429 } });
  });

  it("counts what all attempts wait together", async () => {
    const { pacedFetch, client } = pace([tooMany({ "Retry-After": "1" })], { timeoutMs: 5_000 });
    client.onAcquire = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return granted();
    };
    await finish(pacedFetch(URL_OF_API));
    expect(client.acquired.map(({ timeoutMs }) => timeoutMs)).toEqual([5_000, 4_000, 3_000]);
  });
});

describe("a pause that did not help", () => {
  const ends = (client: ScriptedClient) => client.paused.map(({ untilMs }) => untilMs - NOW_MS);

  /** A client whose bucket keeps the pause, as far as one caller at a time can tell. */
  function obedient(maxWaitMs = 3_600_000): ScriptedClient {
    const client = new ScriptedClient();
    let untilMs = 0;
    client.onPause = (pause) => {
      untilMs = Math.max(untilMs, pause.untilMs);
      return snapshot(maxWaitMs);
    };
    client.onAcquire = async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, untilMs - Date.now() + 1)));
      return granted();
    };
    return client;
  }

  it.each<readonly [string, Record<string, string>, number[]]>([
    ["seconds", { "Retry-After": "1" }, [0, 1_000, 3_000, 7_000]],
    ["12 ms of a quota (dirge#719)", { "Retry-After-Ms": "12" }, [0, 12, 36, 84]],
    ["nothing", {}, [0, 1_000, 3_000, 7_000]],
    ["too much", { "Retry-After": "9".repeat(20) }, [0, 8_000, 16_000, 24_000]],
  ])("of %s is doubled, up to maxPauseMs", async (_, fields, atMs) => {
    const options = { retries: 3, maxPauseMs: 8_000 };
    const { pacedFetch, sent } = pace([tooMany(fields)], options, obedient());
    await finish(pacedFetch(URL_OF_API));
    for (const [place, { atMs: sentAtMs }] of sent.entries()) {
      expect(sentAtMs - atMs[place]!).toBeGreaterThanOrEqual(0);
      expect(sentAtMs - atMs[place]!).toBeLessThanOrEqual(10);
    }
    expect(sent).toHaveLength(4);
  });

  it("is doubled for calls that are not sent again, too", async () => {
    const { pacedFetch, client } = pace([tooMany({ "Retry-After": "2" })], {}, obedient());
    for (let call = 0; call < 3; call += 1) {
      await finish(pacedFetch(URL_OF_API, { method: "POST", body: "body" }));
    }
    const lengths = ends(client).map((endMs, place, all) => endMs - (all[place - 1] ?? 0));
    expect(lengths.map((lengthMs) => Math.round(lengthMs / 1_000))).toEqual([2, 4, 8]);
  });

  it("is one that nothing got through after: one success starts afresh", async () => {
    const refusal = tooMany({ "Retry-After": "2" });
    const answers = [refusal, refusal, ok(), refusal];
    const { pacedFetch, client } = pace(answers, { retries: 0 }, obedient());
    for (let call = 0; call < 4; call += 1) await finish(pacedFetch(URL_OF_API));
    const [first, second, third] = ends(client) as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(4_000);
    expect(third - second).toBeLessThan(2_100);
  });

  it("is none where a minute has gone by, or as long as it lasted", async () => {
    const { pacedFetch, client } = pace(
      [tooMany({ "Retry-After": "2" })],
      { retries: 0 },
      obedient(),
    );
    await finish(pacedFetch(URL_OF_API));
    await vi.advanceTimersByTimeAsync(63_000);
    const fromMs = Date.now() - NOW_MS;
    await finish(pacedFetch(URL_OF_API));
    expect(ends(client)[1]! - fromMs).toBeLessThan(2_100);
  });

  it("is one for all of a crowd", async () => {
    const { pacedFetch, client, fetch } = pace([], { retries: 0 }, obedient());
    fetch.mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50 + 10 * fetch.mock.calls.length));
      return tooMany({ "Retry-After": "2" })();
    });
    await finish(Promise.all(Array.from({ length: 10 }, () => pacedFetch(URL_OF_API))));
    expect(Math.max(...ends(client))).toBeLessThan(2_400);
    await finish(Promise.all(Array.from({ length: 10 }, () => pacedFetch(URL_OF_API))));
    expect(Math.max(...ends(client))).toBeLessThan(2_400 + 4_400);
    expect(Math.max(...ends(client))).toBeGreaterThan(2_000 + 4_000);
  });

  it("of GitHub's secondary limits is a minute, then two (hub4j/github-api#1805)", async () => {
    const fields = { "X-GitHub-Request-Id": "A1:B2", "X-RateLimit-Remaining": "4990" };
    const reset = { "X-RateLimit-Reset": String((NOW_MS + 3_000_000) / 1_000) };
    const { pacedFetch, client, sent } = pace([tooMany({ ...fields, ...reset })], {}, obedient());
    const { value } = await finish(pacedFetch(URL_OF_API));
    expect([value.status, sent.length]).toEqual([429, 3]);
    expect(ends(client).map((endMs) => Math.round(endMs / 1_000))).toEqual([60, 180, 420]);
  });

  it("that is as long as anybody may wait is not waited for", async () => {
    const { pacedFetch, sent } = pace([tooMany({ "Retry-After": "60" })], {}, obedient(60_000));
    expect((await finish(pacedFetch(URL_OF_API))).value.status).toBe(429);
    expect(sent).toHaveLength(1);
  });
});

describe("a clock that is set", () => {
  /** tomasbasham/ratelimit#11, spotify/SPTDataLoader#189 */
  it.each([-3_600_000, 3_600_000])(
    "by %d ms while callers are held changes nothing",
    async (byMs) => {
      const options = { onPauseFailed: () => undefined };
      const { pacedFetch, client, fetch } = pace([tooMany({ "Retry-After": "3" }), ok()], options);
      client.onPause = () => Promise.reject(new Error("down"));
      const startedAtMs = performance.now();
      const call = pacedFetch(URL_OF_API);
      await vi.advanceTimersByTimeAsync(1_000);
      vi.setSystemTime(Date.now() + byMs);
      await vi.advanceTimersByTimeAsync(1_990);
      expect(fetch).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(20);
      expect(fetch).toHaveBeenCalledTimes(2);
      expect((await call).status).toBe(200);
      expect(performance.now() - startedAtMs).toBeLessThan(3_020);
    },
  );

  it.each([-3_600_000, 0, 3_600_000])(
    "by %d ms while the API takes its time changes nothing of what Sluice is told",
    async (byMs) => {
      for (const skewMs of [0, 7_200_000]) {
        const { pacedFetch, client, fetch } = pace([ok()], { retries: 0 });
        client.onAcquire = () => granted({ grantedAtMs: Date.now() + skewMs });
        const startedAtMs = Date.now();
        fetch.mockImplementation(async () => {
          await new Promise((resolve) => setTimeout(resolve, 5_000));
          vi.setSystemTime(startedAtMs + 5_000 + byMs);
          return tooMany({ "Retry-After": "3" })();
        });
        const call = pacedFetch(URL_OF_API);
        await vi.advanceTimersByTimeAsync(5_000);
        expect((await call).status).toBe(429);
        expect(client.paused[0]?.untilMs).toBe(startedAtMs + skewMs + 8_000);
        vi.setSystemTime(startedAtMs + 5_000);
      }
    },
  );
});

it("a grant that was long on its way says nothing of Sluice's clock", async () => {
  const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" })], { retries: 0 });
  client.onAcquire = async () => {
    const outcome = granted({ waitedMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return outcome;
  };
  await finish(pacedFetch(URL_OF_API));
  expect(client.paused[0]?.untilMs).toBe(NOW_MS + 8_000);
});

describe("what cannot be sent takes no token", () => {
  const post = (init: RequestInit = {}) =>
    new Request(URL_OF_API, { method: "POST", body: "body", ...init });
  const stream = () => new Response("body").body!;
  async function read(request: Request): Promise<Request> {
    await request.text();
    return request;
  }
  async function locked(): Promise<ReadableStream> {
    const body = stream();
    body.getReader();
    return body;
  }

  /** cloudflare/mcp#196, jonbern/fetch-retry#99 */
  it.each<readonly [string, () => Promise<[string | Request, RequestInit?]>]>([
    ["a Request whose body was read", async () => [await read(post())]],
    ["one that was read, with other fields", async () => [await read(post()), { headers: {} }]],
    ["one that was read, with a body of null", async () => [await read(post()), { body: null }]],
    ["a Request of a PUT that was read", async () => [await read(post({ method: "PUT" }))]],
    [
      "a Request whose body is being read",
      async () => {
        const request = post();
        request.body!.getReader();
        return [request];
      },
    ],
    [
      "a stream that is being read",
      async () => [URL_OF_API, { method: "POST", body: await locked(), duplex: "half" }],
    ],
    [
      "the body of a Request that was read",
      async () => [URL_OF_API, { method: "POST", body: (await read(post())).body, duplex: "half" }],
    ],
    ["a GET with a body", async () => [URL_OF_API, { body: "body" }]],
    ["a Request with a body that is to be a GET", async () => [post(), { method: "GET" }]],
  ])("%s", async (_, argumentsOf) => {
    const { pacedFetch, client, fetch } = pace([ok()]);
    const [input, init] = await argumentsOf();
    expect((await errorOf(pacedFetch(input, init))).name).toBe("TypeError");
    expect([client.acquired.length, fetch.mock.calls.length]).toEqual([0, 0]);
    // As fetch itself would.
    expect((await errorOf(fetch(input, init))).name).toBe("TypeError");
  });

  it("but a Request that was read can be sent with another body", async () => {
    const { pacedFetch, sent } = pace([ok()]);
    expect((await pacedFetch(await read(post()), { body: "other" })).status).toBe(200);
    expect(sent.map(({ body }) => body)).toEqual(["other"]);
  });

  it("and one without a body can be sent as often as it is wanted", async () => {
    const { pacedFetch, sent } = pace([ok()]);
    const request = new Request(URL_OF_API);
    for (let call = 0; call < 2; call += 1) await pacedFetch(request);
    expect(sent).toHaveLength(2);
  });
});

describe("what may be sent again", () => {
  const again = [tooMany({ "Retry-After": "1" }), ok()];
  const stream = () => new Response("body").body!;
  const put = () => new Request(URL_OF_API, { method: "PUT", body: "body" });
  const post = () => new Request(URL_OF_API, { method: "POST", body: "body" });

  it.each<readonly [string, string | Request, RequestInit | undefined]>([
    ["GET", URL_OF_API, undefined],
    ["HEAD", URL_OF_API, { method: "HEAD" }],
    ["delete", URL_OF_API, { method: "delete" }],
    ["PUT, text", URL_OF_API, { method: "PUT", body: "body" }],
    ["PUT, bytes", URL_OF_API, { method: "PUT", body: new TextEncoder().encode("body") }],
    ["PUT, a blob", URL_OF_API, { method: "PUT", body: new Blob(["body"]) }],
    ["PUT, a Request", put(), undefined],
    ["PUT, a Request with another body", put(), { body: "body" }],
    [
      "POST with a key",
      URL_OF_API,
      { method: "POST", body: "body", headers: { "idempotency-key": "k" } },
    ],
  ])("%s is", async (_, input, init) => {
    const { pacedFetch, sent } = pace(again);
    const response = await pacedFetch(input, init);
    expect(response.status).toBe(200);
    expect(sent).toHaveLength(2);
    expect(sent[0]).toEqual(sent[1]);
    if (sent[0]?.method === "PUT") expect(sent[1]?.body).toBe("body");
  });

  it.each<readonly [string, string | Request, RequestInit]>([
    ["POST", URL_OF_API, { method: "POST", body: "body" }],
    ["PATCH", URL_OF_API, { method: "PATCH", body: "body" }],
    ["POST, a Request", post(), {}],
    ["PUT, a stream", URL_OF_API, { method: "PUT", body: stream(), duplex: "half" }],
  ])("%s is not, but pauses", async (_, input, init) => {
    const { pacedFetch, sent, client } = pace(again);
    const response = await pacedFetch(input, init);
    expect([response.status, await response.text()]).toEqual([429, "too many"]);
    expect(sent).toHaveLength(1);
    expect(client.paused).toHaveLength(1);
  });

  it("POST is where methods say so", async () => {
    const { pacedFetch, sent } = pace(again, { methods: ["post"] });
    expect((await pacedFetch(post())).status).toBe(200);
    expect(sent.map(({ body }) => body)).toEqual(["body", "body"]);
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
  });

  it("a Request whose body the API does not read to its end holds nobody up", async () => {
    const { pacedFetch, fetch } = pace([ok()]);
    fetch.mockImplementation(async () => new Response("fine"));
    const endless = new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(9)) });
    const init = { method: "PUT", body: endless, duplex: "half" as const };
    const { atMs } = await finish(pacedFetch(new Request(URL_OF_API, init)));
    expect(atMs).toBeLessThan(100);
  });

  it("a Request whose copies were sent is used up, as fetch would", async () => {
    const { pacedFetch } = pace([ok()]);
    const request = put();
    await pacedFetch(request);
    expect(request.bodyUsed).toBe(true);
  });
});

describe("whether to send again, as the API says", () => {
  const body = "body";

  it("X-Should-Retry: false ends it, but the pause holds", async () => {
    const answers = [tooMany({ "Retry-After": "1", "X-Should-Retry": "false" }), ok()];
    const { pacedFetch, sent, client } = pace(answers);
    expect((await pacedFetch(URL_OF_API)).status).toBe(429);
    expect([sent.length, client.paused.length]).toEqual([1, 1]);
  });

  it.each<readonly [string, string | Request, RequestInit | undefined, number]>([
    ["POST is", URL_OF_API, { method: "POST", body }, 2],
    ["POST without a body is", URL_OF_API, { method: "POST" }, 2],
    [
      "a Request of POST, whose body was not copied, is not",
      new Request(URL_OF_API, { method: "POST", body }),
      undefined,
      1,
    ],
    [
      "a stream is not",
      URL_OF_API,
      { method: "POST", body: new Response(body).body!, duplex: "half" },
      1,
    ],
  ])("X-Should-Retry: true: %s", async (_, input, init, times) => {
    const answers = [tooMany({ "Retry-After": "1", "X-Should-Retry": "true" }), ok()];
    const { pacedFetch, sent } = pace(answers);
    expect((await pacedFetch(input, init)).status).toBe(times === 2 ? 200 : 429);
    expect(sent).toHaveLength(times);
    expect(sent.at(-1)?.body).toBe(init?.body === undefined && times === 2 ? "" : body);
  });

  it("529 pauses, and is sent again", async () => {
    const { pacedFetch, sent, client } = pace([tooMany({}, 529), ok()]);
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
    expect([sent.length, client.paused[0]?.untilMs]).toEqual([2, NOW_MS + 1_000]);
  });
});

describe("advice", () => {
  const throttled = () =>
    Response.json({
      errors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }],
      extensions: {
        cost: {
          requestedQueryCost: 752,
          throttleStatus: { currentlyAvailable: 602, restoreRate: 50 },
        },
      },
    });
  interface Throttled {
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
    readonly extensions: {
      readonly cost: {
        readonly requestedQueryCost: number;
        readonly throttleStatus: {
          readonly currentlyAvailable: number;
          readonly restoreRate: number;
        };
      };
    };
  }
  async function shopify(response: Response) {
    if (!response.headers.get("Content-Type")?.startsWith("application/json")) return undefined;
    const { errors = [], extensions } = (await response.clone().json()) as Throttled;
    if (!errors.some(({ extensions }) => extensions.code === "THROTTLED")) return undefined;
    const { requestedQueryCost, throttleStatus } = extensions.cost;
    const { currentlyAvailable, restoreRate } = throttleStatus;
    return {
      pauseMs: (1_000 * (requestedQueryCost - currentlyAvailable)) / restoreRate,
      retry: true,
    };
  }
  const post = { method: "POST", body: "{}" };

  it("reads a refusal out of a body of 200, and has the request sent again", async () => {
    const { pacedFetch, client, sent } = pace([throttled, ok()], { advice: shopify });
    expect(await (await pacedFetch(URL_OF_API, post)).text()).toBe("fine");
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 3_000, tokens: 0 }]);
    expect(sent.map(({ body }) => body)).toEqual(["{}", "{}"]);
  });

  it("leaves the body to the caller", async () => {
    const { pacedFetch } = pace([throttled], { advice: shopify, retries: 0 });
    expect(await (await pacedFetch(URL_OF_API, post)).json()).toHaveProperty("errors");
  });

  it("is asked of the response itself, of which nothing is read or copied", async () => {
    const advice = vi.fn(() => undefined);
    const { pacedFetch, responses } = pace([ok()], { advice });
    const response = await pacedFetch(URL_OF_API);
    expect(advice.mock.calls).toEqual([[response]]);
    expect(response).toBe(responses[0]);
    expect(response.body?.locked).toBe(false);
  });

  it("that is undefined leaves it to status and fields", async () => {
    const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" }), ok()], {
      advice: () => undefined,
    });
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
    expect(client.paused[0]?.untilMs).toBe(NOW_MS + 3_000);
  });

  it.each<readonly [string, UpstreamAdvice, number, number | undefined]>([
    ["nothing but that it is one", { isRefusal: true }, 2, 1_000],
    ["a pause", { pauseMs: 250 }, 2, 250],
    ["a shortest pause", { minPauseMs: 7_000 }, 2, 7_000],
    ["a pause of any length", { pauseMs: Infinity }, 1, 3_600_000],
    ["a pause that is none", { pauseMs: Number.NaN }, 2, 1_000],
    ["that it is not to be sent again", { retry: false }, 1, 1_000],
    ["that there is no refusal", { isRefusal: false }, 1, undefined],
    ["how many are left", { remaining: 0, pauseMs: 4_000 }, 1, 4_000],
    ["how many are left, not for how long", { remaining: 0 }, 1, undefined],
  ])("that says %s", async (_, said, times, pausedForMs) => {
    const advice = vi.fn<(response: Response) => UpstreamAdvice>().mockReturnValueOnce(said);
    const { pacedFetch, client, sent } = pace([ok()], { advice });
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
    expect(sent).toHaveLength(times);
    const forMs = client.paused.map(({ untilMs }) => untilMs - NOW_MS);
    expect(forMs).toEqual(pausedForMs === undefined ? [] : [pausedForMs]);
  });

  it("that fails is written to the console, and costs nobody the answer", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    for (const advice of [
      (response: Response) => response.clone().json() as Promise<undefined>,
      () => {
        throw new Error("of the advice");
      },
    ]) {
      const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" }), ok()], { advice });
      expect(await (await pacedFetch(URL_OF_API)).text()).toBe("fine");
      expect(client.paused[0]?.untilMs).toBe(NOW_MS + 3_000);
    }
    expect(errors).toHaveBeenCalledTimes(4);
  });

  it("that reads the response itself is a TypeError that says what to read", async () => {
    const advice = async (response: Response) => void (await response.text());
    const { pacedFetch } = pace([ok()], { advice });
    expect(await errorOf(pacedFetch(URL_OF_API))).toMatchObject({
      name: "TypeError",
      message: "advice must read response.clone(): the response belongs to the caller",
    });
  });

  it("that never comes ends with the signal", async () => {
    const { pacedFetch } = pace([ok()], { advice: () => new Promise(() => undefined) });
    const controller = new AbortController();
    const call = errorOf(pacedFetch(URL_OF_API, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort(new Error("gone"));
    expect((await call).message).toBe("gone");
  });
});

describe("where the API key lacks the right to pause", () => {
  const noRight = (status = 401) =>
    new SluiceError({
      reason: "unauthorized",
      detail: 'This API key lacks the right "pause"',
      status,
    });

  it.each([401, 403])(
    "(%d) it is said once a minute for a client and bucket, with what helps",
    async (status) => {
      const warnings = vi.spyOn(console, "warn").mockReturnValue();
      const errors = vi.spyOn(console, "error").mockReturnValue();
      const client = new ScriptedClient();
      client.onPause = () => Promise.reject(noRight(status));
      const byPath = { bucket: (request: Request) => request.url.slice(-1) };
      const answers = [tooMany({ "Retry-After": "2" })];
      const one = pace(answers, { ...byPath, retries: 1 }, client);
      const onPauseFailed = vi.fn();
      const two = pace(answers, { ...byPath, retries: 1, onPauseFailed }, client);
      await finish(one.pacedFetch(`${URL_OF_API}/a`));
      await finish(two.pacedFetch(`${URL_OF_API}/a`));
      expect(warnings.mock.calls).toEqual([
        [
          'Cannot pause bucket "a" for other processes; callers in this one wait. ' +
            'Give the client an API key with the right "pause" on it ' +
            '(SluiceError: unauthorized: This API key lacks the right "pause")',
        ],
      ]);
      await finish(two.pacedFetch(`${URL_OF_API}/b`));
      expect(warnings).toHaveBeenCalledTimes(2);
      expect(onPauseFailed).toHaveBeenCalledTimes(4);
      expect(errors).not.toHaveBeenCalled();
    },
  );

  it("all paced fetches of one client hold back, and those of another do not", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const client = new ScriptedClient();
    client.onPause = () => Promise.reject(noRight());
    const one = pace([tooMany({ "Retry-After": "3" }), ok()], {}, client);
    const two = pace([ok()], {}, client);
    const other = pace([ok()]);
    const calls = [one.pacedFetch(URL_OF_API)];
    await vi.advanceTimersByTimeAsync(10);
    calls.push(two.pacedFetch(URL_OF_API), other.pacedFetch(URL_OF_API));
    await finish(Promise.all(calls));
    const atMs = [one, two, other].map(({ sent }) => sent.map((each) => each.atMs));
    expect(atMs).toEqual([[0, 3_000], [3_000], [10]]);
  });

  it("tokens from before the pause do not go out together at its end", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    // A bucket of one token every 100 ms; the API refuses the first request, and takes 200 ms for it.
    const client = new ScriptedClient();
    client.onPause = () => Promise.reject(noRight());
    let freeAtMs = Date.now();
    client.onAcquire = async () => {
      freeAtMs = Math.max(freeAtMs, Date.now()) + 100;
      await new Promise((resolve) => setTimeout(resolve, freeAtMs - Date.now()));
      return granted();
    };
    const { pacedFetch, sent, fetch } = pace([tooMany({ "Retry-After": "3" }), ok()], {}, client);
    const answer = fetch.getMockImplementation()!;
    fetch.mockImplementation(async (...call) => {
      const response = await answer(...call);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return response;
    });
    await finish(Promise.all(Array.from({ length: 20 }, () => pacedFetch(URL_OF_API))));
    const afterMs = sent.map(({ atMs }) => atMs).filter((atMs) => atMs > 300);
    expect(sent.length - afterMs.length).toBeLessThanOrEqual(3);
    expect(Math.min(...afterMs)).toBeGreaterThanOrEqual(3_300);
    const gaps = afterMs.slice(1).map((atMs, place) => atMs - afterMs[place]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(99);
  });
});

describe("where Sluice cannot have the pause", () => {
  it("it is reported, and the callers here hold back by themselves", async () => {
    const onPauseFailed = vi.fn();
    const fault = new Error("unauthorized");
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "3" }), ok()], {
      onPauseFailed,
    });
    client.onPause = () => Promise.reject(fault);
    const first = pacedFetch(URL_OF_API);
    await vi.advanceTimersByTimeAsync(10);
    const second = pacedFetch(URL_OF_API);
    await finish(Promise.all([first, second]));
    expect((await first).status).toBe(200);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 3_000, 3_000]);
    const pause = { bucket: "b", untilMs: NOW_MS + 3_000, tokens: 0 };
    expect(onPauseFailed.mock.calls).toEqual([[fault, pause]]);
  });

  it("one whose token came meanwhile holds back, too", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "3" }), ok()], {
      onPauseFailed: () => undefined,
    });
    client.onPause = () => Promise.reject(new Error("down"));
    client.onAcquire = async () => {
      await new Promise((resolve) => setTimeout(resolve, client.acquired.length * 100));
      return granted();
    };
    await finish(Promise.all([pacedFetch(URL_OF_API), pacedFetch(URL_OF_API)]));
    expect(sent.map(({ atMs }) => atMs >= 3_000)).toEqual([false, true, true]);
  });

  it("one that does not want to wait is refused by what is known here", async () => {
    const options = { onPauseFailed: () => undefined, timeoutMs: 0 };
    const { pacedFetch, client } = pace([tooMany({ "Retry-After": "3" }), ok()], options);
    client.onPause = () => Promise.reject(new Error("down"));
    expect((await pacedFetch(URL_OF_API)).status).toBe(429);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await errorOf(pacedFetch(URL_OF_API))).toMatchObject({
      refusal: { reason: "timeout", retryAfterMs: 2_000, bucket: "b", tokens: 1 },
    });
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
  });

  it("a report that throws, and one that goes to the console, break nothing", async () => {
    const errors = vi.spyOn(console, "error").mockReturnValue();
    const onPauseFailed = () => {
      throw new Error("of the report");
    };
    const later = () => Promise.reject(new Error("of the report"));
    for (const options of [{ onPauseFailed }, { onPauseFailed: later }, {}]) {
      const { pacedFetch, client } = pace([tooMany({ "Retry-After": "1" }), ok()], options);
      client.onPause = () => Promise.reject(new Error("down"));
      expect((await finish(pacedFetch(URL_OF_API))).value.status).toBe(200);
    }
    expect(errors).toHaveBeenCalledTimes(3);
  });

  it("a Sluice that never answers holds nobody for longer than the API wants", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "3" }), ok()]);
    client.onPause = () => new Promise(() => undefined);
    await finish(pacedFetch(URL_OF_API));
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 3_000]);
  });
});

describe("while Sluice is being told", () => {
  it("who comes holds back, and joins the queue as soon as it knows", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "3" }), ok()]);
    client.onPause = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return snapshot();
    };
    const first = pacedFetch(URL_OF_API);
    await vi.advanceTimersByTimeAsync(100);
    const second = pacedFetch(URL_OF_API);
    await vi.advanceTimersByTimeAsync(90);
    expect(client.acquired).toHaveLength(1);
    await finish(Promise.all([first, second]));
    // What the bucket would make them wait for, this Sluice gives at once.
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 200, 200]);
  });
});

it("a token that was given before the pause is not sent into it", async () => {
  const { pacedFetch, client, sent, fetch } = pace([tooMany({ "Retry-After": "3" }), ok()]);
  const answer = fetch.getMockImplementation()!;
  fetch.mockImplementation(async (...call) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return answer(...call);
  });
  // The second is on its way when Sluice is told; whoever asks from then on waits until it is over.
  client.onAcquire = async () => {
    const isPaused = client.paused.length > 0;
    const waitMs = isPaused ? NOW_MS + 3_051 - Date.now() : 100 * (client.acquired.length - 1);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return granted();
  };
  await finish(Promise.all([pacedFetch(URL_OF_API), pacedFetch(URL_OF_API)]));
  expect(sent.map(({ atMs }) => atMs)).toEqual([50, 3_101, 3_101]);
  expect(client.acquired).toHaveLength(4);
});

it("a call to Sluice that died with its Worker's request keeps no later one from being told", async () => {
  const { pacedFetch, client } = pace([tooMany({ "Retry-After": "1" })], { retries: 0 });
  client.onPause = () => new Promise(() => undefined);
  await finish(pacedFetch(URL_OF_API));
  await finish(pacedFetch(URL_OF_API));
  expect(client.paused).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  client.onPause = () => snapshot();
  await finish(pacedFetch(URL_OF_API));
  expect(client.paused).toHaveLength(2);
});

describe("an answer that says how many are left", () => {
  const spent = { RateLimit: '"a";r=0;t=30' };
  const few = { "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "30" };

  it("pauses the bucket where none is, once", async () => {
    const { pacedFetch, client } = pace([ok(spent)]);
    for (let call = 0; call < 3; call += 1) {
      expect((await pacedFetch(URL_OF_API)).status).toBe(200);
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 30_000, tokens: 0 }]);
    await vi.advanceTimersByTimeAsync(30_000);
    await pacedFetch(URL_OF_API);
    expect(client.paused).toHaveLength(2);
  });

  it("lowers it for a while where that is fewer than it has", async () => {
    const { pacedFetch, client } = pace([ok(few)]);
    client.onAcquire = () => granted({ remaining: 8 });
    await pacedFetch(URL_OF_API);
    expect(client.paused).toEqual([{ bucket: "b", untilMs: NOW_MS + 10_000, tokens: 3 }]);
  });

  it.each<readonly [string, Partial<PacedFetchOptions>, Partial<Granted>]>([
    ["it has no more than that", {}, { remaining: 3 }],
    ["a token is not a request", { tokens: 2 }, { remaining: 8 }],
    ["no bucket gave the token", {}, { remaining: 8, isUnmetered: true }],
    ["advice says otherwise", { advice: () => ({ isRefusal: false }) }, { remaining: 8 }],
  ])("changes nothing where %s", async (_, options, fields) => {
    const { pacedFetch, client } = pace([ok(few)], options);
    client.onAcquire = () => granted(fields);
    await pacedFetch(URL_OF_API);
    expect(client.paused).toEqual([]);
  });

  it("that is none holds the callers here where Sluice cannot have the pause", async () => {
    const onPauseFailed = vi.fn();
    const { pacedFetch, client, sent } = pace([ok(spent), ok()], { onPauseFailed });
    client.onPause = () => Promise.reject(new Error("down"));
    expect((await pacedFetch(URL_OF_API)).status).toBe(200);
    await finish(Promise.all([pacedFetch(URL_OF_API), pacedFetch(URL_OF_API)]));
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 30_000, 30_000]);
    expect(onPauseFailed).toHaveBeenCalledTimes(1);
  });

  it("that is few holds nobody where Sluice cannot have it", async () => {
    const { pacedFetch, client, sent } = pace([ok(few)], { onPauseFailed: () => undefined });
    client.onAcquire = () => granted({ remaining: 8 });
    client.onPause = () => Promise.reject(new Error("down"));
    for (let call = 0; call < 3; call += 1) await pacedFetch(URL_OF_API);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 0, 0]);
  });

  it("is given all the same where Sluice fails or never answers", async () => {
    const failing = pace([ok(spent)], { onPauseFailed: () => undefined });
    failing.client.onPause = () => Promise.reject(new Error("down"));
    expect((await failing.pacedFetch(URL_OF_API)).status).toBe(200);
    const hanging = pace([ok(spent)]);
    hanging.client.onPause = () => new Promise(() => undefined);
    const { value, atMs } = await finish(hanging.pacedFetch(URL_OF_API));
    expect([value.status, atMs]).toEqual([200, 2_000]);
  });
});

describe("a signal", () => {
  it("ends the waiting for a token", async () => {
    const { pacedFetch, client, fetch } = pace([ok()]);
    client.onAcquire = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const controller = new AbortController();
    const call = errorOf(pacedFetch(URL_OF_API, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort(new Error("gone"));
    expect((await call).message).toBe("gone");
    expect(fetch).not.toHaveBeenCalled();
  });

  it("ends the holding back", async () => {
    const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "30" }), ok()], {
      onPauseFailed: () => undefined,
    });
    client.onPause = () => Promise.reject(new Error("down"));
    const controller = new AbortController();
    const call = errorOf(pacedFetch(new Request(URL_OF_API, { signal: controller.signal })));
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort(new Error("gone"));
    expect((await call).message).toBe("gone");
    expect(sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of null is none", async () => {
    const { signal } = new AbortController();
    const { pacedFetch, client } = pace([ok()]);
    await pacedFetch(new Request(URL_OF_API, { signal }), { signal: null });
    expect(client.acquired[0]).not.toHaveProperty("signal");
  });
});

it("a bucket that can be none, and what is no function, is told by name", () => {
  const client = new ScriptedClient().asClient;
  expect(() => createPacedFetch({ client, bucket: "a b" })).toThrow(/^bucket must be/);
  const onRefused = "no" as unknown as () => Response;
  expect(() => createPacedFetch({ client, bucket: "b", onRefused })).toThrow(
    'onRefused must be a function: got "no"',
  );
  const methods = ["GET", 1] as unknown as string[];
  expect(() => createPacedFetch({ client, bucket: "b", methods })).toThrow(
    'methods must be an array of strings: got ["GET",1]',
  );
  const unknown = { retires: 1 } as object;
  expect(() => createPacedFetch({ client, bucket: "b", ...unknown })).toThrow(
    '"retires" is not one of client, bucket, fetch,',
  );
  const none = {} as unknown as Client;
  expect(() => createPacedFetch({ client: none, bucket: "b" })).toThrow(
    "client must be a Sluice client: got {}",
  );
});

it.each<readonly [string, Partial<PacedFetchOptions>]>([
  ["retries", { retries: -1 }],
  ["retries", { retries: 21 }],
  ["backoffMs", { backoffMs: 0 }],
  ["maxPauseMs", { maxPauseMs: 86_400_001 }],
  ["maxPauseMs", { maxPauseMs: Number.NaN }],
  ["timeoutMs", { timeoutMs: -1 }],
  ["tokens", { tokens: 0.5 }],
  ["timeoutMs", { timeoutMs: 3_600_001 }],
])("%s out of range is a RangeError that names it", (name, options) => {
  const client = new ScriptedClient().asClient;
  expect(() => createPacedFetch({ client, bucket: "b", ...options })).toThrow(
    new RegExp(`^${name} must be an integer from`),
  );
});

it("paces each of many buckets by itself", async () => {
  const { pacedFetch, client, sent } = pace([tooMany({ "Retry-After": "9" }), ok()], {
    bucket: (request) => request.url.slice(-4),
    onPauseFailed: () => undefined,
  });
  client.onPause = () => Promise.reject(new Error("down"));
  const paused = pacedFetch(`${URL_OF_API}/1000`);
  await vi.advanceTimersByTimeAsync(10);
  // More than are looked through, so that some are forgotten meanwhile.
  for (let call = 1; call < 500; call += 1) await pacedFetch(`${URL_OF_API}/${1_000 + call}`);
  const alsoPaused = pacedFetch(`${URL_OF_API}/1000`);
  await finish(Promise.all([paused, alsoPaused]));
  const late = sent.filter(({ atMs }) => atMs >= 9_000);
  expect([sent.length, late.length]).toEqual([502, 2]);
});

it("holds a call that came while many buckets were in use", async () => {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const { pacedFetch, client, sent } = pace(
    [...Array.from({ length: 200 }, () => ok()), tooMany({ "Retry-After": "9" }), ok()],
    {
      bucket: (request) => request.url.slice(-4),
      onPauseFailed: () => undefined,
    },
  );
  client.onPause = () => Promise.reject(new Error("down"));
  client.onAcquire = async ({ bucket }) => {
    if (bucket === "1000" && client.acquired.length === 1) await held;
    return granted();
  };
  const first = pacedFetch(`${URL_OF_API}/1000`);
  for (let call = 1; call <= 200; call += 1) await pacedFetch(`${URL_OF_API}/${1_000 + call}`);
  letGo();
  await vi.advanceTimersByTimeAsync(10);
  const second = pacedFetch(`${URL_OF_API}/1000`);
  await finish(Promise.all([first, second]));
  expect(sent.slice(-2).map(({ atMs }) => atMs >= 9_000)).toEqual([true, true]);
});
