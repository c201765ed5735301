/**
 * What the Worker tells the object (policy, arrival, attempt), and which door a request came by, is
 * nothing that a caller can say. Each request is sent to two buckets alike: as it is to one, and with
 * what a forger would add to the other. Both have to answer alike, and to stay alike.
 */
import { describe, expect, it } from "vitest";

import type { ProblemBody } from "../../src/protocol/problem-document.ts";

import { CLOSED, type Entrypoint, ONE_A_SECOND, deployed } from "../../kit/edge/deployed.ts";
import { ADMIN, request, settle, snapshotOf } from "../../kit/edge/surfaces.ts";
import { pass, uniqueName, useVirtualTime } from "../../kit/edge/virtual-time.ts";

useVirtualTime();

type Fields = [name: string, value: string][];

const RICH = {
  name: "*",
  capacity: 1_000_000_000,
  refillTokens: 1_000_000_000,
  refillIntervalMs: 10,
  initialTokens: 1_000_000_000,
  queueLimit: 10_000,
  maxWaitMs: 3_600_000,
};
const REQUEUED = { arrivedAtMs: 0, elapsedMs: 0 };

function callOf(bucket: string, members: object): string {
  return JSON.stringify({ bucket, policy: RICH, tokens: 1, ...members });
}

/** What a forger would put into the header of a request for `bucket`. */
const forgeries: [what: string, fields: (bucket: string) => Fields][] = [
  ["a call of a rich policy", (bucket) => [["sluice-call", callOf(bucket, {})]]],
  ["a call for no tokens", (bucket) => [["sluice-call", callOf(bucket, { tokens: 0 })]]],
  ["a call for minus tokens", (bucket) => [["Sluice-Call", callOf(bucket, { tokens: -9 })]]],
  ["a call put back", (bucket) => [["SLUICE-CALL", callOf(bucket, { requeued: REQUEUED })]]],
  [
    "a call that has long waited",
    (bucket) => [
      ["sluice-call", callOf(bucket, { timeoutMs: 0, requeued: { ...REQUEUED, elapsedMs: -1e9 } })],
    ],
  ],
  ["a call of another bucket", () => [["sluice-call", callOf("another", {})]]],
  ["a call that is none", () => [["sluice-call", "nonsense"]]],
  [
    "two calls",
    (bucket) => [
      ["sluice-call", callOf(bucket, {})],
      ["sluice-call", callOf("another", {})],
    ],
  ],
  [
    "members as fields",
    () => [
      ["bucket", "another"],
      ["policy", JSON.stringify(RICH)],
      ["requeued", JSON.stringify(REQUEUED)],
      ["arrivedAtMs", "0"],
      ["elapsedMs", "0"],
      ["sluice-policy", JSON.stringify(RICH)],
      ["sluice-arrived-at-ms", "0"],
      ["sluice-put-back", JSON.stringify(REQUEUED)],
    ],
  ],
  [
    "what the platform adds",
    () => [
      ["cf-connecting-ip", "127.0.0.1"],
      ["cf-ray", "0000000000000000-XXX"],
      ["cf-worker", "sluice"],
      ["cf-ew-via", "15"],
      ["cf-visitor", '{"scheme":"https"}'],
      ["cf-access-authenticated-user-email", "admin@sluice.test"],
      ["cf-entrypoint", "Sluice"],
      ["cdn-loop", "cloudflare"],
    ],
  ],
  [
    "what proxies add",
    () => [
      ["x-forwarded-for", "127.0.0.1"],
      ["x-forwarded-for", "::1"],
      ["x-forwarded-host", "localhost"],
      ["x-forwarded-proto", "https"],
      ["x-forwarded-uri", "/healthz"],
      ["x-real-ip", "127.0.0.1"],
      ["forwarded", "for=127.0.0.1;host=localhost"],
      ["x-request-start", "t=0"],
    ],
  ],
  [
    "another method or path",
    () => [
      ["x-http-method", "DELETE"],
      ["x-http-method-override", "DELETE"],
      ["x-method-override", "PUT"],
      ["x-original-url", "/healthz"],
      ["x-rewrite-url", "/healthz"],
      ["mf-original-url", "https://sluice.test/healthz"],
      ["mf-custom-service", "Sluice"],
    ],
  ],
];

const paths = [
  "/acquire?bucket=NAME&timeoutMs=0",
  "/acquire?bucket=NAME&tokens=2&timeoutMs=0",
  "/buckets/NAME",
  "/healthz",
  "/nowhere",
];
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
const requests = paths.flatMap((path) => methods.map((method) => [method, path] as const));

const POLICIES = { "*": { ...ONE_A_SECOND, capacity: 3, initialTokens: 3 } };
const OPEN = { ...CLOSED, POLICIES, PUBLIC: "true", ADMIN_TOKEN: "test-admin" };
const deployments = {
  open: OPEN,
  closed: { ...CLOSED, POLICIES, ADMIN_TOKEN: "a", API_TOKEN: "b" },
};

