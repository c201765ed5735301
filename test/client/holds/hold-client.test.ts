/** What each verb for holds and permits sends, and what it makes of the answer. */
import { describe, expect, it } from "vitest";

import { createClient, type Client } from "../../../src/client/client.ts";

const settled = {
  id: "h1",
  used: { rate: 1 },
  returned: { rate: 0 },
  owed: { rate: 0 },
  settledAtMs: 5,
};
const open = { id: "h1", expiresAtMs: 7 };
const permit = { id: "h1", fence: 3, expiresAtMs: 7 };

function clientOf(response: () => Response): { client: Client; sent: string[] } {
  const sent: string[] = [];
  const client = createClient({
    url: "http://sluice.test",
    retryForMs: 0,
    fetch: async (url, { method, body = "" }) => {
      sent.push(`${method} ${url.replace("http://sluice.test", "")} ${body}`);
      return response();
    },
  });
  return { client, sent };
}

type Call = (client: Client) => Promise<unknown>;

const settle: Call = (client) => client.settleHold("a/b", "h1", 4);
const extend: Call = (client) => client.extendHold("a/b", "h1", 5_000);
const extendPermit: Call = (client) => client.extendPermit("a/b", "h1");

function problem(status: number, reason: string, others: object = {}): () => Response {
  const body = JSON.stringify({ status, reason, detail: "Because", ...others });
  return () => new Response(body, { status });
}

describe("a call for a hold or a permit", () => {
  it.each<readonly [Call, object | null, string, unknown]>([
    [settle, settled, 'POST /buckets/a%2Fb/holds/h1 {"used":4}', { ok: true, ...settled }],
    [
      (client) => client.settleHold("a/b", "h1", { tpm: 9 }),
      settled,
      'POST /buckets/a%2Fb/holds/h1 {"used":{"tpm":9}}',
      { ok: true, ...settled },
    ],
    [
      (client) => client.spendHold("a/b", "h1", 4),
      open,
      'POST /buckets/a%2Fb/holds/h1 {"atLeast":4}',
      { ok: true, ...open },
    ],
    [extend, open, 'POST /buckets/a%2Fb/holds/h1 {"extendMs":5000}', { ok: true, ...open }],
    [
      (client) => client.dropHold("a/b", "h1"),
      settled,
      "DELETE /buckets/a%2Fb/holds/h1 ",
      { ok: true, ...settled },
    ],
    [extendPermit, permit, "PUT /buckets/a%2Fb/permits/h1 ", { ok: true, ...permit }],
    [
      (client) => client.releasePermit("a/b", "h1"),
      null,
      "DELETE /buckets/a%2Fb/permits/h1 ",
      undefined,
    ],
  ])("%# is sent, and its answer is read", async (call, body, line, outcome) => {
    const status = body === null ? 204 : 200;
    const { client, sent } = clientOf(() => {
      return new Response(body && JSON.stringify(body), { status });
    });
    expect(await call(client)).toEqual(outcome);
    expect(sent).toEqual([line]);
  });

  it.each<readonly [Call, () => Response, unknown]>([
    [settle, problem(404, "unknown-hold"), { ok: false, reason: "unknown-hold" }],
    [
      settle,
      problem(409, "hold-settled", { settledAtMs: 5 }),
      { ok: false, reason: "hold-settled", settledAtMs: 5 },
    ],
    [
      extend,
      problem(409, "hold-settled", { expiredAtMs: 5 }),
      { ok: false, reason: "hold-settled", expiredAtMs: 5 },
    ],
    [extendPermit, problem(410, "permit-lost"), { ok: false, reason: "permit-lost" }],
  ])("%# resolves with what its holder must expect", async (call, response, outcome) => {
    expect(await call(clientOf(response).client)).toEqual(outcome);
  });

  it("rejects with anything else", async () => {
    await expect(settle(clientOf(problem(400, "invalid-request")).client)).rejects.toMatchObject({
      reason: "invalid-request",
      detail: "Because",
    });
    const foreign = (): Response => Response.json({ id: "h1" });
    for (const call of [settle, extend, extendPermit]) {
      await expect(call(clientOf(foreign).client)).rejects.toMatchObject({
        reason: "unexpected-answer",
      });
    }
    const release = clientOf(foreign).client.releasePermit("x", "h1");
    await expect(release).rejects.toMatchObject({ reason: "unexpected-answer" });
  });

  it.each<readonly [Call, string]>([
    [(client) => client.settleHold("a b", "h1", 1), "bucket must be"],
    [(client) => client.settleHold("x", "", 1), "id must be that of a grant's hold or permit"],
    [(client) => client.releasePermit("x", "../y"), 'permit: got "../y"'],
    [(client) => client.settleHold("x", "h1", -1), "used must be an integer from 0"],
    [(client) => client.spendHold("x", "h1", { RATE: 1 }), "A limit's name must be"],
    [(client) => client.extendHold("x", "h1", 999), "extendMs must be an integer from 1000"],
  ])("%# is checked before it is sent", async (call, message) => {
    const { client, sent } = clientOf(() => Response.json({}));
    await expect(call(client)).rejects.toThrow(message);
    expect(sent).toEqual([]);
  });
});
