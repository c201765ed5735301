/**
 * What can be seen of a running Sluice, in the bare runtime and over real sockets: metrics, points of
 * grants, the log of refusals, and the spans of those who waited.
 */
import { setTimeout } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import type { PolicyFields } from "../../src/core/policy.ts";

import { acquirePath, admin } from "../../kit/http/callers.ts";
import { send, type Answer } from "../../kit/http/http-connection.ts";
import { Scrape } from "../../kit/http/scrape.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

/** A tick a day: whatever is granted is missing until the end of the test. */
const once: PolicyFields = { capacity: 1, refillTokens: 1, refillIntervalMs: 86_400_000 };
const everySecond: PolicyFields = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };

async function scrape({ url }: WorkerdServer, query = ""): Promise<Scrape> {
  const response = await fetch(`${url}/metrics${query}`, {
    headers: { Authorization: "Bearer m" },
  });
  expect(response.status).toBe(200);
  return new Scrape(await response.text());
}

describe("/metrics", () => {
  it("is scraped with a token, and goes on where a crash left it", async () => {
    const thousand = { ...once, capacity: 1_000, initialTokens: 1_000 };
    await using server = await startWorkerd({
      vars: {
        API_TOKEN: '[{ "token": "m", "may": ["read"] }, { "token": "a", "may": ["acquire"] }]',
      },
      policies: {
        "*": everySecond,
        export: everySecond,
        leased: { ...thousand, lease: { maxTokens: 64, ttlMs: 500 } },
      },
    });
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    const acquire = async (bucket: string, query = ""): Promise<number> => {
      const headers = { Authorization: "Bearer a" };
      return (await send(server.url, acquirePath(bucket, query), { headers })).status;
    };
    const statuses = await Promise.all(
      Array.from({ length: 5 }, () => acquire("export", "timeoutMs=2500")),
    );
    const granted = statuses.filter((status) => status === 200).length;
    const refused = statuses.length - granted;
    expect(Math.min(granted, refused)).toBeGreaterThan(0);
    for (let count = 0; count < 300; count += 1)
      expect(await acquire("leased", "tokens=2")).toBe(200);

    const read = async (): Promise<Scrape> => scrape(server, "?bucket=other");
    // Until the isolates have reported, and the disk holds all.
    const reported = async (): Promise<Scrape> => {
      for (;;) {
        const seen = await read();
        const isOut = seen.value("sluice_leased_tokens", { bucket: "leased" }) !== 0;
        if (!isOut) return seen;
        await setTimeout(100);
      }
    };
    const before = await reported();
    expect(before.valuesOf("sluice_up", "bucket")).toEqual(["export", "leased", "other"]);
    const bucket = { bucket: "export" };
    expect(before.value("sluice_granted_requests_total", bucket)).toBe(granted);
    expect(before.value("sluice_granted_tokens_total", bucket)).toBe(granted);
    const timeouts = { ...bucket, reason: "timeout" };
    expect(before.value("sluice_refused_requests_total", timeouts)).toBe(refused);
    expect(before.steps("sluice_wait_seconds", bucket).at(0)).toEqual(["0", 1]);
    expect(before.value("sluice_wait_seconds_count", bucket)).toBe(granted);
    const leased = { bucket: "leased" };
    expect(before.value("sluice_granted_requests_total", leased)).toBe(300);
    expect(before.value("sluice_granted_tokens_total", leased)).toBe(600);
    expect(before.steps("sluice_wait_seconds", leased)).toEqual([["0", 300]]);
    expect(before.value("sluice_tokens", leased)).toBe(400);

    // A batch is given back a little over a second after the last grant.
    await setTimeout(1_500);
    await server.restart();
    const after = await read();
    for (const of of [bucket, leased]) {
      for (const name of ["granted_requests_total", "granted_tokens_total", "wait_seconds_sum"]) {
        const metric = `sluice_${name}`;
        expect(after.value(metric, of), metric).toBe(before.value(metric, of));
      }
      expect(after.steps("sluice_wait_seconds", of)).toEqual(
        before.steps("sluice_wait_seconds", of),
      );
    }
  });
});

