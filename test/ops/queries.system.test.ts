/**
 * The queries of the dashboard and of the alerts, by a Prometheus that scrapes `npm run serve`: each returns
 * series while the buckets have something to show.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { SessionConnection } from "../../kit/http/session-connection.ts";
import { Prometheus } from "../../kit/processes/prometheus.ts";
import { Served } from "../../kit/processes/served.ts";
import { projectDir } from "../../serve/worker-bundle.ts";
import { createClient, type Client } from "../../src/client/client.ts";
import { blocksOfPage } from "../docs/documentation.ts";
import { queries } from "./dashboard.ts";

const SCRAPER = "scraper1";
const CALLER = "caller1";
const KEYS = [
  { token: SCRAPER, may: ["read"] },
  { token: CALLER, may: ["acquire", "read"] },
];

const AN_HOUR_MS = 3_600_000;
const SLOW = { refillTokens: 1, refillIntervalMs: AN_HOUR_MS };
const POLICIES = {
  /** Always somebody waits. */
  export: { ...SLOW, capacity: 1, maxWaitMs: AN_HOUR_MS, queueLimit: 1 },
  /** Busy, and not scraped by name. */
  "user:*": { capacity: 2, refillTokens: 1, refillIntervalMs: 100, maxWaitMs: 500 },
  /** Always somebody is granted, some of them at once. */
  login: { capacity: 2, refillTokens: 1, refillIntervalMs: 50 },
  llm: {
    ...SLOW,
    capacity: 10,
    initialTokens: 10,
    limits: { tpm: { ...SLOW, capacity: 100, initialTokens: 100 } },
    hold: { maxMs: AN_HOUR_MS, debt: "front" },
    concurrency: { max: 3, ttlMs: AN_HOUR_MS },
  },
  web: {
    capacity: 40,
    refillTokens: 40,
    refillIntervalMs: 1_000,
    lease: { maxTokens: 4, ttlMs: 1_000 },
  },
} as const;

/** What Grafana replaces in a query. */
const VARIABLES = { $bucket: ".+", $__rate_interval: "20s" };
/** How long a query may have no series: rates need two scrapes. */
const PATIENCE_MS = 20_000;
const POLL_MS = 200;

let served: Served;
let prometheus: Prometheus;
const leaving = new AbortController();
let busy: Promise<void>;
let session: SessionConnection;

/** Asks for tokens until the tests end. */
async function keepBusy(client: Client): Promise<void> {
  while (!leaving.signal.aborted) {
    await Promise.all([
      ...[1, 2, 3].map(() => client.acquire("login")),
      ...[1, 2, 3].map(() => client.acquire("user:ann")),
      client.tryAcquire("web"),
      client.tryAcquire("export"),
    ]);
  }
}

beforeAll(async () => {
  const variables = ["--var", `API_TOKEN:${JSON.stringify(KEYS)}`];
  served = await Served.start({ policies: POLICIES, args: variables });
  const { url } = served;
  const client = createClient({ url, token: CALLER });
  await client.acquire("export");
  const waiting = client.acquire("export", { signal: leaving.signal });
  waiting.catch(() => undefined);
  const held = await client.acquire("llm", { holdMs: AN_HOUR_MS, limits: { tpm: 60 } });
  if (!held.ok || !held.hold) throw new Error(`No hold: ${JSON.stringify(held)}`);
  await client.settleHold("llm", held.hold.id, { rate: 1, tpm: 300 });
  session = await SessionConnection.open(url, "login", { token: CALLER });
  busy = keepBusy(client);
  prometheus = await Prometheus.start({ url, apiKey: SCRAPER });
});

afterAll(async () => {
  leaving.abort();
  session?.[Symbol.dispose]();
  await busy?.catch(() => undefined);
  await prometheus?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
});

/** The values of an expression, once there are any. */
async function valuesOf(expr: string): Promise<readonly number[]> {
  const givesUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const values = (await prometheus.query(expr)).map(({ value }) => value);
    const known = values.filter((value) => Number.isFinite(value));
    if (known.length > 0 || Date.now() > givesUpAtMs) return known;
    await setTimeout(POLL_MS);
  }
}

describe("ops/grafana/sluice.json", () => {
  it.each(queries)("$panel has values", async ({ expr }) => {
    let query = expr;
    for (const [name, value] of Object.entries(VARIABLES)) query = query.replaceAll(name, value);
    expect(await valuesOf(query), query).not.toEqual([]);
  });
});

/** With `bool`, a comparison returns 0 or 1 for each series, and not only those for which it is true. */
function compareAll(expr: string): string {
  return expr.replaceAll(/ (>|<|==) /g, " $1 bool ");
}

describe("docs/operate/metrics-and-alerts.md", () => {
  const samples = blocksOfPage("docs/operate/metrics-and-alerts.md")
    .filter(({ language }) => language === "promql")
    .flatMap(({ text }) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#")));

  it.each(samples)("%s has values", async (expr) => {
    expect(await valuesOf(compareAll(expr))).not.toEqual([]);
  });
});

describe("ops/prometheus/alerts.yml", () => {
  const text = readFileSync(join(projectDir, "ops/prometheus/alerts.yml"), "utf8");
  const exprs = [...text.matchAll(/- alert: (\w+)\n +expr: (>-\n(?: {10}.*\n)+|.*)/g)].map(
    ([, alert = "", expr = ""]) => ({ alert, expr: expr.replace(/^>-\n/, "") }),
  );

  it.each(exprs)("$alert compares series that there are", async ({ expr }) => {
    const compared = compareAll(expr);
    expect(compared).not.toBe(expr);
    expect(await valuesOf(compared), compared).not.toEqual([]);
  });

  it("is evaluated without an error", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(exprs.map(({ alert }) => alert));
    expect(rules.filter(({ lastError }) => lastError !== undefined)).toEqual([]);
  });

  it("finds the caller that waits, and nothing wrong with the rest", async () => {
    expect(await valuesOf('sluice_waiters{bucket="export"}')).toEqual([1]);
    expect(await prometheus.query('up{job="sluice"}')).toMatchObject([{ value: 1 }]);
    expect(await prometheus.query("sluice_up == 0")).toEqual([]);
  });
});
