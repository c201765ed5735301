import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { QueuedWaiters } from "../../../src/protocol/queued-waiter.ts";

import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import { EdgeSession } from "../../../kit/edge/edge-session.ts";
import {
  ADMIN,
  changePolicy,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
  stream,
} from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

async function waitersOf(name: string, query = ""): Promise<QueuedWaiters> {
  const response = await request(`/buckets/${encodeURIComponent(name)}/waiters${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

describe("GET /buckets/NAME/waiters", () => {
  it("lists who waits, in order, with what it wants and when it gets that", async () => {
    const name = uniqueName();
    const limits = { tpm: { capacity: 5, refillTokens: 5, refillIntervalMs: 1_000 } };
    await changePolicy(name, { capacity: 3, limits });
    await request(`/acquire?bucket=${name}`);
    const atMs = Date.now();
    const held = [request(`/acquire?bucket=${name}&timeoutMs=5000`)];
    await untilWaiters(name, 1);
    held.push(request(`/acquire?bucket=${name}&tokens=2&tokens.tpm=0`));
    await untilWaiters(name, 2);
    const list = await waitersOf(name);
    const common = { id: expect.stringMatching(/^\d+-\d+$/) as string, queuedAtMs: atMs };
    expect(list).toEqual({
      waiters: [
        { ...common, position: 1, etaMs: 1_000, tokens: 1, deadlineAtMs: atMs + 5_000 },
        {
          ...common,
          position: 2,
          etaMs: 3_000,
          tokens: 2,
          limits: { tpm: 0 },
          deadlineAtMs: atMs + 60_000,
        },
      ],
      omitted: 0,
    });
    expect(new Set(list.waiters.map(({ id }) => id)).size).toBe(2);
    expect(await waitersOf(name)).toEqual(list);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await Promise.all(held);
    expect(await waitersOf(name)).toEqual({ waiters: [], omitted: 0 });
  });

  it("counts those beyond the limit", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    for (let count = 1; count <= 3; count += 1) {
      void request(`/acquire?bucket=${name}`);
      await untilWaiters(name, count);
    }
    const all = await waitersOf(name);
    const two = await waitersOf(name, "?limit=2");
    expect(two).toEqual({ waiters: all.waiters.slice(0, 2), omitted: 1 });
    expect((await waitersOf(name, "?limit=1000")).omitted).toBe(0);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  });

  it("says where a time is an estimate", async () => {
    const name = uniqueName();
    await changePolicy(name, { capacity: 9, concurrency: { max: 1, ttlMs: 5_000 } });
    await request(`/acquire?bucket=${name}`);
    void request(`/acquire?bucket=${name}`);
    await untilWaiters(name, 1);
    expect(await waitersOf(name)).toMatchObject({ waiters: [{ estimate: true, tokens: 1 }] });
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  });

  it.each(["0", "1001", "-1", "1.5", "x", "", "1e3", "99999999999999999999"])(
    "limit=%s is a 400 that says what is allowed",
    async (limit) => {
      const answer = request(`/buckets/${uniqueName()}/waiters?limit=${limit}`);
      const { errors } = await problemOf(answer, 400, "invalid-request");
      expect(errors).toEqual([
        { field: "limit", message: expect.stringContaining("an integer from 1 to 1000") as string },
      ]);
    },
  );

  it("two limits are a 400", async () => {
    const answer = request(`/buckets/${uniqueName()}/waiters?limit=1&limit=2`);
    expect(await problemOf(answer, 400, "invalid-request")).toMatchObject({
      errors: [{ field: "limit", message: "limit is given 2 times" }],
    });
  });

  it("has the label of each, however it came", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const path = `/acquire?bucket=${name}`;
    const session = await EdgeSession.open(name);
    const body = JSON.stringify({ bucket: name, label: "Ω & 😀" });
    const callers: (() => unknown)[] = [
      () => request(`${path}&label=${encodeURIComponent("job 7/3 & %41")}`),
      () => request(`${path}&label=007`),
      () => request("/acquire", { method: "POST", body }),
      () => stream(`${path}&label=streamed`),
      () => session.send({ op: "acquire", id: 1, label: "on a session" }),
      () => exports.Sluice.acquire(name, { label: "by RPC" }),
      () => request(`${path}&label=`),
      () => request(path),
    ];
    for (const [index, call] of callers.entries()) {
      void call();
      await untilWaiters(name, index + 1);
    }
    const { waiters } = await waitersOf(name);
    expect(waiters.map(({ label }) => label)).toEqual([
      "job 7/3 & %41",
      "007",
      "Ω & 😀",
      "streamed",
      "on a session",
      "by RPC",
      undefined,
      undefined,
    ]);
    expect(waiters.at(-1)).not.toHaveProperty("label");
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  });

  it("keeps the first label of a place, as retries may have others", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const headers = { "Idempotency-Key": "k" };
    const held = [request(`/acquire?bucket=${name}&label=first`, { headers })];
    await untilWaiters(name, 1);
    const retried = await stream(`/acquire?bucket=${name}&label=second`, { headers });
    await retried.until(1);
    expect(await waitersOf(name)).toMatchObject({ waiters: [{ label: "first" }], omitted: 0 });
    await pass(name, 1_000);
    await grantOf(held[0] as Promise<Response>);
    held.push(request(`/acquire?bucket=${name}`, { headers }));
    await grantOf(held[1] as Promise<Response>);
  });

  it.each(["x".repeat(65), "a%0Ab", "%1B%5B31m", "%E2%80%AE"])(
    "label=%s is a 400 that says what is allowed",
    async (label) => {
      const answer = request(`/acquire?bucket=${uniqueName()}&label=${label}`);
      const { errors } = await problemOf(answer, 400, "invalid-request");
      expect(errors?.[0]?.message).toContain("label must be at most 64 printable characters: got");
    },
  );

  it("takes a token that may read this bucket", async () => {
    const variables = {
      ...CLOSED,
      API_TOKEN: JSON.stringify([
        { token: "asks", may: ["acquire"] },
        { token: "looks", may: ["read"], buckets: ["team/*"] },
      ]),
    };
    const statusOf = async (token: string, name: string): Promise<number> => {
      const path = `/buckets/${encodeURIComponent(name)}/waiters`;
      return (await deployed(variables, path, bearer(token))).status;
    };
    expect(await statusOf("looks", "team/a")).toBe(200);
    expect(await statusOf("looks", "other")).toBe(401);
    expect(await statusOf("asks", "team/a")).toBe(401);
  });
});
