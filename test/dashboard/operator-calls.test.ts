import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { OperatorCalls } from "../../src/dashboard/operator-calls.ts";

/** A server that notes what it is sent, and answers what a test says. */
const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const { method, url, headers } = request;
    sent.push({ call: `${method} ${url}`, key: headers.authorization, body });
    response.writeHead(answer.status).end(answer.text);
  });
});
let sent: { call: string; key: string | undefined; body: string }[] = [];
let answer = { status: 200, text: "{}" };
let calls: OperatorCalls;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  calls = new OperatorCalls(`http://127.0.0.1:${port}/under/`, "team/a");
});
afterAll(() => server.close());
beforeEach(() => {
  sent = [];
  answer = { status: 200, text: "{}" };
});

describe("OperatorCalls", () => {
  it("sends each call below the bucket's address, with the key it is given", async () => {
    await calls.waiters(200, undefined);
    await calls.removeWaiter("5-1", "k");
    await calls.pause({ untilMs: 9, tokens: 0, limits: ["tpm"] }, "k");
    await calls.resume(["rate", "tpm"], "k");
    await calls.dryRun({ capacity: 3 }, "k");
    await calls.setPolicy({ capacity: 3 }, "", "k");
    await calls.setPolicy({ capacity: 3 }, "why", "k");
    await calls.dropOverride("previous", "k");
    await calls.reset("k");
    const url = "/under/buckets/team%2Fa";
    expect(sent.map(({ call, body }) => [call, body])).toEqual([
      [`GET ${url}/waiters?limit=200`, ""],
      [`DELETE ${url}/waiters/5-1`, ""],
      [`POST ${url}/pause`, '{"untilMs":9,"tokens":0,"limits":["tpm"]}'],
      [`POST ${url}/pause`, '{"untilMs":0,"limits":["rate","tpm"]}'],
      [`POST ${url}/dry-run`, '{"capacity":3}'],
      [`PUT ${url}`, '{"capacity":3}'],
      [`PUT ${url}`, '{"capacity":3,"note":"why"}'],
      [`DELETE ${url}/policy?to=previous`, ""],
      [`DELETE ${url}`, ""],
    ]);
    expect(sent.map(({ key }) => key)).toEqual([undefined, ...Array(8).fill("Bearer k")]);
  });

  it("brings the body of an answer, and nothing of one that has none", async () => {
    answer = { status: 200, text: '{"waiters":[],"omitted":3}' };
    expect(await calls.waiters(1, "k")).toEqual({ ok: true, value: { waiters: [], omitted: 3 } });
    answer = { status: 204, text: "" };
    expect(await calls.reset("k")).toEqual({ ok: true, value: undefined });
  });

  it("repeats a refusal in the server's words, with every fault", async () => {
    const errors = [{ field: "capacity", message: "capacity must be an integer" }];
    const problem = { reason: "invalid-request", detail: "capacity must be an integer", errors };
    answer = { status: 400, text: JSON.stringify(problem) };
    expect(await calls.dryRun({}, "k")).toEqual({ ok: false, ...problem });
    answer = { status: 409, text: '{"reason":"no-override","detail":"There is none"}' };
    expect(await calls.dropOverride("configured", "k")).toEqual({
      ok: false,
      reason: "no-override",
      detail: "There is none",
      errors: [],
    });
  });

  it.each(["<h1>Bad gateway</h1>", "[]", "null", ""])(
    "says that %j is an answer without a reason",
    async (text) => {
      answer = { status: 502, text };
      const detail = "The answer was a 502 without a reason";
      expect(await calls.reset("k")).toMatchObject({ reason: "unexpected-answer", detail });
    },
  );

  it("says that nobody can be reached, where nobody is", async () => {
    const gone = new OperatorCalls("http://127.0.0.1:1/", "a");
    const detail = "Sluice cannot be reached";
    expect(await gone.reset("k")).toMatchObject({ ok: false, reason: "unreachable", detail });
  });
});