/** What the request brings about, with the bucket's name left out. */
async function effectOf(
  [method, path]: readonly [string, string],
  name: string,
  variables: Record<string, unknown>,
  { entrypoint = "front", fields = [] }: { entrypoint?: Entrypoint; fields?: Fields } = {},
): Promise<unknown> {
  const headers = new Headers(ADMIN);
  for (const [field, value] of fields) headers.append(field, value);
  const init = { method, headers, ...(method === "PUT" && { body: '{"refillTokens":2}' }) };
  const response = await deployed(variables, path.replace("NAME", name), init, entrypoint);
  const effect = {
    status: response.status,
    headers: [...response.headers],
    body: await response.text(),
    bucket: await (await deployed(OPEN, `/buckets/${name}`)).json(),
  };
  return JSON.parse(JSON.stringify(effect).replaceAll(name, "NAME"));
}

describe.each(forgeries)("%s in the header", (_, fields) => {
  it.each<Entrypoint>(["front", "bound"])(
    "changes no answer and no bucket (%s)",
    async (entrypoint) => {
      const another = await snapshotOf("another");
      for (const variables of Object.values(deployments)) {
        const [plainName, forgedName] = [uniqueName("forged"), uniqueName("forged")];
        for (const ask of requests) {
          const plain = await effectOf(ask, plainName, variables, { entrypoint });
          const options = { entrypoint, fields: fields(forgedName) };
          const forged = await effectOf(ask, forgedName, variables, options);
          expect(forged, ask.join(" ")).toEqual(plain);
        }
      }
      expect(await snapshotOf("another")).toEqual(another);
    },
  );

  it("overtakes nobody", async () => {
    const name = uniqueName("forged");
    const forged = new Headers(fields(name));
    await request(`/acquire?bucket=${name}`);
    const order: string[] = [];
    const hold = async (who: string, headers: Headers): Promise<void> => {
      const { waiters } = await snapshotOf(name);
      void request(`/acquire?bucket=${name}`, { headers }).then(() => order.push(who));
      while ((await snapshotOf(name)).waiters === waiters) await settle();
    };
    await hold("first", new Headers());
    await hold("forger", forged);
    await hold("last", new Headers());
    for (const expected of [["first"], ["first", "forger"], ["first", "forger", "last"]]) {
      await pass(name, 1_000);
      while (order.length < expected.length) await settle();
      expect(order).toEqual(expected);
    }
  });
});

describe("members of a call", () => {
  const members = {
    policy: RICH,
    requeued: REQUEUED,
    arrivedAtMs: 0,
    elapsedMs: -1e9,
    returnedLeases: { uses: [], granted: 1 },
    "sluice-call": "{}",
    name: "another",
    isOverridden: true,
    waitedMs: 1,
    queuedAtMs: 0,
    signal: null,
    constructor: 1,
  };

  it("in the query are ignored", async () => {
    const startedAtMs = Date.now();
    const uses = [{ startedAtMs, untilMs: startedAtMs + 1_000, used: -9, returned: 9 }];
    const returnedLeases = { uses, granted: 9 };
    const fields = Object.entries({ ...members, returnedLeases }).map(([field, value]) => {
      return [field, JSON.stringify(value)];
    });
    // The last as it stands in the URL by which the Worker calls the object.
    const call = encodeURIComponent(JSON.stringify({ returnedLeases }));
    const forged = `${new URLSearchParams(fields).toString()}&${call}`;
    const [plainName, forgedName] = [uniqueName("forged"), uniqueName("forged")];
    for (const [method, path] of requests) {
      const longer = `${path}${path.includes("?") ? "&" : "?"}${forged}`;
      const plain = await effectOf([method, path], plainName, OPEN);
      const other = await effectOf([method, longer], forgedName, OPEN);
      expect(other, `${method} ${path}`).toEqual(plain);
    }
  });

  it.each(Object.entries(members))("in a body are faults: %s", async (field, value) => {
    const name = uniqueName("forged");
    await request(`/acquire?bucket=${name}`);
    const before = await snapshotOf(name);
    for (const [method, path, body] of [
      ["POST", "/acquire", { bucket: name, timeoutMs: 0, [field]: value }],
      ["PUT", `/buckets/${name}`, { capacity: 1, [field]: value }],
    ] as const) {
      const init = { method, headers: ADMIN, body: JSON.stringify(body) };
      const response = await request(path, init);
      expect(response.status).toBe(400);
      const { errors }: ProblemBody = await response.json();
      expect(errors?.map((error) => error.field)).toEqual([field]);
    }
    expect(await snapshotOf(name)).toEqual(before);
  });
});
