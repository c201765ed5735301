/** Holds and permits over HTTP, as their holders ask for them. */
import type { PolicyChanges } from "../../src/core/policy.ts";
import type { GrantBody } from "../../src/protocol/acquire-bodies.ts";

import { changePolicy, grantOf, request } from "./surfaces.ts";
import { uniqueName } from "./virtual-time.ts";

/** Two limits, of which a hold of up to a minute may reserve. */
export const HOLDING = {
  capacity: 10,
  refillTokens: 10,
  refillIntervalMs: 60_000,
  initialTokens: 10,
  limits: {
    tpm: { capacity: 100, refillTokens: 100, refillIntervalMs: 60_000, initialTokens: 100 },
  },
  hold: { maxMs: 60_000 },
} as const satisfies PolicyChanges;

/** One grant at a time, for five seconds unless it is extended. */
export const ONE_AT_A_TIME = {
  capacity: 10,
  refillTokens: 10,
  refillIntervalMs: 1_000,
  initialTokens: 10,
  concurrency: { max: 1, ttlMs: 5_000 },
} as const satisfies PolicyChanges;

/** The name of a new bucket with this policy. */
export async function openBucket(policy: PolicyChanges): Promise<string> {
  const name = uniqueName("held");
  await changePolicy(name, policy);
  return name;
}

/** A grant with a hold of half a minute. */
export async function heldGrant(name: string, query = ""): Promise<GrantBody> {
  return grantOf(request(`/acquire?bucket=${name}&holdMs=30000${query}`));
}

/** The id of the hold or permit in a grant. */
export function idOf({ hold, permit }: GrantBody): string {
  const id = hold?.id ?? permit?.id;
  if (id === undefined) throw new Error("The grant has neither a hold nor a permit");
  return id;
}

/** Asks for something about a hold; without a body, drops it. */
export function askHold(name: string, id: string, body?: unknown): Promise<Response> {
  const path = `/buckets/${name}/holds/${id}`;
  if (body === undefined) return request(path, { method: "DELETE" });
  return request(path, { method: "POST", body: JSON.stringify(body) });
}

export function askPermit(name: string, id: string, method: "PUT" | "DELETE"): Promise<Response> {
  return request(`/buckets/${name}/permits/${id}`, { method });
}
