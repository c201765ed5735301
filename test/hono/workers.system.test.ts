/**
 * The middleware and its sibling without Hono, in the Workers of `examples/`, in the real runtime: with Hono, Sluice is
 * part of the Worker; without, it runs beside it and is bound.
 */
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../src/protocol/bucket-snapshot.ts";

import { watchBucket } from "../../src/client/index.ts";
import { snapshotOf, untilBucket } from "../../kit/http/callers.ts";
import { HttpConnection, send } from "../../kit/http/http-connection.ts";
import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** Long enough for all that has to happen between two ticks. */
const INTERVAL_MS = 2_000;
const DAY_MS = 86_400_000;

let sluice: WorkerdServer;
let honoUrl: string;
let plainUrl: string;
const urls = { hono: () => honoUrl, plain: () => plainUrl };
/** Where the buckets of each are: with Hono, in the same Worker. */
const limiters = { hono: () => ({ url: honoUrl }), plain: () => sluice };

const oddNames = ["a b", "ann+1@example.com", "x".repeat(130), "m\u00FCller", "1.2.3.4, 5.6"];
const plainNames = [
  "fields",
  "elsewhere",
  "wait",
  "wait-gone",
  "refused",
  "crowd",
  "large",
  "contract",
];
const customers = ["staff", "variable", "fault", "both", "numbers"].concat(
  ...["hono", "plain"].map((kind) => plainNames.map((name) => `${name}-${kind}`)),
  ...["hono", "plain"].map((kind) => oddNames.map((name) => `${kind} ${name}`)),
);

/** An API key is ASCII, whatever its customer is called. */
function keyOf(customer: string): string {
  return `key-${encodeURIComponent(customer)}`;
}

function headersOf(customer: string): Record<string, string> {
  return { Authorization: `Bearer ${keyOf(customer)}` };
}

beforeAll(async () => {
  const slow = { refillTokens: 1, refillIntervalMs: DAY_MS };
  const services = { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } };
  const vars = { CUSTOMERS: Object.fromEntries(customers.map((name) => [keyOf(name), name])) };
  const policies = {
    "*": { ...slow, capacity: 1 },
    "login:*": { ...slow, capacity: 5, initialTokens: 5 },
    "api:*": { ...slow, capacity: 2, initialTokens: 2 },
    "api:wait*": { capacity: 1, refillTokens: 1, refillIntervalMs: INTERVAL_MS },
    "api:crowd*": { capacity: 1, refillTokens: 1, refillIntervalMs: INTERVAL_MS, queueLimit: 0 },
    soon: { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 },
    both: { ...slow, capacity: 9, initialTokens: 9 },
  };
  sluice = await startWorkerd({
    policies,
    others: {
      hono: { config: "examples/hono-worker/wrangler.jsonc", vars, policies },
      plain: { config: "examples/plain-worker/wrangler.jsonc", vars, services },
    },
  });
  honoUrl = sluice.urlOf("hono");
  plainUrl = sluice.urlOf("plain");
});
afterAll(async () => {
  await sluice?.stop();
});

const search = { hono: "/api/search", plain: "/search" };
const elsewhere = { hono: "/api/elsewhere", plain: "/elsewhere" };

/** An answer as it came: its fields, and the very bytes of its body. */
async function bytesOf(url: string, customer?: string) {
  const response = await fetch(url, customer ? { headers: headersOf(customer) } : {});
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Numbers of time differ from call to call, and nothing else does. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d{2,} ms|(?<="retryAfterMs":)\d+/g, "N");
}

