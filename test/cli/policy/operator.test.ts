import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import { afterAll, beforeAll, expect, it } from "vitest";

import { Operator } from "../../../src/cli/policy/operator.ts";

interface Seen {
  readonly call: string;
  readonly key: string | undefined;
  readonly body: unknown;
}

let server: Server;
let seen: Seen[] = [];
/** What the server answers with. */
let answer: unknown;
let status = 200;

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers } = request;
  const body = headers["content-type"] === undefined ? undefined : await json(request);
  seen.push({ call: `${method} ${url}`, key: headers.authorization, body });
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
}

beforeAll(async () => {
  server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());

function operator(): Operator {
  const { port } = server.address() as AddressInfo;
  const place = { url: `http://127.0.0.1:${port}`, token: "reads", adminToken: "changes" };
  seen = [];
  return new Operator(place, new AbortController().signal);
}

const snapshot = { bucket: "a/b", policy: { name: "*" } };
const run = { snapshot, refused: [], moved: 0 };
const [reader, admin] = ["Bearer reads", "Bearer changes"];

it.each<[string, (by: Operator) => Promise<unknown>, unknown, Seen]>([
  [
    "policies",
    (by) => by.policies(),
    { buckets: ["*"], policies: [], overrides: [] },
    { call: "GET /policies", key: admin, body: undefined },
  ],
  [
    "busyBuckets",
    (by) => by.busyBuckets(),
    { buckets: [], omitted: 0 },
    { call: "GET /buckets?limit=1000", key: reader, body: undefined },
  ],
  [
    "dryRun",
    (by) => by.dryRun("a/b", { capacity: 1 }),
    run,
    { call: "POST /buckets/a%2Fb/dry-run", key: admin, body: { capacity: 1 } },
  ],
  [
    "override",
    (by) => by.override("a/b", { note: "why" }),
    snapshot,
    { call: "PUT /buckets/a%2Fb", key: admin, body: { note: "why" } },
  ],
  [
    "dropOverride",
    (by) => by.dropOverride("a/b", "previous"),
    snapshot,
    { call: "DELETE /buckets/a%2Fb/policy?to=previous", key: admin, body: undefined },
  ],
])("%s makes its call with its key, and takes no other answer", async (_, call, expected, sent) => {
  answer = expected;
  expect(await call(operator())).toEqual(expected);
  expect(seen).toEqual([sent]);
  answer = { unlike: "that" };
  await expect(call(operator())).rejects.toMatchObject({ reason: "unexpected-answer" });
});

it("names the variable that a missing or wrong key is read from", async () => {
  const problem = { reason: "unauthorized", detail: "Unknown admin key" };
  answer = { type: "about:blank", title: "Unauthorized", status: 401, ...problem };
  status = 401;
  try {
    const asAdmin = operator().dryRun("a", {});
    await expect(asAdmin).rejects.toMatchObject({
      reason: "unauthorized",
      message: expect.stringMatching(
        /^unauthorized: Unknown admin key; an admin key is read from SLUICE_ADMIN_TOKEN$/,
      ),
    });
    const asReader = operator().busyBuckets();
    await expect(asReader).rejects.toThrow(/read from SLUICE_TOKEN; an admin key can't read$/);
  } finally {
    status = 200;
  }
});
