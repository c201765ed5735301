import { describe, expect, it, vi } from "vitest";

import type { BusyBuckets } from "../../../src/protocol/busy-bucket.ts";

import { reportBusy } from "../../../kit/edge/busy-reports.ts";
import { bearer, CLOSED, deployed } from "../../../kit/edge/deployed.ts";
import { problemOf, request, settle } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

async function listOf(query: string): Promise<BusyBuckets> {
  const response = await request(`/buckets?${query}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  return response.json();
}

function namesOf({ buckets }: BusyBuckets): string[] {
  return buckets.map(({ bucket }) => bucket);
}

describe("GET /buckets", () => {
  it("lists a bucket that is busy for some seconds, and none that is asked once", async () => {
    const prefix = uniqueName("busy");
    const [busy, once] = [`${prefix}/busy`, `${prefix}/once`];
    await request(`/acquire?bucket=${once}`);
    for (let asked = 0; asked < 14; asked += 1) {
      await request(`/acquire?bucket=${busy}&timeoutMs=0`);
      vi.setSystemTime(Date.now() + 500);
    }
    await settle();
    const list = await listOf(`prefix=${prefix}&recent=true`);
    expect(list).toEqual({
      buckets: [
        {
          bucket: busy,
          policyName: "*",
          isOverridden: false,
          tokens: 0,
          capacity: 1,
          waiters: 0,
          // From the second ask to the one after five seconds: five of ten find a token.
          grantedPerS: 1,
          refusedPerS: 1,
          waitP95Ms: 0,
          oldestWaitMs: 0,
          maxWaitMs: 60_000,
          atMs: expect.any(Number) as number,
          recent: [[5, 5, 0]],
        },
      ],
      omitted: 0,
    });
  });

  it("sorts by what it is asked for, and counts what it leaves out", async () => {
    const prefix = `${uniqueName()}/`;
    await reportBusy(`${prefix}a`, { waiters: 1, grantedPerS: 9 });
    await reportBusy(`${prefix}b`, { waiters: 5, refusedPerS: 4 });
    await reportBusy(`${prefix}c`, { waiters: 3, refusedPerS: 7 });
    const listed = async (query: string) => {
      const list = await listOf(`prefix=${prefix}&${query}`);
      return [
        namesOf(list)
          .map((name) => name.slice(prefix.length))
          .join(""),
        list.omitted,
      ];
    };
    expect(await listed("")).toEqual(["bca", 0]);
    expect(await listed("sort=granted")).toEqual(["abc", 0]);
    expect(await listed("sort=refused&limit=2")).toEqual(["cb", 1]);
    expect(await listed("sort=name&limit=1")).toEqual(["a", 2]);
  });

  it("answers HEAD", async () => {
    const response = await request("/buckets?limit=1", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  it("refuses what can't be read, all faults at once", async () => {
    const problem = await problemOf(request("/buckets?sort=x&limit=0"), 400, "invalid-request");
    expect(problem.errors).toEqual([
      { field: "sort", message: 'sort must be one of waiters, granted, refused, name: got "x"' },
      { field: "limit", message: "limit must be an integer from 1 to 1000: got 0" },
    ]);
  });

  it("needs an API key with the right to read, and lists only what that may read", async () => {
    const prefix = `${uniqueName()}/`;
    for (const name of ["a/1", "a/2", "b/1"]) await reportBusy(prefix + name);
    const tokens = {
      ...CLOSED,
      ADMIN_TOKEN: "admin-1",
      API_TOKEN: [
        { token: "reads-a", buckets: [`${prefix}a/*`] },
        { token: "acquires", may: ["acquire"] },
      ],
    };
    await problemOf(deployed(tokens, "/buckets"), 401, "unauthorized");
    await problemOf(deployed(tokens, "/buckets", bearer("admin-1")), 401, "unauthorized");
    const refused = await problemOf(
      deployed(tokens, "/buckets", bearer("acquires")),
      401,
      "unauthorized",
    );
    expect(refused.detail).toBe('This API key lacks the right "read"');
    const response = await deployed(tokens, "/buckets?limit=1", bearer("reads-a"));
    const list: BusyBuckets = await response.json();
    expect(namesOf(list)).toEqual([`${prefix}a/1`]);
    expect(list.omitted).toBe(1);
  });

  it("is 503 if the directory can't be reached", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const getByName = () => {
      throw new Error("Nowhere");
    };
    const broken = { ...CLOSED, PUBLIC: "true", BUCKETS: { getByName } };
    const response = await deployed(broken, "/buckets");
    expect(response.headers.get("Retry-After")).toBe("1");
    const problem = await problemOf(response, 503, "unavailable");
    expect(problem.detail).toBe("The list of busy buckets could not be made");
    expect(error).toHaveBeenCalledOnce();
  });
});