describe("points of grants", () => {
  interface Point {
    readonly blobs: readonly string[];
    readonly doubles: readonly [
      tokens: number,
      waitedMs: number,
      remaining: number,
      grants: number,
    ];
  }

  it("tell every grant, of the object and of leases, merged where there are too many", async () => {
    const many = { ...once, capacity: 1_000, refillTokens: 1_000, initialTokens: 1 };
    const lease = { maxTokens: 64, ttlMs: 500 };
    await using server = await startWorkerd({
      main: "kit/workers/recorded-points.ts",
      vars: admin.vars,
      policies: {
        plain: everySecond,
        crowd: { ...many, refillIntervalMs: 3_000 },
        leased: { ...many, initialTokens: 1_000, lease },
      },
    });
    const pointsOf = async (bucket: string): Promise<Point[]> => {
      const { body } = await send(server.url, "/points");
      return (body as Point[]).filter(({ blobs }) => blobs[0] === bucket);
    };
    const sums = (points: readonly Point[]): number[] => {
      return [0, 3].map((index) => points.reduce((sum, { doubles }) => sum + doubles[index]!, 0));
    };

    expect((await send(server.url, acquirePath("plain"))).status).toBe(200);
    expect((await send(server.url, acquirePath("plain"))).status).toBe(200);
    const plain = await pointsOf("plain");
    expect(plain.map(({ blobs }) => blobs)).toEqual([
      ["plain", "plain", "object"],
      ["plain", "plain", "object"],
    ]);
    expect(
      plain.map(({ doubles: [tokens, , remaining, grants] }) => [tokens, remaining, grants]),
    ).toEqual([
      [1, 0, 1],
      [1, 0, 1],
    ]);
    expect(plain[1]!.doubles[1]).toBeGreaterThan(0);

    const queries = Array.from({ length: 100 }, () => send(server.url, acquirePath("leased")));
    for (const { status } of await Promise.all(queries)) expect(status).toBe(200);
    for (let count = 0; count < 100; count += 1) await send(server.url, acquirePath("leased"));
    const leased = await pointsOf("leased");
    expect(sums(leased)).toEqual([200, 200]);
    expect(new Set(leased.map(({ blobs }) => blobs[2]))).toEqual(new Set(["object", "lease"]));

    await send(server.url, acquirePath("crowd"));
    const held = await Promise.all(
      Array.from({ length: 400 }, () => send(server.url, acquirePath("crowd"))),
    );
    for (const { status } of held) expect(status).toBe(200);
    const crowd = await pointsOf("crowd");
    expect(sums(crowd)).toEqual([401, 401]);
    expect(crowd.length).toBeLessThanOrEqual(251);

    await send(server.url, "/points", { method: "PUT" });
    expect((await send(server.url, acquirePath("plain"))).status).toBe(200);
    expect((await send(server.url, acquirePath("leased"))).status).toBe(200);
    expect(server.output).toContain("Cannot write to ANALYTICS");
  });
});

