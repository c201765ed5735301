import { describe, expect, it } from "vitest";

import type { KnownOverride } from "../../src/protocol/known-override.ts";
import type { SluiceEnv } from "../../src/worker/config/env.ts";

import { BucketUnreachableError } from "../../src/wire/call-with-retry.ts";
import { knownOverrides } from "../../src/worker/known-overrides.ts";

const scopes = [
  { rights: ["admin"], buckets: ["a*"] },
  { rights: ["read"], buckets: ["*"] },
] as const;
const caller = { signal: new AbortController().signal };

/** An environment whose directory answers so. */
function environment(listOverrides: () => Promise<unknown>): Pick<SluiceEnv, "BUCKETS"> {
  const getByName = (name: string) => {
    expect(name).toBe("#directory:0");
    return { listOverrides };
  };
  return { BUCKETS: { getByName } } as unknown as Pick<SluiceEnv, "BUCKETS">;
}

describe("knownOverrides", () => {
  it("are those of buckets that the caller may change", async () => {
    const all = ["a", "ab", "b"].map((bucket) => ({ bucket }) as KnownOverride);
    const known = await knownOverrides(
      environment(() => Promise.resolve(all)),
      scopes,
      caller,
    );
    expect(known.map(({ bucket }) => bucket)).toEqual(["a", "ab"]);
  });

  it("are asked for again if the directory is reset, and fail with one of an older version", async () => {
    let calls = 0;
    const reset = Object.assign(new Error("reset"), { durableObjectReset: true, retryable: true });
    const restarted = environment(() => {
      calls += 1;
      return calls === 1 ? Promise.reject(reset) : Promise.resolve([]);
    });
    expect(await knownOverrides(restarted, scopes, caller)).toEqual([]);
    const missing = new TypeError("The RPC receiver does not implement the method");
    const older = environment(() => Promise.reject(missing));
    await expect(knownOverrides(older, scopes, caller)).rejects.toThrow(BucketUnreachableError);
  });
});
