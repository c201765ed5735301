import { expect, it } from "vitest";

import { keepGoing } from "../../src/client/keep-going.ts";

it("keepGoing: the platform gets the promise, and may refuse it or not be there", () => {
  const cancelled = Promise.resolve();
  const kept: Promise<unknown>[] = [];
  keepGoing(cancelled, (promise) => void kept.push(promise));
  expect(kept).toEqual([cancelled]);
  expect(() => keepGoing(cancelled, undefined)).not.toThrow();
  expect(() => {
    keepGoing(cancelled, () => {
      throw new TypeError("Illegal invocation");
    });
  }).not.toThrow();
});
