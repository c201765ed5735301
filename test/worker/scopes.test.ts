/**
 * A token that is good for some buckets sees nothing of the others: neither their names nor how many there are. Asked
 * of every call there is, so a call that is added is asked, too.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { Call } from "../../src/worker/calls/call.ts";

import { Policy } from "../../src/core/policy.ts";
import { directoryName } from "../../src/directory/shards.ts";
import { calls } from "../../src/worker/calls/index.ts";
import { reportBusy } from "../../kit/edge/busy-reports.ts";
import { CLOSED, ONE_A_SECOND, deployed } from "../../kit/edge/deployed.ts";
import { problemOf } from "../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTimeThroughout } from "../../kit/edge/virtual-time.ts";

useVirtualTimeThroughout();

const prefix = uniqueName("scopes");
/** In the name of every bucket that the tokens are not good for. */
const HIDDEN = "hidden-from-them";
const [ours, theirs] = [`${prefix}/ours/a`, `${prefix}/${HIDDEN}/x`];
const buckets = [`${prefix}/ours/*`];
const variables = {
  ...CLOSED,
  POLICIES: {
    "*": ONE_A_SECOND,
    [ours]: ONE_A_SECOND,
    [theirs]: ONE_A_SECOND,
    [`${prefix}/${HIDDEN}/*`]: ONE_A_SECOND,
  },
  API_TOKEN: [{ token: "scoped", buckets, may: ["acquire", "read", "pause"] }],
  ADMIN_TOKEN: [{ token: "scoped-admin", buckets }],
};

/** All that need a right. */
const guarded = calls.filter(({ right }) => right !== undefined);
const isNamed = ({ path, right }: Call): boolean => path.includes("{name}") || right === "acquire";

/** Makes a call about `bucket`, or about none if it takes none. */
function make(call: Call, bucket: string): Promise<Response> {
  const { method, path, right, body } = call;
  const isInQuery = right === "acquire" && !path.includes("{name}");
  const filled = path.replace("{name}", encodeURIComponent(bucket)).replaceAll(/\{\w+\}/g, "1-1");
  const token = right === "admin" ? "scoped-admin" : "scoped";
  const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": '"k"' };
  const query = isInQuery ? `?bucket=${encodeURIComponent(bucket)}&timeoutMs=0` : "";
  const isGiven = body !== undefined && (body.isRequired || !isInQuery);
  return deployed(variables, filled + query, {
    method,
    headers,
    ...(isGiven && { body: JSON.stringify(body.example ?? {}) }),
  });
}

async function override(bucket: string): Promise<void> {
  const policy = Policy.of(ONE_A_SECOND).toJSON();
  const entry = { bucket, policy, atMs: 7, hasPrevious: false };
  await env.BUCKETS.getByName(directoryName(0)).noteOverride(bucket, entry);
}

describe("a token that is good for some buckets", () => {
  it("gets the same lists and counts whatever other buckets do", async () => {
    const lists = guarded.filter((call) => !isNamed(call));
    const answers = async () => {
      const texts = new Map<string, string>();
      for (const call of lists) {
        const response = await make(call, "");
        expect(response.status, call.operationId).toBe(200);
        texts.set(call.operationId, await response.text());
      }
      return texts;
    };
    await reportBusy(ours);
    await override(ours);
    const before = await answers();
    expect([...before.keys()]).toEqual(["listBuckets", "listPolicies", "scrape"]);
    for (const [operationId, text] of before) expect(text, operationId).toContain(ours);
    for (let index = 0; index < 25; index += 1) {
      const name = `${prefix}/${HIDDEN}/${index}`;
      await reportBusy(name, { waiters: 100 + index });
      await override(name);
    }
    await deployed(
      { ...variables, API_TOKEN: undefined, PUBLIC: "true" },
      `/acquire?bucket=${theirs}`,
    );
    expect(await answers()).toEqual(before);
    for (const [operationId, text] of before) expect(text, operationId).not.toContain(HIDDEN);
  });

  it.each(guarded.filter(isNamed).map((call) => [`${call.method} ${call.path}`, call] as const))(
    "is refused by %s of another bucket, used or not, and in its own sees none",
    async (_, call) => {
      const [used, unused] = [theirs, `${prefix}/${HIDDEN}/unused`];
      const refusals: string[] = [];
      for (const name of [used, unused]) {
        const { detail } = await problemOf(make(call, name), 401, "unauthorized");
        refusals.push(detail.replace(name, "NAME"));
      }
      expect(refusals[0]).toBe(refusals[1]);
      const response = await make(call, ours);
      expect(await response.text()).not.toContain(HIDDEN);
    },
  );
});
