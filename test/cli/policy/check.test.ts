import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { check } from "../../../src/cli/policy/check.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-policies-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function checkIn(name: string, text: string, env?: string): Ended {
  const file = join(dir, name);
  writeFileSync(file, text);
  const [out, err]: [string[], string[]] = [[], []];
  const code = check(
    { file, env },
    {
      print: (line) => out.push(line),
      note: (line) => err.push(line),
      showProgress: () => undefined,
      clearProgress: () => undefined,
      signal: new AbortController().signal,
    },
  );
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("prints what each policy stands for", () => {
  const ended = checkIn(
    "legal.toml",
    `[vars.POLICIES."api:*"]
     limit = "100/1m"
     maxWait = "30s"
     forgetAfter = "7d"
     limits.day = { capacity = 50000, every = "day", timeZone = "Europe/Berlin" }
     limits.tpm = { limit = "9/1s" }
     [vars.POLICIES.leased]
     capacity = 9
     refillTokens = 9
     refillIntervalMs = 1000
     lease = { maxTokens = 5, ttl = "5s" }
     hold = { max = "10m" }
     [vars.POLICIES.exports]
     capacity = 1
     refillTokens = 1
     refillIntervalMs = 1000
     concurrency = { max = 5, ttl = "30s" }`,
  );
  expect(ended).toEqual({
    code: 0,
    err: "",
    out: `"api:*"
  maxWait 30s = maxWaitMs 30000
  forgetAfter 7d = forgetAfterMs 604800000
  limit 100/1m, burst 10 = capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10
  limits.tpm.limit 9/1s, burst 1 = capacity 1, refillTokens 1, refillIntervalMs 126, initialTokens 1
  rate: capacity 10, refillTokens 1, refillIntervalMs 667, initialTokens 10; each grant is written
  day: capacity 50000, every day, timeZone Europe/Berlin, at 00:00, initialTokens 50000; a crash may lose up to 1250 tokens
  tpm: capacity 1, refillTokens 1, refillIntervalMs 126, initialTokens 1; each grant is written
  queue: queueLimit 1000, maxWaitMs 30000
  forgotten: forgetAfterMs 604800000
"leased"
  lease.ttl 5s = ttlMs 5000
  hold.max 10m = maxMs 600000
  rate: capacity 9, refillTokens 9, refillIntervalMs 1000, initialTokens 9; each grant is written
  queue: queueLimit 1000, maxWaitMs 60000
  lease: maxTokens 5, ttlMs 5000
  hold: maxMs 600000, debt queue
"exports"
  concurrency.ttl 30s = ttlMs 30000
  rate: capacity 1, refillTokens 1, refillIntervalMs 1000, initialTokens 1; each grant is written
  queue: queueLimit 1000, maxWaitMs 60000
  concurrency: max 5, ttlMs 30000, graceMs 0`,
  });
});

test("prints the faults beside the policies that are legal, by environment", () => {
  const text = JSON.stringify({
    vars: { POLICIES: { one: { limit: "100", maxWait: "2h" }, two: { limit: "5/1s" } } },
    env: { live: { vars: { POLICIES: { three: { limit: "6/1s" }, "a b": {} } } } },
  });
  const { code, out, err } = checkIn("illegal.json", text);
  expect(code).toBe(78);
  expect(out.replaceAll(/\n {2}.*/g, "")).toBe('"two"\n[env.live]\n"three"');
  expect(err.split("\n")).toEqual([
    'POLICIES."one": maxWait must be from 0ms to 1h: got "2h"',
    'POLICIES."one": limit must be tokens per window, such as "100/1m", with a unit of ms, s, m, h, d: got "100"',
    expect.stringMatching(/^env\.live: POLICIES\."a b": a pattern is/),
  ]);
  const live = checkIn("illegal.json", text, "live");
  expect(live.out).toMatch(/^"three"\n {2}limit 6\/1s, burst 1 = /);
  expect(live.err.split("\n")).toHaveLength(1);
});
