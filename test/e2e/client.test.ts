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
import { behavioursOf, type ClientFinding } from "../../kit/client/client-behaviours.ts";
import { bundleModule, ClientServers } from "../../kit/client/client-runs.ts";

const RUN_TIMEOUT_MS = 120_000;

const transports = ["http", "session"] as const;
type Transport = (typeof transports)[number];

let browser: Browser;
let pages: Server;
let servers: ClientServers;
const findings: Partial<Record<Transport, ClientFinding[]>> = {};

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
  await Promise.all(
    transports.map(async (transport) => {
      const page = await browser.newPage();
      await page.goto(origin);
      const surroundings = servers.surroundingsOf(`Chromium-${transport}`, transport);
      // As text: the page imports for itself, and not as the test runner would have it.
      findings[transport] = await page.evaluate(
        `import("/client.js").then((client) => client.runClientBehaviours(${JSON.stringify(surroundings)}))`,
      );
    }),
  );
}, RUN_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  pages?.close();
  await servers?.[Symbol.asyncDispose]();
});

describe.each(transports)("the client in Chromium, transport %s", (transport) => {
  it.each(behavioursOf(transport))("%s", (behaviour) => {
    const found = findings[transport]?.find((finding) => finding.name === behaviour);
    expect(found).toEqual({ name: behaviour });
  });
});
