/**
 * Sluice kept private, as docs/concepts/keys-and-access.md says: another Worker is bound to its entrypoint, and what reaches
 * its front door without a token is turned away. Two Workers under `wrangler dev`, configured as for a
 * deploy; nothing in Sluice's own configuration opens it.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { projectDir } from "../../serve/worker-bundle.ts";
import { send } from "../../kit/http/http-connection.ts";
import { startDev, type DevServer } from "../../kit/processes/server.ts";

/** Passes on all that it is sent: to the entrypoint, or to the front door what begins with `/front`. */
const CALLER = `
export default {
  fetch(request, env) {
    const url = new URL(request.url);
    const [, front, path] = /^(\\/front)?(.*)$/.exec(url.pathname);
    url.pathname = path;
    return (front ? env.FRONT : env.SLUICE).fetch(new Request(url, request));
  },
};
`;
const CONFIG = `
name = "caller"
main = "caller.js"
compatibility_date = "2026-11-09"

[[services]]
binding = "SLUICE"
service = "sluice"
entrypoint = "Sluice"

[[services]]
binding = "FRONT"
service = "sluice"
`;

let dir: string;
let server: DevServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-caller-"));
  await writeFile(join(dir, "caller.js"), CALLER);
  const config = join(dir, "wrangler.toml");
  await writeFile(config, CONFIG);
  // The first is the one that is served; the variables that `npm start` sets are its alone.
  const sluice = join(projectDir, "wrangler.toml");
  server = await startDev({ args: ["--config", config, "--config", sluice] });
});
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What a forger at the front door would claim. */
const claims = {
  "cf-worker": "caller",
  "cf-entrypoint": "Sluice",
  "mf-custom-service": "Sluice",
  "x-forwarded-for": "127.0.0.1",
  "sluice-call": '{"bucket":"x","tokens":1}',
};

it("a bound Worker acquires and reads without a token", async () => {
  const granted = await send(server.url, "/acquire?bucket=bound");
  expect(granted).toMatchObject({ status: 200, body: { bucket: "bound", tokens: 1 } });
  const asked = await send(server.url, "/acquire?bucket=bound&timeoutMs=0", { method: "POST" });
  expect([200, 429]).toContain(asked.status);
  const snapshot = await send(server.url, "/buckets/bound");
  expect(snapshot).toMatchObject({ status: 200, body: { bucket: "bound" } });
});

it("a bound Worker is no admin", async () => {
  const deleted = await send(server.url, "/buckets/bound", { method: "DELETE" });
  expect(deleted).toMatchObject({ status: 403, body: { reason: "admin-disabled" } });
});

it("the same requests at the front door are unauthorized, whatever they claim", async () => {
  for (const path of ["/front/acquire?bucket=bound", "/front/buckets/bound"]) {
    for (const headers of [{}, claims, { Authorization: "Bearer Sluice" }]) {
      const answer = await send(server.url, path, { headers });
      expect(answer).toMatchObject({ status: 401, body: { reason: "unauthorized" } });
    }
  }
  expect((await send(server.url, "/front/healthz")).status).toBe(200);
});
