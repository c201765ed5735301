import { describe, expect, it } from "vitest";

import { Traffic } from "../../../src/client/session/traffic.ts";

describe("Traffic", () => {
  it("is busy with four acquires of a bucket under way", () => {
    const traffic = new Traffic();
    const begin = (bucket: string): boolean => traffic.begin(bucket, 0);
    expect([begin("a"), begin("a"), begin("a"), begin("b")]).toEqual([false, false, false, false]);
    expect(begin("a")).toBe(true);
    traffic.end("a");
    traffic.end("a");
    expect(begin("a")).toBe(false);
    expect(begin("a")).toBe(true);
  });

  it("is busy with twenty that begin within a second", () => {
    const traffic = new Traffic();
    const begin = (nowMs: number): boolean => {
      const isBusy = traffic.begin("a", nowMs);
      traffic.end("a");
      return isBusy;
    };
    const first = Array.from({ length: 20 }, (_, index) => begin(index * 53));
    expect(first.filter(Boolean)).toEqual([]);
    const second = Array.from({ length: 20 }, (_, index) => begin(5_000 + index * 50));
    expect(second.indexOf(true)).toBe(19);
  });
});
