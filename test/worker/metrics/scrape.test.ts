import { describe, expect, it, vi } from "vitest";

import { ONE_A_SECOND, deployed } from "../../../kit/edge/deployed.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

describe("many scrapes at once", () => {
  it("are refused beyond eight, until one is over or its time is", async () => {
    const name = uniqueName("scraped");
    const POLICIES = { [name]: ONE_A_SECOND };
    const held: (() => void)[] = [];
    const BUCKETS = {
      getByName: () => ({
        stats: async () => {
          await new Promise<void>((resolve) => held.push(resolve));
          throw new Error("Reset");
        },
      }),
    };
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const scrape = (): Promise<Response> => deployed({ POLICIES, BUCKETS }, "/metrics");
    const scrapes = Array.from({ length: 8 }, scrape);
    while (held.length < 8) await new Promise((resolve) => setTimeout(resolve));
    const refused = await scrape();
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect(await refused.json()).toMatchObject({
      status: 503,
      reason: "unavailable",
      detail: "Cannot scrape: 8 scrapes are in progress",
    });
    held.shift()?.();
    expect((await Promise.race(scrapes)).status).toBe(200);
    scrapes.push(scrape());
    while (held.length < 8) await new Promise((resolve) => setTimeout(resolve));
    // One whose caller has left may never come to its end.
    vi.setSystemTime(Date.now() + 5_001);
    scrapes.push(scrape());
    while (held.length < 9) await new Promise((resolve) => setTimeout(resolve));
    for (const answer of held) answer();
    for (const answer of await Promise.all(scrapes)) expect(answer.status).toBe(200);
    expect(logged).toHaveBeenCalled();
  });
});
