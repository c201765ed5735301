/**
 * The client's behaviour on every runtime, as one list: plain functions that throw on failure and
 * depend on no test runner and no platform. `runClientBehaviours` runs them in order and reports on
 * each.
 */
import type {
  Client,
  ClientOptions,
  ClosableClient,
  QueuedPlace,
} from "../../src/client/client.ts";
import type { Check, ClientSurroundings, HttpOptions, Scene } from "./client-checks.ts";

import { createClient, SluiceError } from "../../src/client/index.ts";
import {
  assert,
  assertEqual,
  assertGranted,
  assertRefused,
  assertThrows,
  AT_ONCE_MS,
  errorOf,
  INTERVAL_MS,
  passMs,
  until,
} from "./client-checks.ts";
import { holdChecks } from "./hold-checks.ts";
import { sessionChecks } from "./session-checks.ts";

/** The result of one behaviour. */
export interface ClientFinding {
  readonly name: string;
  /** What it threw; missing if it passed. */
  readonly fault?: string;
}

const checks: Readonly<Record<string, Check>> = {
  async "acquire grants an available token immediately"({ connect, bucket }) {
    const outcome = await connect().acquire(bucket);
    assertGranted(outcome);
    const { waitedMs, grantedAtMs, rateLimit, ...rest } = outcome;
    assertEqual(rest, { ok: true, bucket, tokens: 1, remaining: 0 });
    assertEqual([rateLimit?.policy, rateLimit?.capacity, rateLimit?.remaining], ["one:*", 1, 0]);
    assertEqual(waitedMs, 0);
    assert(Math.abs(grantedAtMs - Date.now()) < 60_000, `granted at ${grantedAtMs}`);
  },

  async "acquire waits for its turn, in order, on the grid"({ connect, bucket }) {
    const client = connect();
    const first = await client.acquire(bucket);
    const [second, third] = await Promise.all([client.acquire(bucket), client.acquire(bucket)]);
    assertGranted(first);
    assertGranted(second);
    assertGranted(third);
    const delaysMs = [second, third].map((grant) => grant.grantedAtMs - first.grantedAtMs);
    assertEqual(
      delaysMs
        .map((delayMs) => Math.round(delayMs / INTERVAL_MS))
        .toSorted((one, other) => one - other),
      [1, 2],
    );
  },

  async "tryAcquire says when to retry, and a retry then succeeds"({ connect, bucket }) {
    const client = connect();
    await client.acquire(bucket);
    const refused = await client.tryAcquire(bucket);
    if (refused.ok) throw new Error("expected a refusal");
    assertEqual([refused.bucket, refused.tokens, refused.reason], [bucket, 1, "timeout"]);
    assertEqual([refused.violatedPolicies, refused.rateLimit?.remaining], [["one:*"], 0]);
    const { retryAfterMs = Infinity } = refused;
    assert(retryAfterMs > 0 && retryAfterMs <= INTERVAL_MS, `retryAfterMs ${retryAfterMs}`);
    await passMs(retryAfterMs + 20);
    assertGranted(await client.tryAcquire(bucket));
  },

  async "acquire is refused immediately if it cannot be granted in time"({ connect, bucket }) {
    const client = connect();
    await client.acquire(bucket);
    const startedAtMs = Date.now();
    const waiting = client.acquire(bucket);
    await until(async () => (await client.inspect(bucket)).waiters === 1);
    const refused = await client.acquire(bucket, { timeoutMs: 1 });
    assertRefused(refused, "timeout");
    assert(Date.now() - startedAtMs < AT_ONCE_MS, "took too long");
    assertGranted(await waiting);
  },

  async "acquire distinguishes a full queue from a bucket that is too small"({ connect, run }) {
    const client = connect();
    const bucket = `five:${run}:full`;
    assertRefused(await client.acquire(bucket, { tokens: 6 }), "exceeds-capacity");
    assertGranted(await client.acquire(bucket, { tokens: 5 }));
    const head = client.acquire(bucket, { tokens: 5 });
    await until(async () => (await client.inspect(bucket)).waiters === 1);
    const refused = await client.acquire(bucket);
    assertRefused(refused, "queue-full");
    assert((refused.retryAfterMs ?? 0) > 0, "retryAfterMs is missing");
    assertGranted(await head);
  },

  async "reset refuses the waiters and deletes the bucket's state"({
    connect,
    bucket,
    adminToken,
  }) {
    const client = connect();
    const admin = connect({ token: adminToken });
    await admin.setPolicy(bucket, { refillIntervalMs: 30_000 });
    await client.acquire(bucket);
    const held = client.acquire(bucket);
    await until(async () => (await client.inspect(bucket)).waiters === 1);
    await admin.reset(bucket);
    assertRefused(await held, "bucket-reset");
    const { granted, policy } = await client.inspect(bucket);
    assertEqual([granted, policy.refillIntervalMs], [0, INTERVAL_MS]);
  },

  async "setPolicy answers with the bucket under its new policy"({ connect, bucket, adminToken }) {
    const snapshot = await connect({ token: adminToken }).setPolicy(bucket, { capacity: 7 });
    assertEqual([snapshot.bucket, snapshot.policy.capacity], [bucket, 7]);
    assertEqual((await connect().inspect(bucket)).policy.capacity, 7);
  },

  async "acquire takes tokens of every limit or of none"({ connect, run, adminToken }) {
    const bucket = `five:${run}:limits`;
    const client = connect();
    const tpm = { capacity: 100, refillTokens: 1, refillIntervalMs: 3_600_000, initialTokens: 100 };
    const daily = { capacity: 9, every: "day", timeZone: "Europe/Berlin" } as const;
    await connect({ token: adminToken }).setPolicy(bucket, { limits: { tpm, daily } });
    const outcome = await client.acquire(bucket, { limits: { tpm: 70 } });
    assertGranted(outcome);
    const { remaining, limits, rateLimit } = outcome;
    const tpmLeft = { tokens: 70, remaining: 30 };
    assertEqual([remaining, limits], [4, { tpm: tpmLeft, daily: { tokens: 1, remaining: 8 } }]);
    const listed = rateLimit?.others?.map((other) => [other.policy, other.remaining]);
    assertEqual(listed, [
      ["five:*/tpm", 30],
      ["five:*/daily", 8],
    ]);
    const refused = await client.tryAcquire(bucket, { limits: { tpm: 31 } });
    assertRefused(refused, "timeout");
    assertEqual(refused.violatedPolicies, ["five:*/tpm"]);
    const tooMany = await client.acquire(bucket, { tokens: 0, limits: { daily: 10 } });
    assertRefused(tooMany, "exceeds-capacity");
    assertEqual(tooMany.violatedPolicies, ["five:*/daily"]);
    const unknown = await errorOf(client.acquire(bucket, { limits: { tmp: 1 } }));
    assert(unknown instanceof SluiceError, `got ${unknown.name}`);
    assertEqual(unknown.errors, [
      { field: "tokens.tmp", message: '"tmp" is no limit of this bucket: rate, tpm, daily' },
    ]);
  },

  async "pause, inspect and setPolicy know each limit by its name"({ connect, run, adminToken }) {
    const bucket = `five:${run}:named`;
    const admin = connect({ token: adminToken });
    const tpm = { capacity: 100, refillTokens: 100, refillIntervalMs: 60_000 };
    await admin.setPolicy(bucket, { limits: { tpm, rpd: { capacity: 9, every: "day" } } });
    const untilMs = Date.now() + 40_000;
    const paused = await admin.pause(bucket, { untilMs, limits: ["tpm"] });
    assertEqual([paused.tokens, paused.limits?.["tpm"]?.pausedUntilMs], [5, untilMs]);
    const changed = await admin.setPolicy(bucket, { limits: { tpm: null } });
    assertEqual(Object.keys(changed.limits ?? {}), ["rpd"]);
    const { every, tokens } = (await connect().inspect(bucket)).limits?.["rpd"] ?? {};
    assertEqual([every, tokens], ["day", 9]);
    assertGranted(await connect().acquire(bucket));
  },

  async "pause empties the bucket and skips its ticks"({ connect, bucket, adminToken }) {
    const client = connect();
    const untilMs = Date.now() + 40_000;
    const snapshot = await connect({ token: adminToken }).pause(bucket, { untilMs });
    assertEqual([snapshot.bucket, snapshot.tokens], [bucket, 0]);
    const refused = await client.acquire(bucket, { timeoutMs: 20_000 });
    assertRefused(refused, "timeout");
    assert((refused.retryAfterMs ?? 0) > 30_000, `retryAfterMs ${refused.retryAfterMs}`);
    const error = await errorOf(client.pause(bucket, { untilMs }));
    assert(error instanceof SluiceError && error.status === 401, `got ${error.message}`);
  },

  async "a name that needs encoding in a path reaches its bucket"({ connect, run }) {
    const bucket = `one:${run}/a@b/c`;
    await connect().acquire(bucket);
    const { bucket: name, granted } = await connect().inspect(bucket);
    assertEqual([name, granted], [bucket, 1]);
  },

  async "a call that the service forbids throws SluiceError"({ connect, bucket }) {
    const error = await errorOf(connect({ token: "wrong" }).reset(bucket));
    assert(error instanceof SluiceError, `got ${error.name}`);
    assertEqual([error.name, error.reason, error.status], ["SluiceError", "unauthorized", 401]);
    assertEqual(error.message, `unauthorized: ${error.detail}`);
  },

  async "a fault that only the service knows throws SluiceError with every fault"({
    connect,
    run,
    adminToken,
  }) {
    const admin = connect({ token: adminToken });
    const error = await errorOf(admin.setPolicy(`five:${run}`, { initialTokens: 9 }));
    assert(error instanceof SluiceError, `got ${error.name}`);
    assertEqual(
      [error.reason, error.errors?.map(({ field }) => field)],
      ["invalid-request", ["initialTokens"]],
    );
    const late = await errorOf(connect().acquire(`five:${run}`, { timeoutMs: 3_600_000 }));
    assert(late instanceof SluiceError && late.reason === "invalid-request", `got ${late.name}`);
  },

  async "wrong arguments are reported before anything is sent"({ connect, bucket }) {
    let sent = 0;
    const client = connect({
      fetch: () => {
        sent += 1;
        return Promise.reject(new Error("sent"));
      },
    });
    const untyped = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const wrong: [Promise<unknown>, string, string][] = [
      [
        client.acquire("a b"),
        "RangeError",
        'bucket must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ / -: got "a b"',
      ],
      [
        client.acquire(bucket, { tokens: 0 }),
        "RangeError",
        "tokens must be at least 1, unless limits.NAME asks for at least 1 of a limit: got 0",
      ],
      [client.acquire(bucket, { tokens: 1.5 }), "RangeError", "got 1.5"],
      [
        client.acquire(bucket, { limits: { tpm: -1 } }),
        "RangeError",
        "limits.tpm must be an integer from 0 to 9007199254740991: got -1",
      ],
      [
        client.acquire(bucket, { timeoutMs: 3_600_001 }),
        "RangeError",
        "timeoutMs must be an integer from 0 to 3600000: got 3600001",
      ],
      [
        client.acquire(bucket, { idempotencyKey: "" }),
        "RangeError",
        "idempotencyKey must be 1 to 255 printable ASCII characters",
      ],
      [client.acquire(bucket, { idempotencyKey: "é" }), "RangeError", "idempotencyKey"],
      [client.inspect(".."), "RangeError", "bucket must not be"],
      [
        client.setPolicy(bucket, { capacity: 0 }),
        "RangeError",
        "capacity must be an integer from 1 to 1000000000: got 0",
      ],
      [client.pause(bucket, { untilMs: -1 }), "RangeError", "untilMs must be an integer from 0"],
      [
        untyped["acquire"]!(bucket, { timeout: 5 }),
        "TypeError",
        '"timeout" is not one of tokens, limits, timeoutMs',
      ],
      [
        untyped["acquire"]!(bucket, { signal: "no" }),
        "TypeError",
        'signal must be an AbortSignal: got "no"',
      ],
      [
        untyped["acquire"]!(bucket, { onQueued: 7 }),
        "TypeError",
        "onQueued must be a function: got 7",
      ],
      [untyped["acquire"]!(bucket, null), "TypeError", "options must be an object: got null"],
      [untyped["setPolicy"]!(bucket), "TypeError", "policy must be an object"],
      [untyped["pause"]!(bucket, {}), "RangeError", "untilMs is missing"],
    ];
    for (const [promise, name, message] of wrong) await assertThrows(promise, name, message);
    assertEqual(sent, 0);
  },

  async "wrong options are reported when the client is made"({ url }) {
    const make = async (options: object): Promise<unknown> =>
      createClient(options as ClientOptions);
    await assertThrows(make({}), "TypeError", "Either url or service must be given: got neither");
    await assertThrows(make({ url, service: { fetch } }), "TypeError", "got both");
    await assertThrows(make({ service: {} }), "TypeError", "service must have a fetch method");
    await assertThrows(make({ url: "/sluice" }), "TypeError", 'absolute URL: got "/sluice"');
    await assertThrows(make({ url: "ftp://a" }), "TypeError", "http: or https:");
    await assertThrows(make({ url: `${url}?a` }), "TypeError", "no query");
    await assertThrows(make({ url: "http://a:b@c" }), "TypeError", "user name");
    await assertThrows(make({ url, token: "a\nb" }), "RangeError", "token must be visible ASCII");
    await assertThrows(
      make({ url, onUnavailable: "ajar" }),
      "RangeError",
      'throw, open, closed: got "ajar"',
    );
    await assertThrows(
      make({ url, retryForMs: -1 }),
      "RangeError",
      "retryForMs must be an integer",
    );
    await assertThrows(make({ url, overdueMs: 0 }), "RangeError", "overdueMs must be an integer");
    await assertThrows(
      make({ url, retries: 1 }),
      "TypeError",
      '"retries" is not one of url, fetch',
    );
  },

  async "a caller that aborts gets its own reason immediately"({ through, bucket }) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const held = errorOf(through("silent").acquire(bucket, { signal: controller.signal }));
    await passMs(50);
    const abortedAtMs = Date.now();
    controller.abort(reason);
    assert((await held) === reason, "rejected with another reason");
    assert(Date.now() - abortedAtMs < AT_ONCE_MS, "took too long");
  },

  async "a caller that has already aborted sends nothing"({ connect, bucket }) {
    let sent = 0;
    const client = connect({
      fetch: () => {
        sent += 1;
        return Promise.reject(new Error("sent"));
      },
    });
    const signal = AbortSignal.abort();
    assertEqual((await errorOf(client.acquire(bucket, { signal }))).name, "AbortError");
    assertEqual((await errorOf(client.inspect(bucket, { signal }))).name, "AbortError");
    assertEqual(sent, 0);
  },

  async "a caller that aborts between two attempts leaves immediately"({
    connect,
    bucket,
    deadUrl,
  }) {
    const client = connect({ url: deadUrl, onUnavailable: "open" });
    const signal = AbortSignal.timeout(150);
    const startedAtMs = Date.now();
    const error = await errorOf(client.acquire(bucket, { signal }));
    assertEqual(error.name, "TimeoutError");
    assert(Date.now() - startedAtMs < AT_ONCE_MS, "took too long");
  },

  async "a lost answer is retried and charged once"({ connect, through, run }) {
    const bucket = `five:${run}:lost`;
    const outcome = await through("lose").acquire(bucket, { tokens: 2 });
    assertGranted(outcome);
    assertEqual([outcome.tokens, outcome.remaining], [2, 3]);
    const { granted, tokens } = await connect().inspect(bucket);
    assertEqual([granted, tokens >= 3], [1, true]);
  },

  async "broken connections are retried without the caller noticing"({ through, bucket }) {
    assertGranted(await through("drop").acquire(bucket));
    assertGranted(await through("gateway").acquire(bucket, { timeoutMs: 5_000 }));
  },

  async "calls that change something are retried as well"({
    connect,
    through,
    bucket,
    adminToken,
  }) {
    const snapshot = await through("lose", { token: adminToken }).setPolicy(bucket, {
      capacity: 3,
    });
    assertEqual(snapshot.policy.capacity, 3);
    assertEqual((await connect().inspect(bucket)).policy.capacity, 3);
  },

  async "the Retry-After of an intermediary is respected"({ through, bucket }) {
    const startedAtMs = Date.now();
    assertGranted(await through("busy").acquire(bucket));
    assert(Date.now() - startedAtMs >= 1_000, `retried after ${Date.now() - startedAtMs} ms`);
  },

  async "a retry sends exactly the same request"({ through, run }) {
    const client = through("record", { token: "of-the-caller" });
    const asked = { tokens: 2, timeoutMs: 1_000, idempotencyKey: `a "key" \\ of ${run}` };
    const error = await errorOf(client.acquire("x", asked));
    assert(error instanceof SluiceError, `got ${error.name}`);
    const [first, second, ...more] = error.errors?.map(({ message }) => message) ?? [];
    assert(first === second && more.length === 0, `got ${first} and ${second}`);
    const { method, path, authorization, accept, key } = JSON.parse(first ?? "{}");
    assertEqual([method, path], ["POST", "/acquire?bucket=x&tokens=2&timeoutMs=1000"]);
    assertEqual([authorization, key], ["Bearer of-the-caller", `"a \\"key\\" \\\\ of ${run}"`]);
    assert(accept !== "text/event-stream", "asked for a stream");
  },

  async "each acquire has its own key, and none if it is never retried"({ through }) {
    const keyOf = async (client: Client): Promise<unknown> => {
      const error = await errorOf(client.acquire("x"));
      assert(error instanceof SluiceError, `got ${error.name}`);
      return JSON.parse(error.errors?.at(-1)?.message ?? "{}").key;
    };
    const keys = [await keyOf(through("record")), await keyOf(through("record"))];
    assert(
      keys.every((key) => /^"[0-9a-f]{32}"$/.test(String(key))),
      `got ${keys.join()}`,
    );
    assert(keys[0] !== keys[1], "the same key twice");
    assertEqual(await keyOf(through("record", { retryForMs: 0 })), undefined);
  },

  async "the caller's own key gets the same grant again"({ connect, bucket, run }) {
    const client = connect();
    const idempotencyKey = `mine, "${run}" \\`;
    const first = await client.acquire(bucket, { idempotencyKey });
    assertGranted(first);
    assertEqual(await client.acquire(bucket, { idempotencyKey }), first);
    const other = await errorOf(client.acquire(bucket, { idempotencyKey, timeoutMs: 5 }));
    assert(
      other instanceof SluiceError && other.reason === "idempotency-key-reused",
      other.message,
    );
  },

  async "an answer that is not from Sluice is an error, and not retried"({ through, bucket }) {
    const error = await errorOf(through("page").acquire(bucket));
    assert(error instanceof SluiceError, `got ${error.name}`);
    assertEqual([error.reason, error.status], ["unexpected-answer", 200]);
    const looked = await errorOf(through("page").inspect(bucket));
    assert(looked instanceof SluiceError && looked.reason === "unexpected-answer", looked.message);
  },

  async "onUnavailable throw: a call without an answer is an error"({ connect, bucket, deadUrl }) {
    const client = connect({ url: deadUrl, retryForMs: 300 });
    const error = await errorOf(client.acquire(bucket));
    assert(error instanceof SluiceError, `got ${error.name}`);
    assertEqual([error.reason, error.status], ["unavailable", undefined]);
    assert(error.cause !== undefined, "no cause");
    const open = connect({ url: deadUrl, retryForMs: 300, onUnavailable: "open" });
    assertEqual((await errorOf(open.inspect(bucket))).name, "SluiceError");
  },

  async "onUnavailable open: the caller proceeds, with isUnmetered"({ connect, deadUrl }) {
    const client = connect({ url: deadUrl, retryForMs: 300, onUnavailable: "open" });
    const outcome = await client.acquire("x", { tokens: 3 });
    assertGranted(outcome);
    const { isUnmetered, bucket, tokens, remaining } = outcome;
    assertEqual([isUnmetered, bucket, tokens, remaining], [true, "x", 3, 0]);
  },

  async "onUnavailable closed: the caller is refused"({ connect, deadUrl }) {
    const client = connect({ url: deadUrl, retryForMs: 300, onUnavailable: "closed" });
    const outcome = await client.acquire("x");
    assertRefused(outcome, "unavailable");
    assert((outcome.retryAfterMs ?? 0) > 0, "retryAfterMs is missing");
  },

  async "a caller that does not wait is not held up by retries"({ connect, deadUrl }) {
    const client = connect({ url: deadUrl, onUnavailable: "closed" });
    const startedAtMs = Date.now();
    assertRefused(await client.tryAcquire("x"), "unavailable");
    assertRefused(await client.acquire("x", { timeoutMs: 200 }), "unavailable");
    assert(Date.now() - startedAtMs < AT_ONCE_MS * 2, `took ${Date.now() - startedAtMs} ms`);
  },

  async "onQueued receives each position of a stream, however it is cut"({ through }) {
    const places: QueuedPlace[] = [];
    const outcome = await through("oddly").acquire("x", {
      tokens: 2,
      onQueued: (place) => places.push(place),
    });
    assertGranted(outcome);
    assertEqual([outcome.bucket, outcome.tokens, outcome.remaining], ["scripted", 2, 3]);
    assertEqual(places, [
      { position: 2, etaMs: 900 },
      { position: 1, etaMs: 400 },
    ]);
  },

  async "a stream that ends early or is cut off is retried"({ through }) {
    const places: QueuedPlace[] = [];
    const onQueued = (place: QueuedPlace): unknown => places.push(place);
    assertGranted(await through("cut").acquire("x", { onQueued }));
    assertEqual(places.length, 2);
    assertGranted(await through("snap").acquire("x", { onQueued }));
  },

  async "a stream may end in a refusal"({ through }) {
    const outcome = await through("refused").acquire("x", { onQueued: () => undefined });
    assertRefused(outcome, "timeout");
    assertEqual(outcome.retryAfterMs, 250);
  },

  async "a caller whose onQueued throws leaves the queue"({ through, faultyUrl }) {
    const streams = async (): Promise<number> => {
      const response = await fetch(`${faultyUrl}/streams`);
      return ((await response.json()) as { streams: number }).streams;
    };
    const failed = new Error("deaf");
    const onQueued = (): void => {
      throw failed;
    };
    assert(
      (await errorOf(through("endless").acquire("x", { onQueued }))) === failed,
      "not its error",
    );
    const late = { onQueued: () => Promise.reject(failed) };
    assert((await errorOf(through("endless").acquire("x", late))) === failed, "not its error");
    await until(async () => (await streams()) === 0);
    const signal = AbortSignal.timeout(100);
    const left = await errorOf(
      through("endless").acquire("x", { signal, onQueued: () => undefined }),
    );
    assertEqual(left.name, "TimeoutError");
    await until(async () => (await streams()) === 0);
  },

  async "onQueued receives positions from Sluice, and none if nobody has to wait"({
    connect,
    bucket,
  }) {
    const client = connect();
    const places: QueuedPlace[] = [];
    const onQueued = (place: QueuedPlace): unknown => places.push(place);
    assertGranted(await client.acquire(bucket, { onQueued }));
    assertEqual(places, []);
    const head = client.acquire(bucket);
    await until(async () => (await client.inspect(bucket)).waiters === 1);
    const second = await client.acquire(bucket, { onQueued });
    assertGranted(await head);
    assertGranted(second);
    assertEqual(
      places.map(({ position }) => position),
      [2, 1],
    );
    const etaMs = places[0]?.etaMs ?? 0;
    assert(etaMs > 0 && etaMs <= 2 * INTERVAL_MS, `etaMs ${etaMs}`);
    const refused = await client.acquire(bucket, { onQueued, timeoutMs: 0 });
    assertRefused(refused, "timeout");
    assertEqual(places.length, 2);
  },

  async "a call that the service forbids throws in a stream as well"({ connect, bucket }) {
    const onQueued = (): void => undefined;
    const error = await errorOf(connect().acquire(bucket, { onQueued, timeoutMs: 3_600_000 }));
    assert(error instanceof SluiceError, `got ${error.name}`);
    assertEqual(
      [error.reason, error.status, error.errors?.[0]?.field],
      ["invalid-request", 400, "timeoutMs"],
    );
  },

  async "a caller that knows its position and aborts frees it"({ connect, run, adminToken }) {
    const bucket = `one:${run}:leaves`;
    const client = connect();
    await connect({ token: adminToken }).setPolicy(bucket, { refillIntervalMs: 50_000 });
    await client.acquire(bucket);
    const controller = new AbortController();
    const held = errorOf(
      client.acquire(bucket, { signal: controller.signal, onQueued: () => controller.abort() }),
    );
    assertEqual((await held).name, "AbortError");
    await until(async () => (await client.inspect(bucket)).cancelled === 1);
    assertEqual((await client.inspect(bucket)).waiters, 0);
  },

  async "a caller that aborts is cancelled even if Sluice cannot see its connection close"({
    connect,
    run,
    adminToken,
  }) {
    const bucket = `one:${run}:says`;
    // Held responses that send nothing: Sluice's runtime doesn't notice when they are closed.
    const client = connect({
      fetch: (address, { headers: { Accept: _, ...headers }, ...init }) =>
        fetch(address, { ...init, headers }),
    });
    await connect({ token: adminToken }).setPolicy(bucket, { refillIntervalMs: 50_000 });
    await client.acquire(bucket);
    const controller = new AbortController();
    const held = errorOf(client.acquire(bucket, { signal: controller.signal }));
    await until(async () => (await client.inspect(bucket)).waiters === 1);
    controller.abort();
    assertEqual((await held).name, "AbortError");
    await until(async () => (await client.inspect(bucket)).waiters === 0);
    assertEqual((await client.inspect(bucket)).cancelled, 1);
  },

  async "a streamed wait receives the limit as well"({ connect, bucket }) {
    const client = connect();
    await client.acquire(bucket);
    const types: unknown[] = [];
    const following = connect({
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        types.push(response.headers.get("Content-Type"));
        return response;
      },
    });
    const outcome = await following.acquire(bucket);
    assertGranted(outcome);
    assertEqual(types, ["text/event-stream"]);
    const { policy, capacity, remaining } = outcome.rateLimit ?? {};
    assertEqual([policy, capacity, remaining], ["one:*", 1, 0]);
  },

  async "a stream of Sluice that is cut off is retried and charged once"({
    connect,
    through,
    bucket,
  }) {
    const client = connect();
    await client.acquire(bucket);
    const places: QueuedPlace[] = [];
    const onQueued = (place: QueuedPlace): unknown => places.push(place);
    assertGranted(await through("sever").acquire(bucket, { onQueued }));
    assert(places.length >= 2, `received ${places.length} positions`);
    assertEqual((await client.inspect(bucket)).granted, 2);
  },

  async "the fetch that is passed is the one that is called"({ connect, bucket }) {
    const urls: string[] = [];
    const client = connect({
      fetch: (address, init) => {
        urls.push(`${init.method} ${new URL(address).pathname}`);
        return fetch(address, init);
      },
    });
    await client.acquire(bucket);
    await client.inspect(bucket);
    assertEqual(urls, ["POST /acquire", `GET /buckets/${encodeURIComponent(bucket)}`]);
  },
};