describe("the log of refusals", () => {
  const linesOf = (server: WorkerdServer): Record<string, unknown>[] => {
    const lines = server.output.split("\n").filter((line) => line.includes('"event":"refused"'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it("has a line a second of a flood, which names neither buckets nor tokens", async () => {
    await using server = await startWorkerd({
      vars: { API_TOKEN: "s3cret" },
      policies: { "user:*": once },
    });
    const headers = { Authorization: "Bearer s3cret" };
    const statuses = new Map<number, number>();
    const ask = async (path: string, init: object): Promise<void> => {
      const { status } = await send(server.url, path, init);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    for (let count = 0; count < 10; count += 1) {
      await ask(acquirePath(`user:mallory${count}`), { headers });
    }
    const startedAtMs = Date.now();
    const FLOODERS = 8;
    const flood = async (flooder: number): Promise<void> => {
      for (let count = 0; Date.now() < startedAtMs + 2_500; count += 1) {
        const user = `user:mallory${(count + flooder) % 10}`;
        await ask(acquirePath(user, "timeoutMs=0"), { headers });
        await ask(acquirePath(user), { headers: { Authorization: "Bearer guess" } });
        await ask(acquirePath("nobody's%22bucket"), { headers });
      }
    };
    await Promise.all(Array.from({ length: FLOODERS }, (_, index) => flood(index)));
    await setTimeout(1_100);
    await ask(acquirePath("user:mallory1", "timeoutMs=0"), { headers });
    await setTimeout(200);

    const refused = statuses.get(429) ?? 0;
    expect(refused).toBeGreaterThan(100);
    const lines = linesOf(server);
    const seconds = (Date.now() - startedAtMs) / 1_000;
    for (const reason of ["timeout", "unauthorized", "invalid-request"]) {
      const of = lines.filter((line) => line["reason"] === reason);
      expect(of.length, reason).toBeGreaterThan(1);
      expect(of.length, reason).toBeLessThanOrEqual(1 + seconds);
    }
    const timeouts = lines.filter((line) => line["reason"] === "timeout");
    expect(timeouts[0]).toEqual({ event: "refused", reason: "timeout", policy: "user:*" });
    const logged = timeouts.reduce((sum, { leftOut }) => sum + 1 + Number(leftOut ?? 0), 0);
    expect(logged).toBe(refused);
    expect(server.output).not.toMatch(/mallory|nobody|s3cret|guess/);
  });

  it("can be turned off", async () => {
    await using server = await startWorkerd({ vars: { LOG_REFUSALS: "false" } });
    expect((await send(server.url, "/nowhere")).status).toBe(404);
    expect((await send(server.url, acquirePath("x", "tokens=2"))).status).toBe(422);
    await setTimeout(200);
    expect(linesOf(server)).toEqual([]);
  });
});

describe("spans of queued time", () => {
  interface Span {
    readonly openedAtMs: number;
    readonly closedAtMs: number;
    readonly attributes: Readonly<Record<string, unknown>>;
  }

  it("tell of each that waited, from joining to settling, and of nobody else", async () => {
    await using server = await startWorkerd({
      vars: admin.vars,
      policies: { "slow:*": everySecond },
      tails: ["tail"],
      others: { tail: { main: "kit/workers/tail.ts" } },
    });
    const bucket = "slow:1";
    const acquire = (): Promise<Answer> => send(server.url, acquirePath(bucket));
    expect((await acquire()).status).toBe(200);
    // Without a look at the bucket in between: the runtime would lay the span to that call, and close
    // its trace before the span has ended.
    const held: Promise<Answer>[] = [];
    for (let count = 0; count < 3; count += 1) {
      held.push(acquire());
      await setTimeout(50);
    }
    expect((await held[0]!).status).toBe(200);
    await send(server.url, `/buckets/${bucket}`, { method: "DELETE", headers: admin.headers });
    const statuses = (await Promise.all(held)).map(({ status }) => status);
    expect(statuses).toEqual([200, 503, 503]);

    let spans: Span[] = [];
    const givesUpAtMs = Date.now() + 10_000;
    while (spans.length < 3 && Date.now() < givesUpAtMs) {
      await setTimeout(50);
      const { body } = await send(server.urlOf("tail"), "/spans?name=queued");
      spans = body as Span[];
    }
    const of = { "sluice.bucket": bucket, "sluice.policy": "slow:*", "sluice.tokens": 1 };
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      { ...of, "sluice.position": 1, "sluice.result": "granted" },
      { ...of, "sluice.position": 2, "sluice.result": "bucket-reset" },
      { ...of, "sluice.position": 3, "sluice.result": "bucket-reset" },
    ]);
    const [first] = spans;
    expect(first!.closedAtMs - first!.openedAtMs).toBeGreaterThan(300);
  });
});
