/** Near which region buckets are created. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { SluiceEnv } from "../../../src/worker/config/env.ts";

import { boundRoutes, routes } from "../../../src/worker/app.ts";
import { readLocationHint } from "../../../src/worker/config/location-hint.ts";
import { uniqueName } from "../../../kit/edge/virtual-time.ts";

describe("LOCATION_HINT", () => {
  it.each(["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"])(
    "%s is one",
    (hint) => {
      expect(readLocationHint(hint)).toBe(hint);
    },
  );

  it.each(["", "WEUR", "eu", "us", 7])("%j is illegal, and the message lists them all", (value) => {
    expect(() => readLocationHint(value)).toThrow(
      "LOCATION_HINT must be one of wnam, enam, sam, weur, eeur, apac, apac-ne, apac-se, oc, afr, me: " +
        `got ${JSON.stringify(value)}`,
    );
  });

  const lease = { maxTokens: 10, ttlMs: 5_000 };
  const one = { capacity: 100, initialTokens: 100, refillTokens: 1, refillIntervalMs: 1_000 };
  const POLICIES = { "*": one, named: one, "leased:*": { ...one, lease } };

  /** The options with which objects were fetched while `use` ran. */
  async function optionsOf(
    hint: string | undefined,
    use: (env: SluiceEnv) => Promise<unknown>,
  ): Promise<unknown[]> {
    const fetched: unknown[] = [];
    const getByName: SluiceEnv["BUCKETS"]["getByName"] = (name, options) => {
      fetched.push(options);
      return env.BUCKETS.getByName(name, options);
    };
    const BUCKETS = Object.assign(Object.create(null), { getByName }) as SluiceEnv["BUCKETS"];
    const more = hint === undefined ? {} : { LOCATION_HINT: hint };
    await use({ ...env, POLICIES, PUBLIC: "true", ADMIN_TOKEN: "admin", BUCKETS, ...more });
    return fetched;
  }

  const admin = { headers: { Authorization: "Bearer admin" } };
  it.each<[string, string, RequestInit?]>([
    ["an acquire", "/acquire?bucket=NAME"],
    ["an acquire with a lease", "/acquire?bucket=leased:NAME"],
    ["a look", "/buckets/NAME"],
    ["a change", "/buckets/NAME", { method: "PUT", body: `{"capacity":7}`, ...admin }],
    ["the list of busy buckets", "/buckets"],
    ["known overrides", "/policies", admin],
    ["a scrape", "/metrics"],
  ])("goes along with %s, and only if it is set", async (_, path, init) => {
    for (const app of [routes, boundRoutes]) {
      for (const hint of ["weur", undefined]) {
        const url = `http://sluice.test${path.replace("NAME", uniqueName())}`;
        const fetched = await optionsOf(hint, async (environment) => {
          const response = await app.fetch(new Request(url, init), environment);
          expect(response.status).toBe(200);
          await response.text();
        });
        expect(fetched).not.toEqual([]);
        const options = hint === undefined ? undefined : { locationHint: hint };
        expect(new Set(fetched.map((each) => JSON.stringify(each)))).toEqual(
          new Set([JSON.stringify(options)]),
        );
      }
    }
  });
});