/** Of a session, these would only show what HTTP does. */
const ofHttpAlone = new Set([
  "the fetch that is passed is the one that is called",
  "a streamed wait receives the limit as well",
  "a settle whose answer is lost is sent again, and counts once",
  "a grant that its caller no longer wants is given back",
]);

function checksOf(transport: ClientSurroundings["transport"]): [name: string, check: Check][] {
  const all = Object.entries({ ...checks, ...holdChecks });
  if (transport === "http") return all;
  const shared = all.filter(([name]) => !ofHttpAlone.has(name));
  return [...shared, ...Object.entries(sessionChecks)];
}

/** Names of the behaviours, in the order they run. */
export function behavioursOf(transport: ClientSurroundings["transport"]): readonly string[] {
  return checksOf(transport).map(([name]) => name);
}

/** Runs all behaviours, one after the other. */
export async function runClientBehaviours(
  surroundings: ClientSurroundings,
): Promise<ClientFinding[]> {
  const findings: ClientFinding[] = [];
  const { url, transport } = surroundings;
  for (const [index, [name, check]] of checksOf(transport).entries()) {
    const connect = (options: HttpOptions = {}): ClosableClient => {
      return createClient({ url, transport, ...options });
    };
    const scene: Scene = {
      ...surroundings,
      bucket: `one:${surroundings.run}:${index}`,
      connect,
      through: (mode, options) => connect({ url: `${surroundings.faultyUrl}/${mode}`, ...options }),
    };
    try {
      await check(scene);
      findings.push({ name });
    } catch (error) {
      const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      findings.push({ name, fault: `${String(error)}\n${fault}` });
    }
  }
  return findings;
}
