/** The promise of the README over a real socket. How exactly it is kept is in test/sockets/ten-callers.test.ts. */
import { expect, it } from "vitest";

import { arriveInTurn, grantIn } from "../../kit/http/callers.ts";
import { startDev } from "../../kit/processes/server.ts";

const CALLERS = 10;
const INTERVAL_MS = 1_000;

it("npm start: ten callers at once are granted a second apart, in their order", async () => {
  await using server = await startDev();
  const held = await arriveInTurn(server, "ten-callers", CALLERS);
  const answers = await Promise.all(held.map(({ answer }) => answer));
  const grantedAtMs = answers.map((answer) => grantIn(answer).grantedAtMs);
  const [startAtMs = NaN] = grantedAtMs;
  // The second in which each was granted, so that a busy machine may take its time within one.
  const seconds = grantedAtMs.map((atMs) => Math.floor((atMs - startAtMs) / INTERVAL_MS));
  expect(seconds).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
