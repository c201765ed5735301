import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import type { KnownPolicies } from "../../../src/protocol/known-policies.ts";

import { bearer, CLOSED, deployed, ONE_A_SECOND } from "../../../kit/edge/deployed.ts";
import { problemOf } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";
import { directoryName } from "../../../src/directory/shards.ts";

useVirtualTime();

const team = uniqueName();
const complete = { ...ONE_A_SECOND, initialTokens: 1, queueLimit: 1_000, maxWaitMs: 60_000 };

/** A deployment with an admin of everything, one of a team, and one of a bucket. */
const VARIABLES = {
  ...CLOSED,
  POLICIES: {
    "*": ONE_A_SECOND,
    [`${team}/*`]: { ...ONE_A_SECOND, maxWait: "5s" },
    [`${team}/mail`]: { limit: "100/1m" },
    [`${team}s`]: ONE_A_SECOND,
  },
  API_TOKEN: "reader",
  ADMIN_TOKEN: JSON.stringify([
    "root",
    { token: "team", buckets: [`${team}/*`] },
    { token: "mail", buckets: [`${team}/mail`, `${team}/mail`] },
  ]),
};

const list = (token: string): Promise<Response> => deployed(VARIABLES, "/policies", bearer(token));

async function policiesFor(token: string): Promise<KnownPolicies> {
  const response = await list(token);
  expect(response.status).toBe(200);
  return response.json();
}

/** What the directory is told by a bucket whose policy is changed. */
function note(bucket: string): Promise<void> {
  const entry = { bucket, policy: complete, atMs: Date.now(), note: "for now", hasPrevious: false };
  return env.BUCKETS.getByName(directoryName(0)).noteOverride(bucket, entry);
}

describe("GET /policies", () => {
  it("has the configured policies in numbers, and the overrides that are known", async () => {
    await note(`${team}/ann`);
    const { buckets, policies, overrides } = await policiesFor("root");
    expect(buckets).toEqual(["*"]);
    expect(policies.map(({ name }) => name)).toEqual([
      `${team}/mail`,
      `${team}s`,
      `${team}/*`,
      "*",
    ]);
    expect(policies.at(-1)).toEqual({ name: "*", ...complete });
    expect(policies[0]).toMatchObject({ capacity: 10, refillTokens: 1, refillIntervalMs: 667 });
    expect(overrides.filter(({ bucket }) => bucket.startsWith(team))).toEqual([
      {
        bucket: `${team}/ann`,
        policy: complete,
        atMs: expect.any(Number),
        note: "for now",
        hasPrevious: false,
      },
    ]);
  });

  it("shows an admin of some buckets what is within its patterns, and nothing else", async () => {
    for (const bucket of [`${team}/ann`, `${team}/mail`, `${team}s`, "elsewhere"])
      await note(bucket);
    const ofTeam = await policiesFor("team");
    expect(ofTeam.buckets).toEqual([`${team}/*`]);
    expect(ofTeam.policies.map(({ name }) => name)).toEqual([`${team}/mail`, `${team}/*`]);
    expect(ofTeam.overrides.map(({ bucket }) => bucket)).toEqual([`${team}/ann`, `${team}/mail`]);
    const ofMail = await policiesFor("mail");
    expect(ofMail.buckets).toEqual([`${team}/mail`]);
    expect(ofMail.policies.map(({ name }) => name)).toEqual([`${team}/mail`]);
    expect(ofMail.overrides.map(({ bucket }) => bucket)).toEqual([`${team}/mail`]);
  });

  it("is for admins", async () => {
    await problemOf(list("reader"), 401, "unauthorized");
    const closed = deployed(CLOSED, "/policies", bearer("root"));
    await problemOf(closed, 403, "admin-disabled");
  });
});
