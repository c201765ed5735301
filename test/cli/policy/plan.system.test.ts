/** `sluice policy plan`, as a process of its own, against the Worker in its runtime. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BusyBuckets } from "../../../src/protocol/busy-bucket.ts";
import type { KnownPolicies } from "../../../src/protocol/known-policies.ts";

import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";
import { sluicePolicy, type Ended } from "../../../kit/cli/sluice-policy.ts";

const one = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const mail = { capacity: 5, refillTokens: 5, refillIntervalMs: 1_000_000, maxWaitMs: 3_600_000 };
const quota = { capacity: 5, every: "day" } as const;
const inForce = { "*": one, mail, "old:*": one, quota };

let server: WorkerdServer;
let dir: string;
const leaving = new AbortController();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-plan-"));
  server = await startWorkerd({ vars: { ADMIN_TOKEN: "changes" }, policies: inForce });
});
afterAll(async () => {
  leaving.abort();
  await server?.stop();
  await rm(dir, { recursive: true });
});

function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: "Bearer changes" };
  return fetch(server.url + path, { headers, signal: leaving.signal, ...init });
}

async function plan(policies: object, ...args: string[]): Promise<Ended> {
  const file = join(dir, "wrangler.json");
  await writeFile(file, JSON.stringify({ vars: { POLICIES: policies } }));
  return sluicePolicy(["plan", file, ...args], { url: server.url, adminToken: "changes" });
}

/** Lets two callers wait at "mail", one for all of its tokens, until the bucket is listed. */
async function makeBusy(): Promise<void> {
  await send("/acquire?bucket=mail&tokens=5");
  for (const tokens of [5, 1]) {
    send(`/acquire?bucket=mail&tokens=${tokens}`).catch(() => undefined);
  }
  for (;;) {
    const list = (await (await send("/buckets")).json()) as BusyBuckets;
    if (list.buckets.some(({ bucket, waiters }) => bucket === "mail" && waiters === 2)) return;
    await setTimeout(200);
  }
}

async function override(bucket: string): Promise<void> {
  const body = JSON.stringify({ capacity: 3, note: "launch day" });
  expect((await send(`/buckets/${bucket}`, { method: "PUT", body })).status).toBe(200);
  for (;;) {
    const known = (await (await send("/policies")).json()) as KnownPolicies;
    if (known.overrides.length > 0) return;
    await setTimeout(50);
  }
}

describe("sluice policy plan", () => {
  it("says that there is nothing to change, and ends with 0", async () => {
    expect(await plan(inForce)).toEqual({
      code: 0,
      out: "No changes: the policies of the file are in force\n",
      err: "",
    });
  });

  it("shows what changes, what overrides hide, and what callers who wait would see; ends with 2", async () => {
    await Promise.all([makeBusy(), override("web")]);
    const changed = {
      "*": { ...one, queueLimit: 5 },
      mail: { ...mail, capacity: 2 },
      "new:*": one,
      quota: { ...quota, capacity: 9, initialTokens: 5 },
    };
    expect(await plan(changed)).toEqual({
      code: 2,
      err: "",
      out: [
        '+ "new:*"',
        '- "old:*"',
        '~ "mail"',
        "    capacity 5 -> 2",
        "    initialTokens 5 -> 2",
        '~ "quota"',
        "    capacity 5 -> 9",
        "    (rate: buckets in use get no more tokens before the next day)",
        '~ "*"',
        "    queueLimit 1000 -> 5",
        "! web keeps its override (launch day)",
        "  mail: 1 would be refused (1 exceeds-capacity), 1 granted at another time",
        "",
      ].join("\n"),
    });
    const asJson = await plan(changed, "--json");
    expect([asJson.code, JSON.parse(asJson.out)]).toEqual([
      2,
      {
        added: [expect.objectContaining({ name: "new:*", maxWaitMs: 60_000 })],
        removed: [expect.objectContaining({ name: "old:*" })],
        changed: [
          { pattern: "mail", changes: ["capacity 5 -> 2", "initialTokens 5 -> 2"] },
          { pattern: "quota", changes: ["capacity 5 -> 9"] },
          { pattern: "*", changes: ["queueLimit 1000 -> 5"] },
        ],
        hidden: [expect.objectContaining({ bucket: "web", note: "launch day" })],
        outside: [],
        buckets: [{ bucket: "mail", waiters: 1, refused: { "exceeds-capacity": 1 }, moved: 1 }],
      },
    ]);
    // Nothing of it was done.
    expect(await (await send("/buckets/mail")).json()).toMatchObject({ waiters: 2, refused: 0 });
  });

  it("asks nothing if the file is illegal, and ends as an illegal key does", async () => {
    expect(await plan({ "*": { limit: "5" } })).toMatchObject({
      code: 78,
      out: "",
      err: expect.stringMatching(/^POLICIES\."\*": limit must be/),
    });
    const file = join(dir, "wrangler.json");
    await writeFile(file, JSON.stringify({ vars: { POLICIES: inForce } }));
    const wrong = await sluicePolicy(["plan", file], { url: server.url, adminToken: "wrong" });
    expect(wrong).toMatchObject({ code: 77, err: expect.stringContaining("unauthorized") });
  });
});
