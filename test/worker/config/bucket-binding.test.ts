import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

import { checkBucketBinding } from "../../../src/worker/config/bucket-binding.ts";

it.each([undefined, "BUCKETS", {}])("checkBucketBinding refuses %j", (binding) => {
  expect(() => checkBucketBinding(binding)).toThrow("BUCKETS must be a Durable Object binding");
});

it("checkBucketBinding takes the runtime's", () => {
  expect(() => checkBucketBinding(env.BUCKETS)).not.toThrow();
});