describe.each(["hono", "plain"] as const)("%s", (kind) => {
  const url = (path: string) => urls[kind]() + path;
  const customer = (name: string) => `${name}-${kind}`;

  it("an answer has the fields of the limit", async () => {
    const { status, headers } = await bytesOf(url(search[kind]), customer("fields"));
    expect(status).toBe(200);
    expect(headers.get("RateLimit-Policy")).toBe('"api:*";q=2;w=172800');
    expect(headers.get("RateLimit")).toBe('"api:*";r=1;t=86400');
  });

  it("so has one that comes from elsewhere, beside its own", async () => {
    const { status, headers, text } = await bytesOf(url(elsewhere[kind]), customer("elsewhere"));
    expect([status, text]).toEqual([200, '{"status":"ok"}\n']);
    expect(headers.get("RateLimit")).toBe('"api:*";r=1;t=86400');
    expect(headers.get("Content-Type")).toBe("application/json");
  });

  it("a request waits for its tokens", async () => {
    const first = await send(url("/"), search[kind], {
      headers: headersOf(customer("wait")),
    });
    const startedAtMs = performance.now();
    const second = await bytesOf(url(search[kind]), customer("wait"));
    expect([first.status, second.status]).toEqual([200, 200]);
    const bucket = await snapshotOf(limiters[kind](), `api:${customer("wait")}`);
    expect(bucket).toMatchObject({ granted: 2, waiters: 0 });
    expect(performance.now() - startedAtMs).toBeGreaterThan(INTERVAL_MS / 4);
  });

  it.each([
    ["timeout", "wait=0", "refused", "timeoutMs=0"],
    ["queue-full", "wait=2000", "crowd", "timeoutMs=2000"],
    ["exceeds-capacity", "cost=3", "large", "tokens=3"],
  ])("a refusal for %s is that of Sluice, byte for byte", async (reason, query, name, asked) => {
    const bucket = `api:${customer(name)}`;
    if (reason !== "exceeds-capacity") {
      const tokens = name === "refused" ? 2 : 1;
      await send(limiters[kind]().url, `/acquire?bucket=${bucket}&tokens=${tokens}`);
    }
    const theirs = await bytesOf(`${limiters[kind]().url}/acquire?bucket=${bucket}&${asked}`);
    const ours = await bytesOf(`${url(search[kind])}?${query}`, customer(name));
    expect(JSON.parse(ours.text)).toMatchObject({ reason });
    expect(ours.status).toBe(theirs.status);
    expect(withoutTimes(ours.text)).toBe(withoutTimes(theirs.text));
    for (const field of [
      "Content-Type",
      "Cache-Control",
      "Retry-After",
      "RateLimit",
      "RateLimit-Policy",
    ]) {
      expect([field, ours.headers.get(field)]).toEqual([field, theirs.headers.get(field)]);
    }
  });

  it("a refusal by status 429 has every member that the contract names", async () => {
    await bytesOf(`${url(search[kind])}?cost=2`, customer("contract"));
    const { status, headers, text } = await bytesOf(
      `${url(search[kind])}?wait=0`,
      customer("contract"),
    );
    const body = JSON.parse(text) as { retryAfterMs: number };
    expect(status).toBe(429);
    expect(body).toEqual({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      title: "Cannot be granted in time",
      status: 429,
      detail: expect.stringMatching(
        /^Cannot acquire 1 token within 0 ms: the earliest is in \d+ ms$/,
      ),
      reason: "timeout",
      retryAfterMs: expect.any(Number),
      "violated-policies": ["api:*"],
    });
    expect(Number(headers.get("Retry-After"))).toBe(Math.ceil(body.retryAfterMs / 1_000));
  });

  it("what is skipped takes nothing and says nothing of the limit", async () => {
    const path = kind === "hono" ? search.hono : "/healthz";
    for (let call = 0; call < 5; call += 1) {
      const answer = await send(url("/"), path, { headers: headersOf("staff") }).catch(
        (error: unknown) => error,
      );
      expect(JSON.stringify(answer)).not.toMatch(/ratelimit/i);
    }
    expect(await snapshotOf(limiters[kind](), "api:staff")).toMatchObject({ granted: 0 });
  });

  it("a caller that hangs up gives its place to the one behind it", async () => {
    const bucket = `api:${customer("wait-gone")}`;
    const options = { headers: headersOf(customer("wait-gone")) };
    await send(url("/"), search[kind], options);
    const waiters = (count: number) => (snapshot: BucketSnapshot) => snapshot.waiters === count;
    const gone = await HttpConnection.open(url("/"));
    gone.request(search[kind], options).catch(() => undefined);
    await untilBucket(limiters[kind](), bucket, waiters(1));
    const behind = send(url("/"), search[kind], options);
    await untilBucket(limiters[kind](), bucket, waiters(2));
    gone.reset();
    const left = await untilBucket(limiters[kind](), bucket, ({ cancelled }) => cancelled === 1);
    expect(left).toMatchObject({ waiters: 1, granted: 1 });
    expect((await behind).status).toBe(200);
    expect(await snapshotOf(limiters[kind](), bucket)).toMatchObject({ granted: 2, cancelled: 1 });
  });
});

