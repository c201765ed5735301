/** Sessions of a client in a Worker, where a WebSocket belongs to its request. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { MAIN_WORKER, startWorkerd, type WorkerdServer } from "../../../kit/processes/server.ts";

let server: WorkerdServer;
beforeAll(async () => {
  server = await startWorkerd({
    policies: { "*": { capacity: 1, refillTokens: 1, refillIntervalMs: 100 } },
    others: {
      caller: {
        main: "kit/workers/session-caller.ts",
        services: { SLUICE: { worker: MAIN_WORKER, entrypoint: "Sluice" } },
      },
    },
  });
});
afterAll(() => server?.stop());

async function ask(path: string): Promise<unknown> {
  const response = await fetch(server.urlOf("caller") + path);
  return response.json();
}

it("a session over a service binding works within one request, and in the next", async () => {
  expect(await ask("/bound/session")).toEqual({ granted: 10, sessions: 1 });
  expect(await ask("/bound/session")).toEqual({ granted: 10, sessions: 1 });
});

it("auto is HTTP in a Worker, however many are under way", async () => {
  expect(await ask("/addressed/auto")).toEqual({ granted: 10, sessions: 0 });
});
