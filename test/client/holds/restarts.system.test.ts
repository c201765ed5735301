/** Work under permits and holds while its Sluice is killed like by a power cut: at most so many at once, and all done. */
import { setTimeout } from "node:timers/promises";

import { expect, it } from "vitest";

import { snapshotOf } from "../../../kit/http/callers.ts";
import { startWorkerd } from "../../../kit/processes/server.ts";
import { createClient, withPermit } from "../../../src/client/index.ts";

const MAX = 3;
const CALLERS = 60;

it("withPermit lets at most so many run at once, through restarts, and everybody has a turn", async () => {
  await using server = await startWorkerd({
    policies: {
      "*": {
        capacity: 1_000,
        every: "month",
        hold: { maxMs: 60_000 },
        concurrency: { max: MAX, ttlMs: 2_000 },
      },
    },
  });
  // It has another port after a restart.
  const client = createClient({
    url: "http://sluice.test",
    fetch: (url, init) => fetch(url.replace("http://sluice.test", server.url), init),
  });
  let running = 0;
  let most = 0;
  const workOf = async (index: number): Promise<string> => {
    const caller = new AbortController();
    const options = { tokens: 10, holdMs: 10_000, signal: caller.signal };
    try {
      const outcome = await withPermit(client, "x", options, async ({ signal, used }) => {
        running += 1;
        most = Math.max(most, running);
        used(4);
        // Some take longer than a permit lasts by itself.
        await setTimeout(index % 20 === 0 ? 3_000 : 100, undefined, { signal }).finally(() => {
          running -= 1;
        });
        if (index % 7 === 0) throw new Error("failed");
        if (index % 11 === 0) caller.abort(new Error("left"));
        signal.throwIfAborted();
      });
      return outcome.ok ? "done" : outcome.reason;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const works = Array.from({ length: CALLERS }, (_, index) => workOf(index));
  for (let restarts = 0; restarts < 2; restarts += 1) {
    await setTimeout(1_000);
    await server.restart();
  }
  const ends = await Promise.all(works);
  const count = (end: string): number => ends.filter((each) => each === end).length;
  expect([count("done"), count("failed"), count("left")]).toEqual([46, 9, 5]);
  expect(most).toBeLessThanOrEqual(MAX);
  expect(await snapshotOf(server, "x")).toMatchObject({
    tokens: 1_000 - CALLERS * 4,
    waiters: 0,
    permits: { max: MAX, held: 0 },
    heldTokens: { rate: 0 },
    owedTokens: { rate: 0 },
  });
});
