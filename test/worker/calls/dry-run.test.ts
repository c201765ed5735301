import { describe, expect, it } from "vitest";

import type { DryRun, QueuedWaiters } from "../../../src/protocol/queued-waiter.ts";

import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import {
  ADMIN,
  changePolicy,
  problemOf,
  request,
  settle,
  snapshotOf,
} from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

function ask(name: string, body: unknown): Promise<Response> {
  const init = { method: "POST", headers: ADMIN, body: JSON.stringify(body) };
  return request(`/buckets/${name}/dry-run`, init);
}

async function tried(name: string, body: object): Promise<DryRun> {
  const response = await ask(name, body);
  expect(response.status).toBe(200);
  return response.json();
}

async function waitersOf(name: string): Promise<QueuedWaiters["waiters"]> {
  const response = await request(`/buckets/${name}/waiters`);
  const { waiters }: QueuedWaiters = await response.json();
  return waiters;
}

describe("POST /buckets/NAME/dry-run", () => {
  it("with to=, says what taking the override back would do, which DELETE then does", async () => {
    const name = uniqueName();
    const back = (to: string): Promise<Response> => {
      return request(`/buckets/${name}/dry-run?to=${to}`, { method: "POST", headers: ADMIN });
    };
    await problemOf(back("configured"), 409, "no-override");
    await changePolicy(name, { capacity: 3, maxWaitMs: 600_000 });
    await problemOf(back("previous"), 409, "no-override");
    await problemOf(back("previous&to=configured"), 400, "invalid-request");
    await request(`/acquire?bucket=${name}`);
    const held: Promise<Response>[] = [];
    for (const query of ["tokens=3", "tokens=1"]) {
      held.push(request(`/acquire?bucket=${name}&${query}`));
      while ((await snapshotOf(name)).waiters < held.length) await settle();
    }
    const [before, waiters] = [await snapshotOf(name), await waitersOf(name)];
    const run: DryRun = await (await back("configured")).json();
    expect(run.refused).toEqual([{ id: waiters[0]?.id, reason: "exceeds-capacity" }]);
    expect(run.moved).toBe(1);
    expect(run.snapshot).not.toHaveProperty("override");
    expect([await snapshotOf(name), await waitersOf(name)]).toEqual([before, waiters]);
    const drop = request(`/buckets/${name}/policy`, { method: "DELETE", headers: ADMIN });
    expect(await (await drop).json()).toEqual(run.snapshot);
    await problemOf(held[0] as Promise<Response>, 422, "exceeds-capacity");
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await held[1];
  });

  it("says who would be refused and moved, and changes nothing; PUT then does it", async () => {
    const name = uniqueName();
    await changePolicy(name, { capacity: 3, initialTokens: 3 });
    await request(`/acquire?bucket=${name}&tokens=3`);
    const held: Promise<Response>[] = [];
    for (const query of ["tokens=3", "tokens=1&timeoutMs=4000", "tokens=1"]) {
      held.push(request(`/acquire?bucket=${name}&${query}`));
      while ((await snapshotOf(name)).waiters < held.length) await settle();
    }
    const [before, waiters] = [await snapshotOf(name), await waitersOf(name)];
    const change = { capacity: 2, refillInterval: "6s" };
    const run = await tried(name, { ...change, note: "\n is ignored" });
    expect(run).toMatchObject({
      refused: [
        { id: waiters[0]?.id, reason: "exceeds-capacity" },
        { id: waiters[1]?.id, reason: "timeout" },
      ],
      moved: 1,
      snapshot: { waiters: 1, policy: { capacity: 2, refillIntervalMs: 6_000 } },
    });
    expect(run).not.toHaveProperty("omitted");
    expect([await snapshotOf(name), await waitersOf(name)]).toEqual([before, waiters]);
    const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(change) };
    expect(await (await request(`/buckets/${name}`, init)).json()).toEqual(run.snapshot);
    await problemOf(held[0] as Promise<Response>, 422, "exceeds-capacity");
    await problemOf(held[1] as Promise<Response>, 429, "timeout");
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
  });

  it("counts waiters that would be granted at once as moved", async () => {
    const name = uniqueName();
    await request(`/acquire?bucket=${name}`);
    const held = request(`/acquire?bucket=${name}`);
    while ((await snapshotOf(name)).waiters < 1) await settle();
    const limits = { tpm: { capacity: 5, refillTokens: 1, refillIntervalMs: 60_000 } };
    expect(await tried(name, { limits })).toMatchObject({ refused: [], moved: 0 });
    expect(await tried(name, { refillIntervalMs: 500 })).toMatchObject({ refused: [], moved: 1 });
    expect((await snapshotOf(name)).waiters).toBe(1);
    await request(`/buckets/${name}`, { method: "DELETE", headers: ADMIN });
    await held;
  });

  it("of nothing is the bucket as it is", async () => {
    const name = uniqueName();
    const snapshot = await snapshotOf(name);
    expect(await tried(name, {})).toEqual({ snapshot, refused: [], moved: 0 });
    expect(await tried(name, { note: "why" })).toEqual({ snapshot, refused: [], moved: 0 });
  });

  it.each([
    [{ capacity: 0, maxWaitMs: -1, x: 1 }, ["capacity", "maxWaitMs", "x"]],
    [{ capacity: 5, initialTokens: 6 }, ["initialTokens"]],
    [{ maxWait: "2h" }, ["maxWait"]],
    [[1], ["body"]],
  ])("of %j is the 400 that a PUT would get", async (body, fields) => {
    const name = uniqueName();
    const { errors } = await problemOf(ask(name, body), 400, "invalid-request");
    expect(errors?.map(({ field }) => field)).toEqual(fields);
    const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(body) };
    const put = await problemOf(request(`/buckets/${name}`, init), 400, "invalid-request");
    expect(errors).toEqual(put.errors);
  });

  it("takes an admin of this bucket", async () => {
    const variables = {
      ...CLOSED,
      API_TOKEN: JSON.stringify([{ token: "all", may: ["acquire", "read", "pause"] }]),
      ADMIN_TOKEN: JSON.stringify([{ token: "teams", buckets: ["team/*"] }]),
    };
    const statusOf = async (token: string, name: string): Promise<number> => {
      const path = `/buckets/${encodeURIComponent(name)}/dry-run`;
      const init = { method: "POST", body: "{}", ...bearer(token) };
      return (await deployed(variables, path, init)).status;
    };
    expect(await statusOf("teams", "team/a")).toBe(200);
    expect(await statusOf("teams", "other")).toBe(401);
    expect(await statusOf("all", "team/a")).toBe(401);
  });
});
