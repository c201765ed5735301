import { describe, expect, it, vi } from "vitest";

import { ONE_A_SECOND, deployed } from "../../kit/edge/deployed.ts";
import { FakeFiles } from "../../kit/edge/fake-files.ts";
import { ADMIN } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("a bucket whose file is damaged", () => {
  const POLICIES = { "*": ONE_A_SECOND };
  const state = { path: "/state/x.sqlite", fault: "file is not a database" };

  /** Objects that cannot be made, as workerd says it: nothing that could be told by. */
  function broken(): { BUCKETS: unknown; calls: () => number } {
    let calls = 0;
    const fail = async (): Promise<never> => {
      calls += 1;
      throw new Error("internal error; reference = x");
    };
    return {
      BUCKETS: { getByName: () => ({ fetch: fail, inspect: fail, reset: fail }) },
      calls: () => calls,
    };
  }

  it("is refused without trying on, and says what helps; the log names it and its file, once", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const name = uniqueName("damaged");
    const FILES = Object.assign(new FakeFiles(), { areUnused: false, state });
    const { BUCKETS, calls } = broken();
    const paths = [`/acquire?bucket=${name}`, `/buckets/${encodeURIComponent(name)}`];
    for (const path of [...paths, ...paths]) {
      const answer = await deployed({ POLICIES, FILES, BUCKETS }, path);
      const remedy = `DELETE /buckets/${encodeURIComponent(name)} resets it`;
      expect(await answer.json()).toMatchObject({
        status: 503,
        reason: "unavailable",
        detail: `The state of the bucket cannot be read: ${remedy}`,
      });
    }
    expect(calls()).toBeLessThanOrEqual(8);
    const lines = logged.mock.calls.map(([line]) => String(line));
    expect(lines).toEqual([
      expect.stringContaining(`Cannot reach the bucket ${name} (file /state/x`),
    ]);
    expect(lines[0]).toContain("file is not a database");
    expect(lines[0]).toContain(`DELETE /buckets/${encodeURIComponent(name)}`);
    vi.setSystemTime(Date.now() + 60_000);
    await deployed({ POLICIES, FILES, BUCKETS }, `/buckets/${encodeURIComponent(name)}`);
    expect(logged.mock.calls).toHaveLength(2);
  });

  it("is put out of the way by a DELETE", async () => {
    const name = uniqueName("damaged");
    const FILES = Object.assign(new FakeFiles(), { areUnused: false, state });
    const deletion = { method: "DELETE", headers: ADMIN };
    const path = `/buckets/${encodeURIComponent(name)}`;
    const { BUCKETS } = broken();
    expect((await deployed({ POLICIES, FILES, BUCKETS }, path, deletion)).status).toBe(204);
    expect(FILES.setAsideNames).toEqual([name]);
  });
});