describe("hono", () => {
  it("finds the grant in c.var, and none where it was skipped", async () => {
    const limited = await bytesOf(`${honoUrl}/api/search`, "variable");
    expect(JSON.parse(limited.text)).toEqual({ waitedMs: 0 });
    const skipped = await send(honoUrl, "/api/search", { headers: headersOf("staff") });
    expect(skipped.body).toEqual({ waitedMs: null });
  });

  it("the answer of a handler that throws has the fields, too", async () => {
    const { status, headers } = await bytesOf(`${honoUrl}/api/fault`, "fault");
    expect(status).toBe(500);
    expect(headers.get("RateLimit")).toBe('"api:*";r=1;t=86400');
  });

  it("two limits both say where they stand, in an answer and in a refusal", async () => {
    const granted = await bytesOf(`${honoUrl}/both`, "both");
    expect(granted.headers.get("RateLimit")).toBe('"api:*";r=1;t=86400, "both";r=8;t=86400');
    await bytesOf(`${honoUrl}/both`, "both");
    const refused = await bytesOf(`${honoUrl}/both`, "both");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("RateLimit")).toBe('"api:*";r=0;t=86400, "both";r=6;t=86400');
    expect(refused.headers.get("RateLimit-Policy")).toMatch(
      /^"api:\*";q=2;w=172800, "both";q=9;w=/,
    );
  });

  it("the five tries of a login are over with the fifth", async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 6; call += 1) {
      statuses.push((await send(honoUrl, "/login", { method: "POST" })).status);
    }
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
  });

  it("onRefused answers by itself", async () => {
    expect((await bytesOf(`${honoUrl}/page`)).text).toBe("<h1>Welcome</h1>");
    const { status, headers, text } = await bytesOf(`${honoUrl}/page`);
    expect([status, text]).toEqual([429, "<h1>Too many of you</h1>"]);
    expect(headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(Number(headers.get("Retry-After"))).toBeGreaterThan(86_000);
  });

  it("shadow mode holds nobody up, refuses nobody, and reports what would have been", async () => {
    const startedAtMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 8 }, () => bytesOf(`${honoUrl}/soon`)));
    expect(performance.now() - startedAtMs).toBeLessThan(900);
    for (const { status, headers, text } of answers) {
      expect([status, text, headers.get("RateLimit")]).toEqual([200, "soon", null]);
    }
    // One is granted at once, one or two within 1.5 s, and the others would be too late.
    await setTimeout(2_500);
    const { text } = await bytesOf(`${honoUrl}/report`);
    const report = JSON.parse(text) as Record<string, number>;
    expect(report["granted"]! + report["waited"]! + report["refused"]!).toBe(8);
    expect(report["granted"]).toBe(1);
    expect(report["waited"]).toBeGreaterThanOrEqual(1);
    expect(report["refused"]).toBeGreaterThanOrEqual(5);
    const bucket = await snapshotOf(limiters.hono(), "soon");
    expect(bucket.granted).toBe(report["granted"]! + report["waited"]!);
  });
});

describe("names of what callers send", () => {
  const login = (address: string) =>
    fetch(`${honoUrl}/login`, { method: "POST", headers: { "CF-Connecting-IP": address } });

  it("twelve tries to log in from one /64 are refused from the sixth on", async () => {
    const statuses: number[] = [];
    for (let host = 1; host <= 12; host += 1) {
      statuses.push((await login(`2001:db8:7:7:${host}::${host}`)).status);
    }
    expect(statuses).toEqual([...Array<number>(5).fill(403), ...Array<number>(7).fill(429)]);
    expect((await login("2001:db8:7:8::1")).status).toBe(403);
  });

  it("are each a bucket, and never a 500", async () => {
    for (const kind of ["hono", "plain"] as const) {
      for (const text of oddNames) {
        const customer = `${kind} ${text}`;
        const statuses: number[] = [];
        for (let call = 0; call < 3; call += 1) {
          const { status } = await bytesOf(`${urls[kind]()}${search[kind]}?wait=0`, customer);
          statuses.push(status);
        }
        expect([customer, statuses]).toEqual([customer, [200, 200, 429]]);
      }
    }
  });

  it("and numbers that are none are answered 400", async () => {
    for (const kind of ["hono", "plain"] as const) {
      for (const query of ["cost=many", "cost=-1", "wait=long", "wait=4000000"]) {
        const { status } = await bytesOf(`${urls[kind]()}${search[kind]}?${query}`, "numbers");
        expect([kind, query, status]).toEqual([kind, query, 400]);
      }
    }
  });
});

describe("keys that nobody has", () => {
  it.each(["Bearer constructor", "Bearer ", "key-of-ann"])(
    "%s is refused by the app",
    async (key) => {
      const { status } = await send(honoUrl, search.hono, { headers: { Authorization: key } });
      expect(status).toBe(401);
    },
  );
});

describe("Sluice in the app's Worker", () => {
  it("its buckets can be watched at the app's address", async () => {
    const watching = watchBucket({ url: honoUrl }, "api:watched");
    const { value: first } = await watching.next();
    expect(first?.snapshot.policy.name).toBe("api:*");
    await watching.return?.(undefined);
  });

  it("a client of the Worker's own export is limited, too", async () => {
    expect((await bytesOf(`${honoUrl}/closed`)).status).toBe(200);
    expect((await bytesOf(`${honoUrl}/closed`)).status).toBe(429);
  });
});

describe("plain", () => {
  it("a WebSocket passes as it is", async () => {
    const socket = new WebSocket(`${plainUrl.replace("http", "ws")}/socket`);
    const message = new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
      socket.addEventListener("error", () => reject(new Error("no socket")));
    });
    socket.addEventListener("open", () => socket.send("four"));
    expect(await message).toBe("4");
    socket.close();
  });
});
