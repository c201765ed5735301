/** No call shows, counts or changes a bucket outside the patterns of its key. Made of the list of calls. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { reportBusy } from "../../../kit/edge/busy-reports.ts";
import { bearer, CLOSED, deployed, ONE_A_SECOND } from "../../../kit/edge/deployed.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";
import { directoryName } from "../../../src/directory/shards.ts";
import { calls } from "../../../src/worker/calls/index.ts";

useVirtualTime();

/** Buckets of the key, and one that is not, which are known by all ways in which a bucket can be. */
const own = `${uniqueName()}/own`;
const foreign = `${uniqueName()}/foreign`;

const complete = { ...ONE_A_SECOND, initialTokens: 1, queueLimit: 1_000, maxWaitMs: 60_000 };
const patterns = { buckets: [`${own}*`] };
const VARIABLES = {
  ...CLOSED,
  POLICIES: { [own]: ONE_A_SECOND, [foreign]: ONE_A_SECOND, [`${foreign}*`]: ONE_A_SECOND },
  API_TOKEN: JSON.stringify([{ token: "own", ...patterns, may: ["acquire", "read", "pause"] }]),
  ADMIN_TOKEN: JSON.stringify([{ token: "admin", ...patterns }]),
};

/** What the directory knows. An entry is good for some minutes of a test's time. */
async function makeKnown(): Promise<void> {
  const directory = env.BUCKETS.getByName(directoryName(0));
  for (const bucket of [own, foreign]) {
    await reportBusy(bucket, { isOverridden: true });
    const override = { bucket, policy: complete, note: bucket, hasPrevious: false };
    await directory.noteOverride(bucket, override);
  }
}

const guarded = calls.filter(({ right }) => right !== undefined);

/** The call, with a legal body if it takes one, made with the key that it needs. */
function ask({ method, path, right, body }: (typeof calls)[number]): Promise<Response> {
  const key = bearer(right === "admin" ? "admin" : "own");
  return deployed(VARIABLES, path, {
    ...key,
    method,
    ...(body && { body: JSON.stringify(body.example ?? {}) }),
  });
}

describe("a key for some buckets", () => {
  const named = guarded.filter(({ path }) => path.includes("{name}"));
  const unnamed = guarded.filter(({ path }) => !path.includes("{"));

  it("meets calls of both kinds, and no others", () => {
    expect(named.length).toBeGreaterThan(10);
    expect(named.length + unnamed.length).toBe(guarded.length);
  });

  it.each(named.map((call) => [`${call.method} ${call.path}`, call] as const))(
    "%s refuses the name of another bucket",
    async (_, call) => {
      const path = call.path.replace("{name}", encodeURIComponent(foreign)).replace("{id}", "x");
      const response = await ask({ ...call, path });
      expect([response.status, await response.json()]).toMatchObject([
        401,
        { reason: "unauthorized" },
      ]);
    },
  );

  const lists = unnamed.filter(({ path }) => path !== "/acquire");

  it.each(lists.map((call) => [`${call.method} ${call.path}`, call] as const))(
    "%s has its own bucket, and no trace of the other",
    async (_, call) => {
      await makeKnown();
      const response = await ask(call);
      expect(response.status).toBe(200);
      const text = await response.text();
      expect(text).toContain(own);
      expect(text).not.toContain(foreign);
      expect(text).not.toMatch(/"omitted":[1-9]/);
    },
  );

  it.each(["GET", "POST", "DELETE"])("%s /acquire refuses the name of another", async (method) => {
    const headers = { ...bearer("own").headers, "Idempotency-Key": "k" };
    const path = `/acquire?bucket=${encodeURIComponent(foreign)}`;
    expect((await deployed(VARIABLES, path, { method, headers })).status).toBe(401);
  });
});
