/** `sluice policy apply` and `rollback`, as processes of their own, against the Worker in its runtime. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { BucketSnapshot } from "../../../src/protocol/bucket-snapshot.ts";

import { sluicePolicy, type Ended } from "../../../kit/cli/sluice-policy.ts";
import { startFaultyServer } from "../../../kit/http/faulty-server.ts";
import { startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";

const one = { capacity: 1, refillTokens: 1, refillIntervalMs: 1_000 };
const slow = { capacity: 5, refillTokens: 5, refillIntervalMs: 1_000_000, maxWaitMs: 3_600_000 };
const limits = { day: { capacity: 9, every: "day" } } as const;

let server: WorkerdServer;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-apply-"));
  server = await startWorkerd({
    vars: { ADMIN_TOKEN: "changes" },
    policies: { "mail:*": { ...one, limits }, queue: slow },
  });
});
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true });
});

function policy(...args: string[]): Promise<Ended> {
  return sluicePolicy(args, { url: server.url, adminToken: "changes" });
}

async function fileWith(policies: object): Promise<string> {
  const file = join(dir, "wrangler.json");
  await writeFile(file, JSON.stringify({ vars: { POLICIES: policies } }));
  return file;
}

async function snapshotOf(bucket: string): Promise<BucketSnapshot> {
  return (await (await fetch(`${server.url}/buckets/${bucket}`)).json()) as BucketSnapshot;
}

const applied = { limit: "100/1m", maxWait: "5s" };

describe("sluice policy apply and rollback", () => {
  it("put the whole policy of the file in force for buckets, with a note, and take it back step by step", async () => {
    const first = await fileWith({ "mail:*": applied, "mail:ann": { ...one, limits } });
    const { code, out, err } = await policy(
      "apply",
      first,
      "mail:ann",
      "mail:bob",
      "--note",
      "1st",
    );
    expect([code, err]).toEqual([0, ""]);
    const [ann, bob] = out.split("\n");
    expect(ann).toBe("mail:ann: the same policy as before");
    expect(bob).toMatch(/^mail:bob: capacity 1 -> 10, refillIntervalMs 1000 -> 667, .*limits\.day/);
    const overridden = await snapshotOf("mail:bob");
    expect(overridden.policy).toMatchObject({ capacity: 10, maxWaitMs: 5_000 });
    expect(overridden.policy.limits).toBeUndefined();
    expect(overridden.override).toMatchObject({ note: "1st", atMs: expect.any(Number) });

    const second = await fileWith({ "*": { ...one, capacity: 7 } });
    expect((await policy("apply", second, "mail:bob", "--note", "2nd")).code).toBe(0);
    expect(await snapshotOf("mail:bob")).toMatchObject({ policy: { capacity: 7 } });
    const steps = [
      [0, "mail:bob: the override before the last one is in force again\n", ""],
      [0, 'mail:bob: the configured policy "mail:*" is in force again\n', ""],
      [
        64,
        "",
        expect.stringMatching(/no-override: "mail:bob" has no override: its configured policy/),
      ],
    ];
    for (const [expected, printed, noted] of steps) {
      const ended = await policy("rollback", "mail:bob");
      expect(ended).toEqual({ code: expected, out: printed, err: noted });
    }
    expect((await snapshotOf("mail:bob")).policy).toMatchObject({ capacity: 1, limits });
  });

  it("say that a higher capacity of a calendar brings no tokens now", async () => {
    await fetch(`${server.url}/acquire?bucket=mail:eve&tokens.day=9`);
    const raised = await fileWith({
      "mail:*": { ...one, limits: { day: { ...limits.day, capacity: 12 } } },
    });
    const { out } = await policy("apply", raised, "mail:eve", "--note", "why");
    const next = new Date((await snapshotOf("mail:eve")).limits?.["day"]?.nextTickAtMs ?? 0);
    expect(out.split("\n").slice(1)).toEqual([
      `  day: 0 tokens now, and no more before ${next.toISOString()}`,
      "",
    ]);
  });

  it("say what became of the callers that waited", async () => {
    const leaving = new AbortController();
    const acquire = (tokens: number): Promise<Response> =>
      fetch(`${server.url}/acquire?bucket=queue&tokens=${tokens}&timeoutMs=3600000`, {
        signal: leaving.signal,
      });
    await acquire(5);
    const waiting = [5, 1, 5].map((tokens) => acquire(tokens).catch(() => undefined));
    while ((await snapshotOf("queue")).waiters < 3) await setTimeout(20);
    const smaller = await fileWith({ queue: { ...slow, capacity: 2 } });
    expect(await policy("apply", smaller, "queue", "--note", "why")).toEqual({
      code: 0,
      out: [
        "queue: capacity 5 -> 2, initialTokens 5 -> 2",
        "  of 3 waiting: 2 refused (2 exceeds-capacity), 1 granted at another time",
        "",
      ].join("\n"),
      err: "",
    });
    expect((await policy("rollback", "queue")).out).toBe(
      'queue: the configured policy "queue" is in force again\n  of 1 waiting: 0 refused\n',
    );
    leaving.abort();
    await Promise.all(waiting);
  });

  it("take one step back if the answer to it is lost and it is asked again", async () => {
    const change = async (capacity: number): Promise<Response> => {
      const headers = { Authorization: "Bearer changes" };
      const body = JSON.stringify({ capacity });
      return fetch(`${server.url}/buckets/mail:eve`, { method: "PUT", headers, body });
    };
    expect([(await change(5)).status, (await change(6)).status]).toEqual([200, 200]);
    await using faulty = await startFaultyServer(server.url);
    const place = { url: `${faulty.url}/lose`, adminToken: "changes" };
    expect(await sluicePolicy(["rollback", "mail:eve"], place)).toEqual({
      code: 0,
      out: "mail:eve: the override before the last one is in force again\n",
      err: "",
    });
    expect(await snapshotOf("mail:eve")).toMatchObject({ policy: { capacity: 5 }, override: {} });
  });

  it("change nothing if the file has no policy for one of the buckets", async () => {
    const file = await fileWith({ "mail:cid": applied });
    expect(await policy("apply", file, "mail:cid", "web", "--note", "why")).toEqual({
      code: 78,
      out: "",
      err: `sluice: No policy in ${file} matches the bucket web\n`,
    });
    expect((await snapshotOf("mail:cid")).override).toBeUndefined();
  });
});
