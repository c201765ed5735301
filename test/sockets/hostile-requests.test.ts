import { request as httpRequest } from "node:http";
import { json } from "node:stream/consumers";

import { afterAll, beforeAll, expect, it } from "vitest";

import { startWorkerd, type WorkerdServer } from "../support/server.ts";

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({ vars: { ADMIN_TOKEN: "admin" } });
});
afterAll(async () => {
  await server?.stop();
});

/** Sends `body` in chunks, with no length announced, whatever the method. */
async function sendChunked(method: string, path: string, body: string): Promise<unknown> {
  const headers = { "Transfer-Encoding": "chunked", Authorization: "Bearer admin" };
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
