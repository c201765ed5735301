import { describe, expect, it } from "vitest";

import { Deferred } from "../../../src/client/transport/deferred.ts";

describe("Deferred", () => {
  it("resolves with the first value", async () => {
    const deferred = new Deferred<number>();
    deferred.resolve(1);
    deferred.resolve(2);
    deferred.reject(new Error("late"));
    expect(await deferred.promise).toBe(1);
  });

  it("rejects with the first error", async () => {
    const deferred = new Deferred<number>();
    const error = new Error("first");
    deferred.reject(error);
    deferred.resolve(1);
    await expect(deferred.promise).rejects.toBe(error);
  });
});
