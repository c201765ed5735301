import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";

import { afterAll, beforeAll, expect, it } from "vitest";

import { admin, changePolicy } from "../../kit/http/callers.ts";
import { RawConnection, type RawAnswer } from "../../kit/http/raw-connection.ts";
import { startWorkerd, type WorkerdServer } from "../../kit/processes/server.ts";

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({ vars: admin.vars });
});
afterAll(async () => {
  await server?.stop();
});

/** Sends `body` in chunks, with no length announced, whatever the method. */
async function sendChunked(method: string, path: string, body: string): Promise<unknown> {
  const headers = { "Transfer-Encoding": "chunked", ...admin.headers };
  const outgoing = httpRequest(new URL(path, server.url), { method, headers, agent: false });
  outgoing.end(body);
  return new Promise((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      json(response).then((answer) => {
        resolve({ code: response.statusCode, ...(answer as object) });
      }, reject);
    });
  });
}

it("a body sent with GET is ignored, with no length announced, too", async () => {
  expect(await sendChunked("GET", "/acquire?bucket=chunked", "{}")).toMatchObject({
    code: 200,
    bucket: "chunked",
  });
  expect(await sendChunked("GET", "/healthz", "x".repeat(20_000))).toMatchObject({ code: 200 });
});

it("a body that nests deeply is a fault like any other", async () => {
  const deep = `{"capacity":${"[".repeat(8_000)}${"]".repeat(8_000)}}`;
  expect(await sendChunked("PUT", "/buckets/deep", deep)).toMatchObject({
    code: 400,
    reason: "invalid-request",
  });
  expect(await sendChunked("POST", "/acquire?bucket=deep", deep)).toMatchObject({ code: 400 });
});

it("fields that only the Worker may write, sent twice and in any case, change nothing", async () => {
  await changePolicy(server, "wire", { refillIntervalMs: 60_000 });
  const call = (members: object): string => {
    return JSON.stringify({ bucket: "wire", tokens: 0, requeued: { arrivedAtMs: 0 }, ...members });
  };
  const forged = [
    ["Host", "sluice.test"],
    ["SLUICE-CALL", call({})],
    ["Sluice-Call", call({ timeoutMs: 0 })],
    ["sluice-call", call({ tokens: -1 })],
    ["CF-Connecting-IP", "127.0.0.1"],
    ["cf-connecting-ip", "::1"],
    ["X-Forwarded-For", "127.0.0.1"],
    ["X-HTTP-Method-Override", "DELETE"],
  ].flat();
  for (const [path, answer] of [
    ["/acquire?bucket=wire", { tokens: 1, remaining: 0 }],
    ["/acquire?bucket=wire&timeoutMs=0", { reason: "timeout" }],
    ["/buckets/wire", { bucket: "wire", granted: 1, refused: 1, cancelled: 0 }],
  ] as const) {
    const outgoing = httpRequest(new URL(path, server.url), { headers: forged, agent: false });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(await json(response)).toMatchObject(answer);
  }
});

/** The answers to `lines` and then the end of the connection. */
async function sendRaw(...lines: readonly string[]): Promise<readonly RawAnswer[]> {
  const connection = await RawConnection.open(server.port);
  const { answers } = await connection.finish(Buffer.from(lines.join("\r\n"), "latin1"), []);
  return answers;
}

it("a body that breaks off is a fault of the request, and what it began with is not carried out", async () => {
  const whole = '{"bucket":"broken"}';
  const head = ["POST /acquire HTTP/1.1", "Host: x"];
  const length = [...head, "Content-Length: 99", "", whole];
  const chunk = [...head, "Transfer-Encoding: chunked", "", "13", whole];
  for (const lines of [length, chunk, [...chunk, "zz", ""], [...chunk, "5", "x"]]) {
    const [answer, ...others] = await sendRaw(...lines);
    expect(answer).toMatchObject({ status: 400 });
    expect(answer?.body).toContain('"errors":[{"field":"body","message":"the body ended early"}]');
    expect(others).toEqual([]);
  }
  const [snapshot] = await sendRaw("GET /buckets/broken HTTP/1.1", "Host: x", "", "");
  expect(snapshot?.body).toContain('"granted":0,');
});

it("a Host that is none leaves the parameters what they are", async () => {
  for (const host of ["a b", "<>", "[", "x:99999999", "%"]) {
    const [answer] = await sendRaw("GET /acquire?tokens=x HTTP/1.1", `Host: ${host}`, "", "");
    expect(answer?.body).toContain('"errors":[{"field":"bucket"');
  }
});
