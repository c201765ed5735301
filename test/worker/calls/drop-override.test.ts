import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import {
  ADMIN,
  grantOf,
  problemOf,
  request,
  settle,
  snapshotOf,
} from "../../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime({ hasSteadyPauses: true });

async function put(name: string, fields: object): Promise<unknown> {
  const init = { method: "PUT", headers: ADMIN, body: JSON.stringify(fields) };
  const response = await request(`/buckets/${name}`, init);
  expect(response.status).toBe(200);
  return response.json();
}

function drop(name: string, query = ""): Promise<Response> {
  return request(`/buckets/${name}/policy${query}`, { method: "DELETE", headers: ADMIN });
}

async function untilWaiters(name: string, count: number): Promise<void> {
  while ((await snapshotOf(name)).waiters !== count) await settle();
}

describe("an override", () => {
  it("is shown with its time and its note, and is there after a crash", async () => {
    const name = uniqueName();
    expect(await snapshotOf(name)).not.toHaveProperty("override");
    const atMs = Date.now();
    const changed = await put(name, { capacity: 5, note: "Black Friday" });
    const override = { atMs, note: "Black Friday" };
    expect(changed).toMatchObject({ policy: { capacity: 5 } });
    expect(changed).toHaveProperty("override", override);
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toHaveProperty("override", override);
    expect(await put(name, { capacity: 6, note: "" })).toHaveProperty("override", {
      atMs,
      hasPrevious: true,
    });
  });

  it.each([
    [{ capacity: 5, note: "x".repeat(201) }, "note must be at most 200 printable characters: got"],
    [{ capacity: 5, note: 7 }, "note must be at most 200 printable characters: got 7"],
    [{ capacity: 5, note: null }, "note must be at most 200 printable characters: got null"],
    [{ capacity: 5, note: "a\nb" }, 'note must be at most 200 printable characters: got "a\\nb"'],
    [{ note: "why" }, 'note needs a field of the policy that it is about: got note "why" alone'],
  ])("with %j is a 400, and nothing changes", async (fields, message) => {
    const name = uniqueName();
    const body = JSON.stringify(fields);
    const answer = request(`/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    const { errors } = await problemOf(answer, 400, "invalid-request");
    expect(errors).toEqual([
      { field: "note", message: expect.stringContaining(message) as string },
    ]);
    expect(await snapshotOf(name)).not.toHaveProperty("override");
  });

  it("of 200 characters beside a wrong field: each fault is named", async () => {
    const body = JSON.stringify({ capacity: 0, note: "x".repeat(300) });
    const answer = request(`/buckets/${uniqueName()}`, { method: "PUT", headers: ADMIN, body });
    const { errors } = await problemOf(answer, 400, "invalid-request");
    expect(errors?.map(({ field }) => field)).toEqual(["capacity", "note"]);
  });

  it("that is put twice has the one before it, and not itself", async () => {
    const name = uniqueName();
    await put(name, { capacity: 5 });
    await put(name, { capacity: 6 });
    await put(name, { capacity: 6 });
    expect(await (await drop(name, "?to=previous")).json()).toMatchObject({
      policy: { capacity: 5 },
    });
  });
});

describe("DELETE /buckets/NAME/policy", () => {
  it("puts the configured policy in force again, for good", async () => {
    const name = uniqueName();
    const { policy } = await snapshotOf(name);
    await put(name, { capacity: 5, refillTokens: 5 });
    await put(name, { capacity: 9 });
    const dropped = await drop(name);
    expect(dropped.status).toBe(200);
    const snapshot = await dropped.json();
    expect(snapshot).toMatchObject({ policy });
    expect(snapshot).not.toHaveProperty("override");
    await abortAllDurableObjects();
    expect(await snapshotOf(name)).toEqual(snapshot);
    await problemOf(drop(name), 409, "no-override");
  });

  it("to=previous puts the override before it in force again, once", async () => {
    const name = uniqueName();
    await put(name, { capacity: 5, limits: { day: { capacity: 7, every: "day" } } });
    const { policy } = await snapshotOf(name);
    await put(name, { capacity: 9, limits: null, note: "a mistake" });
    await abortAllDurableObjects();
    const atMs = Date.now();
    const back = await drop(name, "?to=previous");
    expect(await back.json()).toMatchObject({ policy, override: { atMs } });
    expect((await snapshotOf(name)).override).toEqual({ atMs });
    const { detail } = await problemOf(drop(name, "?to=previous"), 409, "no-override");
    expect(detail).toContain("leave out to=previous");
    expect(await (await drop(name, "?to=configured")).json()).toMatchObject({
      policy: { capacity: 1 },
    });
  });

  it("times those who wait anew, as a PUT does", async () => {
    const name = uniqueName();
    await put(name, { capacity: 3, refillTokens: 3, initialTokens: 3, refillIntervalMs: 1_000 });
    await request(`/acquire?bucket=${name}&tokens=3`);
    const large = request(`/acquire?bucket=${name}&tokens=2`);
    await untilWaiters(name, 1);
    const small = request(`/acquire?bucket=${name}&timeoutMs=1000`);
    await untilWaiters(name, 2);
    expect(await (await drop(name)).json()).toMatchObject({ waiters: 1, policy: { capacity: 1 } });
    await problemOf(large, 422, "exceeds-capacity");
    await pass(name, 1_000);
    expect(await grantOf(small)).toMatchObject({ waitedMs: 1_000 });
  });

  it("follows the configuration of now, not that of the override's time", async () => {
    const name = uniqueName();
    const variables = (capacity: number) => ({
      POLICIES: { "*": { capacity, refillTokens: 1, refillIntervalMs: 1_000 } },
    });
    const body = JSON.stringify({ capacity: 9 });
    await deployed(variables(1), `/buckets/${name}`, { method: "PUT", headers: ADMIN, body });
    const path = `/buckets/${name}/policy`;
    const dropped = await deployed(variables(4), path, { method: "DELETE", headers: ADMIN });
    expect(await dropped.json()).toMatchObject({ policy: { capacity: 4 } });
  });

  it("of a bucket that was never used is a 409", async () => {
    const { detail } = await problemOf(drop(uniqueName("unused")), 409, "no-override");
    expect(detail).toContain("has no override: its configured policy is in force");
  });

  it.each(["?to=", "?to=x", "?to=Previous", "?to=previous&to=configured"])(
    "%s is a 400 that says what is allowed",
    async (query) => {
      const name = uniqueName();
      await put(name, { capacity: 5 });
      const { errors } = await problemOf(drop(name, query), 400, "invalid-request");
      expect(errors?.[0]?.message).toContain("to must be one of configured, previous: got");
      expect(await snapshotOf(name)).toHaveProperty("override");
    },
  );

  it("takes an admin of this bucket", async () => {
    const variables = {
      ...CLOSED,
      API_TOKEN: JSON.stringify([{ token: "all", may: ["acquire", "read", "pause"] }]),
      ADMIN_TOKEN: JSON.stringify([{ token: "teams", buckets: ["team/*"] }]),
    };
    const statusOf = async (token: string, name: string): Promise<number> => {
      const path = `/buckets/${encodeURIComponent(name)}/policy`;
      return (await deployed(variables, path, { method: "DELETE", ...bearer(token) })).status;
    };
    expect(await statusOf("teams", "team/a")).toBe(409);
    expect(await statusOf("teams", "other")).toBe(401);
    expect(await statusOf("all", "team/a")).toBe(401);
  });
});
