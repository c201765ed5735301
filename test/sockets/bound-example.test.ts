/** The example of a bound Worker, under `npm start` as its configuration says, before a service of the test. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { join } from "node:path";

import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, expect, it } from "vitest";

import { startDev, type DevServer } from "../../kit/processes/server.ts";
import { projectDir } from "../../serve/worker-bundle.ts";

/** The bucket's: one token a second. */
const INTERVAL_MS = 1_000;
/** What the proxies of `wrangler dev` may be late by, on a busy machine. */
const TOLERANCE_MS = 400;

const calledAtMs: number[] = [];
let upstream: Server;
let server: DevServer;
beforeAll(async () => {
  upstream = createServer((request, response) => {
    calledAtMs.push(Date.now());
    response.end(`called ${request.url}`);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const configs = ["examples/bound-worker/wrangler.jsonc", "wrangler.toml"];
  server = await startDev({
    args: [
      ...configs.flatMap((path) => ["--config", join(projectDir, path)]),
      "--var",
      `UPSTREAM:http://127.0.0.1:${port}/`,
    ],
  });
  // The look whether it is ready was a call, too.
  calledAtMs.length = 0;
});
afterAll(async () => {
  await server?.stop();
  upstream?.close();
});

it("calls the service once a second, and tells those who cannot wait for it when to come", async () => {
  const urls = Array.from({ length: 7 }, (_, index) => `${server.url}/item/${index}`);
  const answers = await Promise.all(urls.map((url) => fetch(url)));
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(2);
  for (const { headers } of refused) expect(Number(headers.get("Retry-After"))).toBeGreaterThan(4);
  const served = texts.filter((text) => /^called \/item\/\d$/.test(text));
  expect(served.length).toBe(7 - refused.length);
  expect(calledAtMs.length).toBe(served.length);
  const gapsMs = calledAtMs.slice(1).map((atMs, index) => atMs - Number(calledAtMs[index]));
  expect(gapsMs.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...gapsMs)).toBeGreaterThan(INTERVAL_MS - TOLERANCE_MS);
});
