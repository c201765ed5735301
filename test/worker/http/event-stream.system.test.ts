/** Heartbeats, which timers of the platform send. */
import { expect, it } from "vitest";

import { STREAM_IF_QUEUED } from "../../../src/protocol/acquire-bodies.ts";
import { EventReader } from "../../../kit/http/event-stream.ts";
import { request } from "../../../kit/edge/surfaces.ts";
import { uniqueName, useVirtualTime } from "../../../kit/edge/virtual-time.ts";

useVirtualTime();

it.each([
  ["streamed", "text/event-stream"],
  ["streamed because it has to wait", STREAM_IF_QUEUED],
])("an acquire that is %s sends more than a byte a second meanwhile", async (_, accept) => {
  const name = uniqueName();
  expect((await request(`/acquire?bucket=${name}`)).status).toBe(200);
  const headers = { Accept: accept };
  const waiting = new EventReader(await request(`/acquire?bucket=${name}`, { headers }));
  await waiting.until(1);
  await scheduler.wait(2_100);
  expect(waiting.heartbeats).toBeGreaterThanOrEqual(2);
  expect(waiting.lines).toEqual(["1 in 1000"]);
  await waiting.leave();
});
