import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

import { perEnvironment } from "../../../src/worker/config/per-environment.ts";

it("perEnvironment makes one for each environment", () => {
  let made = 0;
  const numberOf = perEnvironment(() => (made += 1));
  const other = { ...env };
  expect([env, other, env, other].map(numberOf)).toEqual([1, 2, 1, 2]);
});

it("perEnvironment keeps what is undefined, and nothing of a failure", () => {
  let calls = 0;
  const failing = perEnvironment(() => {
    calls += 1;
    if (calls === 1) throw new RangeError("illegal");
    return undefined;
  });
  expect(() => failing(env)).toThrow("illegal");
  expect(failing(env)).toBeUndefined();
  expect(failing(env)).toBeUndefined();
  expect(calls).toBe(2);
});
