/**
 * The client in a real browser: the list that holds on every runtime, on a page of another origin than
 * Sluice's.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";

import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { launchChromium } from "./browser.ts";
import { clientBehaviours, type ClientFinding } from "../../kit/client/client-behaviours.ts";
import { bundleModule, ClientServers } from "../../kit/client/client-runs.ts";

const RUN_TIMEOUT_MS = 120_000;

let browser: Browser;
let pages: Server;
let servers: ClientServers;
let findings: ClientFinding[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  const script = await bundleModule("client-behaviours.ts");
  pages = createServer((request, response) => {
    const isScript = request.url === "/client.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : "<!doctype html><title>Client</title>");
  });
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  servers = await ClientServers.start({ CORS_ORIGINS: origin });
  const page = await browser.newPage();
  await page.goto(origin);
  const surroundings = JSON.stringify(servers.surroundingsOf("Chromium"));
  // As text: the page imports for itself, and not as the test runner would have it.
  findings = await page.evaluate(
    `import("/client.js").then((client) => client.runClientBehaviours(${surroundings}))`,
  );
}, RUN_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  pages?.close();
  await servers?.[Symbol.asyncDispose]();
});

describe("the client in Chromium", () => {
  it.each(clientBehaviours)("%s", (behaviour) => {
    expect(findings.find((finding) => finding.name === behaviour)).toEqual({ name: behaviour });
  });
});
