import { describe, expect, it, vi } from "vitest";

import type { BusyBucket } from "../../../src/protocol/busy-bucket.ts";

import { busyMetrics } from "../../../src/worker/metrics/busy-metrics.ts";
import { prometheusText } from "../../../src/worker/metrics/prometheus-text.ts";
import { reportBusy } from "../../../kit/edge/busy-reports.ts";
import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";
import { Scrape } from "../../../kit/http/scrape.ts";

useVirtualTime();

function busy(bucket: string, waiters: number, grantedPerS = 0): BusyBucket {
  const common = { policyName: "user:*", isOverridden: false, tokens: 0, capacity: 1, atMs: 0 };
  return { bucket, waiters, grantedPerS, refusedPerS: 0.5, waitP95Ms: waiters * 100, ...common };
}

function scrapeOf(buckets: readonly BusyBucket[]): Scrape {
  return new Scrape(prometheusText(busyMetrics(buckets)));
}

describe("busyMetrics", () => {
  it("has each bucket, in Prometheus's units", () => {
    const seen = scrapeOf([busy("a", 3, 2.5)]);
    const labels = { bucket: "a", policy: "user:*" };
    expect(seen.value("sluice_busy_buckets", {})).toBe(1);
    expect(seen.value("sluice_busy_waiters", labels)).toBe(3);
    expect(seen.value("sluice_busy_granted_per_second", labels)).toBe(2.5);
    expect(seen.value("sluice_busy_refused_per_second", labels)).toBe(0.5);
    expect(seen.value("sluice_busy_wait_p95_seconds", labels)).toBe(0.3);
    for (const { help, type } of seen.families.values()) {
      expect(help).toMatch(/\.$/);
      expect(type).toBe("GAUGE");
    }
  });

  it("names the 20 with the most waiters, then grants, and sums up the rest", () => {
    const waiting = Array.from({ length: 19 }, (_, index) => busy(`w${index}`, 30 - index));
    const granting = [busy("g1", 0, 7), busy("g2", 0, 9), busy("g3", 0, 8)];
    const seen = scrapeOf([...granting, ...waiting]);
    const names = [...waiting.map(({ bucket }) => bucket), "g2", "(others)"];
    expect(seen.valuesOf("sluice_busy_waiters", "bucket")).toEqual(names);
    const others = { bucket: "(others)" };
    expect(seen.value("sluice_busy_granted_per_second", others)).toBe(15);
    expect(seen.value("sluice_busy_refused_per_second", others)).toBe(1);
    expect(seen.value("sluice_busy_buckets", {})).toBe(22);
  });

  it("has how long the head has waited, and how long it may", () => {
    const entry = { ...busy("a", 3), oldestWaitMs: 46_000, maxWaitMs: 60_000 };
    const seen = scrapeOf([entry, busy("older-version", 1)]);
    expect(seen.valuesOf("sluice_busy_oldest_wait_seconds", "bucket")).toEqual(["a"]);
    const labels = { bucket: "a", policy: "user:*" };
    expect(seen.value("sluice_busy_oldest_wait_seconds", labels)).toBe(46);
    expect(seen.value("sluice_busy_max_wait_seconds", labels)).toBe(60);
  });

  it("has of the rest the wait that is closest to its limit, however few wait there", () => {
    const named = Array.from({ length: 20 }, (_, index) => busy(`w${index}`, 30));
    const rest = [
      busy("older-version", 0),
      { ...busy("night", 2), oldestWaitMs: 600_000, maxWaitMs: 3_600_000 },
      { ...busy("login", 1), oldestWaitMs: 50_000, maxWaitMs: 60_000 },
      { ...busy("never", 0), oldestWaitMs: 0, maxWaitMs: 0 },
    ];
    const seen = scrapeOf([...named, ...rest]);
    const others = { bucket: "(others)" };
    expect(seen.value("sluice_busy_oldest_wait_seconds", others)).toBe(50);
    expect(seen.value("sluice_busy_max_wait_seconds", others)).toBe(60);
    const older = scrapeOf([...named, busy("older-version", 0)]);
    expect(older.valuesOf("sluice_busy_oldest_wait_seconds", "bucket")).toEqual([]);
  });

  it("says that none is busy", () => {
    expect(scrapeOf([]).value("sluice_busy_buckets", {})).toBe(0);
    expect(scrapeOf([]).families.size).toBe(1);
  });
});

describe("/metrics", () => {
  it("has the busy buckets that the token may read, and counts no others", async () => {
    const prefix = `${uniqueName()}/`;
    for (let index = 0; index < 25; index += 1) await reportBusy(`${prefix}theirs/${index}`);
    for (let index = 0; index < 21; index += 1) await reportBusy(`${prefix}ours/${index}`);
    const API_TOKEN = [{ token: "reads-ours", buckets: [`${prefix}ours/*`] }];
    const response = await deployed({ ...CLOSED, API_TOKEN }, "/metrics", bearer("reads-ours"));
    const text = await response.text();
    expect(text).not.toContain("theirs");
    const seen = new Scrape(text);
    expect(seen.value("sluice_busy_buckets", {})).toBe(21);
    expect(seen.value("sluice_busy_waiters", { bucket: "(others)" })).toBe(2);
  });

  it("has them even while a key polls the list as fast as it can", async () => {
    const bucket = uniqueName();
    await reportBusy(bucket);
    const open = { ...CLOSED, PUBLIC: "true" };
    const polls = Array.from({ length: 20 }, () => deployed(open, "/buckets"));
    const text = await (await deployed(open, "/metrics")).text();
    expect(new Scrape(text).value("sluice_busy_waiters", { bucket, policy: "*" })).toBe(2);
    for (const { body } of await Promise.all(polls)) await body?.cancel();
  });

  it("goes without busy buckets if they can't be listed", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const getByName = () => {
      throw new Error("Nowhere");
    };
    const broken = { ...CLOSED, PUBLIC: "true", BUCKETS: { getByName } };
    const response = await deployed(broken, "/metrics");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(error).toHaveBeenCalledOnce();
  });
});
